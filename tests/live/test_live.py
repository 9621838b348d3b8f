"""An account in a real Home Assistant, from its set-up to its removal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
import logging
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.simulator import Account, Fault, Simulator

from .client import HomeAssistantClient
from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess

_LOGGER: Final = logging.getLogger(__name__)

INSTANCE_ID: Final = "1101000001"

# The same in plain text and in a URL, whatever becomes of the signs around it.
CORE: Final = "5ec2e7"


# Where Home Assistant itself remembers for a while what was removed.
HOME_ASSISTANTS_MEMORY: Final = frozenset(
    {"core.device_registry", "core.entity_registry", "core.restore_state"}
)


class Token(StrEnum):
    """Tokens that look different in plain text and in a URL."""

    FIRST = f"+first:{CORE}a1b2c3@"
    LATER = f"+later:{CORE}d4e5f6@"
    WRONG = f"+wrong:{CORE}070809@"


@dataclass(frozen=True, slots=True)
class Scene:
    """What the story plays with."""

    home_assistant: HomeAssistantProcess
    simulator: Simulator
    account: Account

    @property
    def client(self) -> HomeAssistantClient:
        """The person at Home Assistant."""
        return self.home_assistant.client

    async def entity_id(self, key: str) -> str:
        """Return what one of the account's entities is called."""
        return await self.client.entity_id(DOMAIN, f"{INSTANCE_ID}_{key}")

    async def expect(self, key: str, state: str, *, within: float = 30.0) -> None:
        """Wait until one of the account's entities is in a state."""
        await self.client.wait_for_state(
            await self.entity_id(key), state, within=within
        )

    async def update(self) -> None:
        """Have the account looked at, now or when the last look is 10 s old."""
        await self.client.act(
            "homeassistant.update_entity", await self.entity_id("state")
        )

    async def entry_id(self) -> str:
        """Return the id of the only entry."""
        (entry,) = await self.client.entries(DOMAIN)
        return entry["entry_id"]


async def set_up_with_a_wrong_token_first(scene: Scene) -> None:
    """Be refused with a wrong token, and taken with the right one in the same form."""
    values = {"api_url": scene.simulator.url, "instance_id": INSTANCE_ID}
    flow = await scene.client.start_flow(DOMAIN)
    assert flow.step["step_id"] == "user"

    step = await flow.submit(**values, api_token=Token.WRONG)
    assert step["type"] == "form"
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(**values, api_token=Token.FIRST)
    assert step["type"] == "create_entry"
    assert step["title"] == f"GREEN-API {INSTANCE_ID}"


async def see_the_account(scene: Scene) -> None:
    """See the device and its entities, and all that the frontend waits for."""
    await scene.expect("state", "authorized")
    await scene.expect("connectivity", "on")
    (device,) = await scene.client.devices(DOMAIN)
    assert device["identifiers"] == [[DOMAIN, INSTANCE_ID]]
    assert device["manufacturer"] == "GREEN-API"
    assert device["serial_number"] == INSTANCE_ID
    assert "button" in await scene.client.get_services()


async def refuse_the_same_account(scene: Scene) -> None:
    """Be refused with an account that is there already."""
    flow = await scene.client.start_flow(DOMAIN)
    step = await flow.submit(
        api_url=scene.simulator.url, instance_id=INSTANCE_ID, api_token=Token.FIRST
    )
    assert step["type"] == "abort"
    assert step["reason"] == "already_configured"


async def follow_the_state(scene: Scene) -> None:
    """See the account change."""
    scene.account.state = "notAuthorized"
    await scene.update()
    await scene.expect("state", "not_authorized")
    await scene.expect("connectivity", "off")

    scene.account.state = "authorized"
    await scene.update()
    await scene.expect("connectivity", "on")


async def press_the_button(scene: Scene) -> None:
    """Reboot the instance, and see its way back without doing anything."""
    scene.account.boot_seconds = 3
    scene.account.requests.clear()
    await scene.client.act("button.press", await scene.entity_id("reboot"))
    assert "reboot" in {request.method for request in scene.account.requests}
    await scene.expect("state", "starting")
    await scene.expect("state", "authorized")


