"""Test whom a target reaches, and that everything it does not reach is named.

Home Assistant's own action is the reference for permissions, exclusions and the context
of a change.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components import green_api as integration
from custom_components.green_api.const import DOMAIN
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
    target as target_helpers,
)
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Simulator
from tests.simulator.faults import Exchange, Fault, respond
from tests.support.entries import entry_of
from tests.support.helpers import async_set_up
from tests.support.recipients import async_add_recipient, sent_messages
from tests.support.request_interceptor import RequestInterceptor, chat_of
from tests.support.simulated_time import SimulatedTime

pytestmark = pytest.mark.long(2)

TEXT: Final = "The door is open."

CHATS: Final = {
    "Alex": "447700900101@c.us",
    "Family": "447700900102@c.us",
    "Hidden": "447700900103@c.us",
    "Disabled": "447700900104@c.us",
    "Boss": "447700900105@c.us",
}
NAME_OF_CHAT: Final = {chat_id: name for name, chat_id in CHATS.items()}

EXCLUDES: Final = hasattr(target_helpers, "async_extract_excluded_entity_ids")

type Target = Mapping[str, Any]


def entity(*names: str) -> Target:
    """Return a target of entities."""
    return {"entity_id": [f"notify.{name.lower()}" for name in names]}


@dataclass
class RecipientSetup:
    """Two accounts with recipients, and other entities of a house."""

    hass: HomeAssistant
    accounts: list[Account]
    entries: list[MockConfigEntry]
    devices: dict[str, str] = field(default_factory=dict)
    user: MockUser = field(default_factory=MockUser)

    def reached(self) -> list[str]:
        """Return the recipients of the messages, once for each message."""
        return sorted(
            NAME_OF_CHAT[chat_id]
            for account in self.accounts
            for chat_id, _ in sent_messages(account)
        )

    def resolve_devices(self, target: Target) -> dict[str, Any]:
        """Return a target with the IDs of the devices that it names."""
        filled = dict(target)
        if "device" in filled:
            filled["device_id"] = [self.devices[it] for it in filled.pop("device")]
        if "exclude" in filled:
            filled["exclude"] = self.resolve_devices(filled["exclude"])
        return filled

    async def send(
        self,
        target: Target,
        domain: str = DOMAIN,
        context: Context | None = None,
    ) -> Any:
        """Send a message."""
        return await self.hass.services.async_call(
            domain,
            "send_message",
            {"message": TEXT, **self.resolve_devices(target)},
            blocking=True,
            return_response=domain == DOMAIN,
            context=context,
        )


@pytest.fixture
async def setup(
    hass: HomeAssistant, simulator: Simulator, account: Account
) -> RecipientSetup:
    """Set up a house."""
    other = simulator.add_account("1101000002", "token+2")
    accounts = [account, other]
    entries = [
        entry_of(simulator.url, it.instance_id, it.token, title)
        for it, title in ((account, "Home"), (other, "Work"))
    ]
    setup = RecipientSetup(hass, accounts, entries)
    for domain in ("homeassistant", "group", "light"):
        assert await async_setup_component(hass, domain, {})
    for entry in entries:
        await async_set_up(hass, entry)
    for name, chat_id in CHATS.items():
        entry = entries[name == "Boss"]
        await async_add_recipient(hass, entry, name, chat_id)
    entities, devices = er.async_get(hass), dr.async_get(hass)
    entities.async_update_entity("notify.hidden", hidden_by=er.RegistryEntryHider.USER)
    entities.async_update_entity(
        "notify.disabled", disabled_by=er.RegistryEntryDisabler.USER
    )
    for name in CHATS:
        registered = entities.async_get(f"notify.{name.lower()}")
        assert registered
        setup.devices[name] = f"{registered.device_id}"
    for entry in entries:
        (device,) = (
            it
            for it in dr.async_entries_for_config_entry(devices, entry.entry_id)
            if (DOMAIN, entry.unique_id) in it.identifiers
        )
        setup.devices[entry.title] = device.id
    create_areas_and_groups(hass, setup)
    await hass.async_block_till_done(wait_background_tasks=True)
    for it in accounts:
        it.requests.clear()
    setup.user.add_to_hass(hass)
    return setup


def create_areas_and_groups(hass: HomeAssistant, setup: RecipientSetup) -> None:
    """Create areas, floors, labels, a light and groups."""
    areas, floors, labels = ar.async_get(hass), fr.async_get(hass), lr.async_get(hass)
    entities, devices = er.async_get(hass), dr.async_get(hass)
    lamps = MockConfigEntry(domain="lamps")
    lamps.add_to_hass(hass)
    lamp = devices.async_get_or_create(
        config_entry_id=lamps.entry_id, identifiers={("lamps", "1")}, name="Lamp"
    )
    setup.devices["Lamp"] = lamp.id
    entities.async_get_or_create(
        "light", "lamps", "1", device_id=lamp.id, suggested_object_id="lamp"
    )
    hass.states.async_set("light.lamp", "on")
    for name in ("Ground", "Attic"):
        floors.async_create(name)
    for name, floor_id in (
        ("Kitchen", "ground"),
        ("Hall", None),
        ("Cellar", None),
        ("Garage", None),
    ):
        areas.async_create(name, floor_id=floor_id)
    for name in ("Parents", "Nobody", "Lost"):
        labels.async_create(name)
    devices.async_update_device(setup.devices["Alex"], area_id="kitchen")
    devices.async_update_device(lamp.id, area_id="kitchen")
    for name in ("Hidden", "Disabled"):
        devices.async_update_device(setup.devices[name], area_id="hall")
        entities.async_update_entity(f"notify.{name.lower()}", labels={"lost"})
    devices.async_update_device(setup.devices["Boss"], area_id="kitchen")
    devices.async_update_device(setup.devices["Family"], labels={"parents"})
    entities.async_get_or_create("light", "lamps", "2", suggested_object_id="garage")
    entities.async_update_entity("light.garage", area_id="garage")
    for name, members in (
        ("people", ["notify.alex", "notify.family"]),
        ("mixed", ["notify.alex", "light.lamp"]),
        ("lamps", ["light.lamp"]),
    ):
        hass.states.async_set(f"group.{name}", "unknown", {"entity_id": members})


@dataclass(frozen=True)
class Case:
    """A target, the recipients reached, and the error with the names it contains."""

    target: Target
    got: tuple[str, ...] = ()
    error: str | None = None
    names: tuple[str, ...] = ()


PARTLY, NOT_SENT, NO_RECIPIENT = "partly_sent", "not_sent", "no_recipient"

CASES: Final = {
    "one": Case(entity("Alex"), ("Alex",)),
    "of two accounts": Case(entity("Alex", "Boss"), ("Alex", "Boss")),
    "as one text": Case({"entity_id": "notify.alex, notify.boss"}, ("Alex", "Boss")),
    "missing entity": Case(entity("Nobody"), (), NO_RECIPIENT, ("notify.nobody",)),
    "missing entity among others": Case(
        entity("Alex", "Nobody", "Boss"),
        ("Alex", "Boss"),
        PARTLY,
        ("notify.nobody", "Alex", "Boss"),
    ),
    "two missing entities": Case(
        entity("Nobody", "Noone"), (), NOT_SENT, ("notify.nobody", "notify.noone")
    ),
    "entity of another integration": Case(
        {"entity_id": ["light.lamp"]}, (), NO_RECIPIENT, ("light.lamp",)
    ),
    "sensor of the account": Case(
        {"entity_id": ["sensor.home_account_state"]},
        (),
        NO_RECIPIENT,
        ("sensor.home_account_state",),
    ),
    "disabled": Case(entity("Disabled"), (), "recipient_disabled", ("Disabled",)),
    "disabled among others": Case(
        entity("Alex", "Disabled"), ("Alex",), PARTLY, ("Disabled", "Alex")
    ),
    "disabled, by its device": Case(
        {"device": ["Disabled"]}, (), "recipient_disabled", ("Disabled",)
    ),
    "hidden": Case(entity("Hidden"), ("Hidden",)),
    "hidden, by its device": Case({"device": ["Hidden"]}, ("Hidden",)),
    "device": Case({"device": ["Alex"]}, ("Alex",)),
    "device of an account": Case({"device": ["Home"]}, (), NO_RECIPIENT, ("Home",)),
    "device of an account among others": Case(
        {"device": ["Home", "Alex"]}, ("Alex",), PARTLY, ("Home", "Alex")
    ),
    "device of another integration": Case(
        {"device": ["Lamp"]}, (), NO_RECIPIENT, ("Lamp",)
    ),
    "missing device": Case({"device_id": ["gone"]}, (), NO_RECIPIENT, ("gone",)),
    "area with other entities": Case({"area_id": ["kitchen"]}, ("Alex", "Boss")),
    "empty area": Case({"area_id": ["cellar"]}, (), NO_RECIPIENT, ("Cellar",)),
    "empty area among others": Case(
        {"area_id": ["cellar", "kitchen"]},
        ("Alex", "Boss"),
        PARTLY,
        ("Cellar", "Alex", "Boss"),
    ),
    "area of other entities alone": Case(
        {"area_id": ["garage"]}, (), NO_RECIPIENT, ("Garage",)
    ),
    "area of hidden and disabled ones": Case(
        {"area_id": ["hall"]}, (), NO_RECIPIENT, ("Hall",)
    ),
    "missing area": Case({"area_id": ["gone"]}, (), NO_RECIPIENT, ("gone",)),
    "floor": Case({"floor_id": ["ground"]}, ("Alex", "Boss")),
    "empty floor": Case({"floor_id": ["attic"]}, (), NO_RECIPIENT, ("Attic",)),
    "missing floor": Case({"floor_id": ["gone"]}, (), NO_RECIPIENT, ("gone",)),
    "label": Case({"label_id": ["parents"]}, ("Family",)),
    "label of nothing": Case({"label_id": ["nobody"]}, (), NO_RECIPIENT, ("Nobody",)),
    "label of hidden and disabled ones": Case(
        {"label_id": ["lost"]}, (), NO_RECIPIENT, ("Lost",)
    ),
    "missing label": Case({"label_id": ["gone"]}, (), NO_RECIPIENT, ("gone",)),
    "all kinds at once": Case(
        {
            "entity_id": ["notify.alex"],
            "device": ["Hidden"],
            "area_id": ["kitchen", "cellar"],
            "floor_id": ["ground", "attic"],
            "label_id": ["parents", "nobody"],
        },
        ("Alex", "Boss", "Family", "Hidden"),
        PARTLY,
        ("Cellar", "Attic", "Nobody", "Alex", "Boss", "Family", "Hidden"),
    ),
    "named twice": Case(
        {"entity_id": ["notify.alex"], "device": ["Alex"], "area_id": ["kitchen"]},
        ("Alex", "Boss"),
    ),
    "group": Case({"entity_id": ["group.people"]}, ("Alex", "Family")),
    "group with others": Case({"entity_id": ["group.mixed"]}, ("Alex",)),
    "group of others": Case(
        {"entity_id": ["group.lamps"]}, (), NO_RECIPIENT, ("group.lamps",)
    ),
    "missing group": Case(
        {"entity_id": ["group.gone"]}, (), NO_RECIPIENT, ("group.gone",)
    ),
    "all": Case({"entity_id": "all"}, ("Alex", "Boss", "Family")),
    "none": Case({"entity_id": "none"}, (), "nobody_named"),
    "empty list": Case({"entity_id": []}, (), "nobody_named"),
    "none of a device": Case({"device_id": "none"}, (), "nobody_named"),
}

EXCLUDING: Final = {
    "one of an area": Case(
        {"area_id": ["kitchen"], "exclude": entity("Boss")}, ("Alex",)
    ),
    "one of all": Case(
        {"entity_id": "all", "exclude": entity("Boss", "Family")}, ("Alex",)
    ),
    "an area of a floor": Case(
        {
            "floor_id": ["ground"],
            "label_id": ["parents"],
            "exclude": {"area_id": ["kitchen"]},
        },
        ("Family",),
    ),
    "all of an area": Case(
        {"area_id": ["kitchen"], "exclude": {"area_id": ["kitchen"]}},
        (),
        "nobody_named",
    ),
    "one that was named": Case(
        {**entity("Alex", "Family"), "exclude": {"device": ["Family"]}}, ("Alex",)
    ),
    "one that is missing": Case(
        {**entity("Alex"), "exclude": entity("Nobody")}, ("Alex",)
    ),
    "one that is disabled": Case(
        {**entity("Alex", "Disabled"), "exclude": entity("Disabled")}, ("Alex",)
    ),
    "a group": Case(
        {**entity("Alex", "Boss"), "exclude": {"entity_id": ["group.people"]}},
        ("Boss",),
    ),
}


def placeholder_values(err: HomeAssistantError) -> str:
    """Return the translation placeholders of an error."""
    return f"{(err.translation_placeholders or {}).values()}"


ALL_CASES: Final = CASES | (EXCLUDING if EXCLUDES else {})


async def outcome(
    setup: RecipientSetup, target: Target
) -> tuple[list[str], str | None, str]:
    """Send, and return the recipients, the error, and its placeholders."""
    for account in setup.accounts:
        account.requests.clear()
    try:
        response = await setup.send(target)
    except HomeAssistantError as err:
        return setup.reached(), err.translation_key, placeholder_values(err)
    assert sorted(response) == [f"notify.{it.lower()}" for it in setup.reached()]
    return setup.reached(), None, ""


async def test_targets(setup: RecipientSetup) -> None:
    """Test that each recipient gets the message once, and dead ends are named."""
    outcomes = {
        name: await outcome(setup, case.target) for name, case in ALL_CASES.items()
    }
    assert {
        name: (got, error, [it for it in ALL_CASES[name].names if it not in text])
        for name, (got, error, text) in outcomes.items()
    } == {name: ([*case.got], case.error, []) for name, case in ALL_CASES.items()}


POLICIES: Final[Mapping[str, dict[str, bool | dict[str, bool]]]] = {
    "one": {"notify.alex": True},
    "some": {"notify.alex": True, "notify.boss": True, "light.lamp": True},
    "reading": {"notify.alex": {"read": True}},
    "nothing": {},
}


REACHED_BY_DEVICE: Final = {"disabled, by its device", "hidden, by its device"}


@pytest.mark.parametrize("allowed", POLICIES.values(), ids=POLICIES)
async def test_permissions(
    setup: RecipientSetup, allowed: dict[str, bool | dict[str, bool]]
) -> None:
    """Test that a missing permission refuses all, as with Home Assistant's action.

    Every recipient that the latter sends to gets the message.
    """
    setup.user.mock_policy({"entities": {"entity_ids": allowed}})
    may = {
        name
        for name in CHATS
        if setup.user.permissions.check_entity(f"notify.{name.lower()}", POLICY_CONTROL)
    }
    context = Context(user_id=setup.user.id)
    for name, case in ALL_CASES.items():
        theirs = await permitted(setup, case.target, NOTIFY_DOMAIN, context)
        ours = await permitted(setup, case.target, DOMAIN, context)
        assert {*(theirs or ())} <= {*(ours or ())} <= may, name
        # Home Assistant's action reaches no hidden or disabled recipient by its device.
        is_forbidden = theirs is None or name in REACHED_BY_DEVICE
        assert (ours is None) is is_forbidden, name


async def permitted(
    setup: RecipientSetup, target: Target, domain: str, context: Context
) -> list[str] | None:
    """Send a message, and return the recipients, or None if it is forbidden."""
    for account in setup.accounts:
        account.requests.clear()
    try:
        await setup.send(target, domain, context)
    except Unauthorized:
        assert setup.reached() == []
        return None
    except HomeAssistantError:
        pass
    return setup.reached()


async def test_context(setup: RecipientSetup) -> None:
    """Test that the context of the user is set for each recipient."""
    setup.user.mock_policy({"entities": True})
    context = Context(user_id=setup.user.id)
    with pytest.raises(HomeAssistantError):
        await setup.send(entity("Alex", "Boss", "Nobody"), context=context)
    for entity_id in ("notify.alex", "notify.boss"):
        state = setup.hass.states.get(entity_id)
        assert state
        assert state.context is context
        assert state.state not in {"unknown", "unavailable"}


async def test_one_of_several(
    setup: RecipientSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that if one of several fails, the error names who got it and who did not."""
    RequestInterceptor(monkeypatch).intercept(
        setup.accounts[0].instance_id, refuse_alex
    )
    with pytest.raises(HomeAssistantError) as caught:
        await setup.send(entity("Alex", "Family", "Boss"))
    assert caught.value.translation_key == PARTLY
    placeholders = caught.value.translation_placeholders
    assert sorted(placeholders["sent"].split(", ")) == ["Boss", "Family"]
    assert "Alex" in placeholders["failed"]
    assert "Family" not in placeholders["failed"]
    assert [len([*it.messages]) for it in setup.accounts] == [1, 1]


