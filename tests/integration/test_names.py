"""Test that an account and a recipient have one name everywhere, at once."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.devices import account_name, get_device
from custom_components.green_api.issues import (
    async_report_missed,
)
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from tests.simulator import Account
from tests.support.entities import STATE
from tests.support.helpers import async_polls
from tests.support.recipients import ALEX_CHAT, async_add_recipient, async_notify


def rename(hass: HomeAssistant, entry: MockConfigEntry, title: str) -> None:
    """Rename an account in its menu."""
    hass.config_entries.async_update_entry(entry, title=title)


def name_device(
    hass: HomeAssistant, entry: MockConfigEntry, name: str | None, *recipient: str
) -> None:
    """Name the device of an account or of a recipient on its page."""
    device = get_device(hass, entry, *recipient)
    dr.async_get(hass).async_update_device(device.id, name_by_user=name)


def shown_names(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return what the device, an entity, the log, and the repairs call the account."""
    device = get_device(hass, entry)
    friendly_name = hass.states.get(STATE).attributes[ATTR_FRIENDLY_NAME]
    issues = ir.async_get(hass).issues.values()
    return {
        device.name_by_user or device.name,
        friendly_name.removesuffix(" Account state"),
        entry.runtime_data.coordinator.name,
        *(it.translation_placeholders["name"] for it in issues if it.domain == DOMAIN),
    }


async def async_error(hass: HomeAssistant) -> HomeAssistantError:
    """Return the error of a message to Alex."""
    with pytest.raises(HomeAssistantError) as error:
        await async_notify(hass)
    return error.value


@pytest.fixture
async def repairs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    account: Account,
) -> None:
    """Let the account have a repair for a problem, and one for messages."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    account.state = "blocked"
    await async_polls(hass, freezer, 12)
    async_report_missed(hass, loaded_entry)
    assert len(ir.async_get(hass).issues) == 2
    assert shown_names(hass, loaded_entry) == {loaded_entry.title}


@pytest.mark.usefixtures("repairs")
async def test_renamed_account(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that a new name of an account is used everywhere, without a reload."""
    rename(hass, loaded_entry, "Shop")
    await hass.async_block_till_done()

    assert shown_names(hass, loaded_entry) == {"Shop"}
    assert (await async_error(hass)).translation_placeholders["name"] == "Shop"


@pytest.mark.usefixtures("repairs")
async def test_named_device(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """Test that the name the user gave to a device is used everywhere, and stays."""
    name_device(hass, loaded_entry, "Doorbell")
    await hass.async_block_till_done()
    assert shown_names(hass, loaded_entry) == {"Doorbell"}
    assert (await async_error(hass)).translation_placeholders["name"] == "Doorbell"

    rename(hass, loaded_entry, "Shop")
    await hass.async_block_till_done()
    assert shown_names(hass, loaded_entry) == {"Doorbell"}

    name_device(hass, loaded_entry, None)
    await hass.async_block_till_done()
    assert shown_names(hass, loaded_entry) == {"Shop"}


@pytest.mark.usefixtures("repairs")
async def test_renamed_while_disabled(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that an account that is renamed while disabled has its new name after."""
    entry_id = loaded_entry.entry_id
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    rename(hass, loaded_entry, "Shop")
    await hass.config_entries.async_set_disabled_by(entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert shown_names(hass, loaded_entry) == {"Shop"}


async def test_named_recipient(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that errors call a recipient what the user has named its device."""
    alex = await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    name_device(hass, loaded_entry, "My brother", alex.subentry_id)
    await hass.async_block_till_done()

    with pytest.raises(HomeAssistantError) as error:
        await async_notify(hass, " ")

    assert error.value.translation_placeholders["recipient"] == "My brother"


async def test_removed_device(
    hass: HomeAssistant, loaded_entry: MockConfigEntry
) -> None:
    """Test that an account is called by its title if its device was removed."""
    device = get_device(hass, loaded_entry)
    dr.async_get(hass).async_remove_device(device.id)
    rename(hass, loaded_entry, "Office")
    await hass.async_block_till_done()

    assert account_name(hass, loaded_entry) == "Office"


@pytest.mark.parametrize("names", [(), ("async_get_device_by_identifier",)])
async def test_devices_are_not_searched(
    hass: HomeAssistant,
    loaded_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
) -> None:
    """Test that a device is found directly, with old and new device registries."""
    alex = await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    for name in names:
        monkeypatch.delattr(dr.DeviceRegistry, name, raising=False)
    monkeypatch.delattr(dr, "async_entries_for_config_entry")

    device = get_device(hass, loaded_entry)
    recipient = get_device(hass, loaded_entry, alex.subentry_id)
    assert [device.name, recipient.name] == [loaded_entry.title, "Alex"]