async def go_through_an_outage(scene: Scene) -> None:
    """See the account unavailable while the server fails, and back when it works."""
    scene.account.fault = Fault.SERVER_ERROR
    await scene.update()
    await scene.expect("state", "unavailable")

    scene.account.fault = None
    await scene.update()
    await scene.expect("state", "authorized")


async def replace_the_token(scene: Scene) -> None:
    """Be asked for the token when it was refused twice, and give the new one."""
    scene.account.token = Token.LATER
    await scene.update()
    await scene.expect("state", "unavailable")
    assert not await scene.client.pending_flows(DOMAIN)
    await scene.update()
    flow = await scene.client.wait_for_pending_flow(DOMAIN, "reauth")
    assert flow.step["step_id"] == "reauth_confirm"

    step = await flow.submit(api_token=Token.WRONG)
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(api_token=Token.LATER)
    assert step["reason"] == "reauth_successful"
    await scene.expect("state", "authorized")


async def reconfigure(scene: Scene) -> None:
    """Change the address and keep the token."""
    (entry,) = await scene.client.entries(DOMAIN)
    flow = await scene.client.start_reconfigure(entry)
    step = await flow.submit(api_url=f"{scene.simulator.url}/v3/")
    assert step["reason"] == "reconfigure_successful"
    await scene.expect("state", "authorized")


async def restart(scene: Scene) -> None:
    """Find all there again after a restart, and the token in a single file."""
    assert await scene.home_assistant.stop() == 0
    assert_kept_secret(
        scene.home_assistant, known_to=frozenset({"core.config_entries"})
    )

    await scene.home_assistant.start()
    await scene.expect("state", "authorized")
    assert not await scene.client.pending_flows(DOMAIN)


async def download_diagnostics(scene: Scene) -> None:
    """Find in the diagnostics how it is, but not who it is."""
    text = str(await scene.client.diagnostics(await scene.entry_id()))
    assert "authorized" in text
    assert INSTANCE_ID not in text


async def remove(scene: Scene) -> None:
    """Remove the account, and find nothing left of it."""
    entry_id = await scene.entry_id()
    await scene.client.remove_entry(entry_id)
    assert await scene.client.entries(DOMAIN) == []
    assert await scene.client.entities(DOMAIN) == []
    assert await scene.client.devices(DOMAIN) == []
    assert await scene.client.issues(DOMAIN) == []
    assert await scene.client.pending_flows(DOMAIN) == []
    assert [s for s in await scene.client.states() if INSTANCE_ID in str(s)] == []

    assert await scene.home_assistant.stop() == 0
    assert_kept_secret(scene.home_assistant)
    left = files_with(scene.home_assistant.storage, entry_id, INSTANCE_ID)
    assert left <= HOME_ASSISTANTS_MEMORY


STORY: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (
    set_up_with_a_wrong_token_first,
    see_the_account,
    refuse_the_same_account,
    follow_the_state,
    press_the_button,
    go_through_an_outage,
    replace_the_token,
    reconfigure,
    restart,
    download_diagnostics,
    remove,
)


async def test_story_of_an_account(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Everything happens in one Home Assistant, step by step."""
    assert all(quote(token, safe="") != token for token in Token)
    scene = Scene(
        home_assistant, simulator, simulator.add_account(INSTANCE_ID, Token.FIRST)
    )
    for step in STORY:
        _LOGGER.info("%s: %s", step.__name__, step.__doc__)
        await step(scene)
    assert_in_good_order(home_assistant.log())


def assert_kept_secret(
    home_assistant: HomeAssistantProcess, *, known_to: frozenset[str] = frozenset()
) -> None:
    """Assert that no token was told, nor written to any other than these files."""
    assert files_with(home_assistant.folder, CORE) == known_to
    assert not any(CORE in answer for answer in home_assistant.answers)
    # The same search finds what may be told.
    assert "console.log" in files_with(home_assistant.folder, INSTANCE_ID)
    assert any(INSTANCE_ID in answer for answer in home_assistant.answers)


def files_with(folder: Path, *texts: str) -> set[str]:
    """Return the names of the files below a folder that hold one of the texts."""
    needles = [text.encode() for text in texts]
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    }


def assert_in_good_order(log: str) -> None:
    """Assert that Home Assistant had nothing to say against the integration."""
    complaints = [
        line
        for line in log.splitlines()
        if "custom integration" in line and "has not been tested" not in line
    ]
    assert complaints == []