async def refuse_alex(exchange: Exchange) -> Any:
    """Refuse messages to Alex."""
    if exchange.method.name == "sendMessage" and chat_of(exchange) == CHATS["Alex"]:
        return await respond(Fault.QUOTA_466, exchange)
    return None


# What happens to an account before or during a message to its recipients.


async def unload(setup: RecipientSetup) -> None:
    """Unload the account."""
    await setup.hass.config_entries.async_unload(setup.entries[1].entry_id)


async def disable(setup: RecipientSetup) -> None:
    """Disable the account."""
    await setup.hass.config_entries.async_set_disabled_by(
        setup.entries[1].entry_id, ConfigEntryDisabler.USER
    )


async def disable_device(setup: RecipientSetup) -> None:
    """Disable the device of the recipient."""
    dr.async_get(setup.hass).async_update_device(
        setup.devices["Boss"], disabled_by=dr.DeviceEntryDisabler.USER
    )
    await setup.hass.async_block_till_done()


async def remove(setup: RecipientSetup) -> None:
    """Remove the account."""
    await setup.hass.config_entries.async_remove(setup.entries[1].entry_id)


async def remove_recipient(setup: RecipientSetup) -> None:
    """Remove the recipient."""
    (subentry_id,) = setup.entries[1].subentries
    setup.hass.config_entries.async_remove_subentry(setup.entries[1], subentry_id)
    await setup.hass.async_block_till_done()


async def break_set_up(setup: RecipientSetup) -> None:
    """Make the setup of the account fail."""
    with patch.object(integration, "async_get_store", side_effect=RuntimeError):
        await setup.hass.config_entries.async_reload(setup.entries[1].entry_id)


@pytest.fixture
async def time(
    setup: RecipientSetup,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> SimulatedTime:
    """Replace the clock with a fake one."""
    return SimulatedTime(freezer, monkeypatch)


@pytest.mark.parametrize(
    ("break_account", "error", "names", "within"),
    [
        (unload, "account_not_loaded", ("Work", "Boss"), 10.1),
        (disable, "account_disabled", ("Work",), 0.1),
        (disable_device, "recipient_disabled", ("Boss",), 0.1),
        (remove, NO_RECIPIENT, ("notify.boss",), 0.1),
        (remove_recipient, NO_RECIPIENT, ("notify.boss",), 0.1),
        (break_set_up, "account_not_loaded", ("Work", "Boss"), 0.1),
    ],
)
async def test_account_not_available(
    setup: RecipientSetup,
    time: SimulatedTime,
    break_account: Callable[[RecipientSetup], Awaitable[None]],
    error: str,
    names: tuple[str, ...],
    within: float,
) -> None:
    """Test that recipients of another account get it at once, the rest an error.

    By area, a recipient that is disabled with its account does not count.
    """
    await break_account(setup)
    for target in (entity("Boss"), {**entity("Boss"), "area_id": ["kitchen"]}):
        began, others = time.now, [] if "area_id" not in target else ["Alex"]
        task = asyncio.ensure_future(setup.send(target))
        await time.advance(0.1)
        assert setup.reached() == others
        with pytest.raises(HomeAssistantError) as caught:
            await time.result(task, within)
        assert time.now - began <= within + 0.1
        assert setup.reached() == others
        assert [it for it in names if it not in placeholder_values(caught.value)] == []
        assert caught.value.translation_key == (PARTLY if others else error)


@asynccontextmanager
async def being_loaded(
    setup: RecipientSetup, time: SimulatedTime, seconds: float
) -> AsyncGenerator[None]:
    """Load an account, which takes some seconds."""
    get_store = integration.async_get_store

    async def get_store_late(hass: HomeAssistant) -> Any:
        await asyncio.sleep(seconds)
        return await get_store(hass)

    await unload(setup)
    with patch.object(integration, "async_get_store", get_store_late):
        loading = asyncio.ensure_future(
            setup.hass.config_entries.async_setup(setup.entries[1].entry_id)
        )
        await time.settle()
        yield
        await time.result(loading, 60)
        await time.advance(1)


@pytest.mark.parametrize("seconds", [0, 5, 9.5])
async def test_account_loading(
    setup: RecipientSetup, time: SimulatedTime, seconds: float
) -> None:
    """Test that a message waits for an account that is being loaded."""
    async with being_loaded(setup, time, seconds):
        task = asyncio.ensure_future(setup.send(entity("Boss")))
        assert [*await time.result(task, seconds + 0.1)] == ["notify.boss"]
        assert setup.reached() == ["Boss"]
    assert setup.reached() == ["Boss"]


@pytest.mark.parametrize("seconds", [12, 59])
async def test_account_loading_for_long(
    setup: RecipientSetup, time: SimulatedTime, seconds: float
) -> None:
    """Test that a message waits up to 10 seconds for an account, then is not sent."""
    async with being_loaded(setup, time, seconds):
        began = time.now
        task = asyncio.ensure_future(setup.send(entity("Boss", "Alex")))
        await time.advance(0.1)
        assert setup.reached() == ["Alex"]
        with pytest.raises(HomeAssistantError) as caught:
            await time.result(task, 11)
        assert caught.value.translation_key == PARTLY
        assert "Work" in placeholder_values(caught.value)
        assert time.now - began == pytest.approx(10, abs=0.1)
    assert setup.reached() == ["Alex"]


async def test_each_step_of_reload(setup: RecipientSetup, time: SimulatedTime) -> None:
    """Test that a message is sent once at whatever step of a reload it is sent."""
    entry, get_store = setup.entries[1], integration.async_get_store

    async def get_store_late(hass: HomeAssistant) -> Any:
        for _ in range(5):
            await asyncio.sleep(0)
        return await get_store(hass)

    is_over, steps = False, 0
    while not is_over:
        setup.accounts[1].requests.clear()
        with patch.object(integration, "async_get_store", get_store_late):
            reload = asyncio.ensure_future(
                setup.hass.config_entries.async_reload(entry.entry_id)
            )
            for _ in range(steps):
                await asyncio.sleep(0)
            is_over = reload.done()
            task = asyncio.ensure_future(setup.send(entity("Boss")))
            assert [*await time.result(task, 5)] == ["notify.boss"]
        assert setup.reached() == ["Boss"]
        await time.result(reload, 5)
        await time.advance(3)
        steps += 1
    assert steps > 5
