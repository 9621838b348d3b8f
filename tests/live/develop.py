"""Run a Home Assistant to develop with; scripts/develop starts it.

With GREEN_API_URL, GREEN_API_INSTANCE and GREEN_API_TOKEN in the environment it shows
that account, otherwise one of a simulated GREEN-API.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
import os
from pathlib import Path
import signal
import sys
from typing import Final

from tests.simulator import Simulator

from .client import HomeAssistantClient
from .configuration import DOMAIN, ROOT
from .dashboard import account_dashboard
from .home_assistant import (
    HomeAssistantProcess,
    PortInUseError,
    ProcessEndedError,
    require_free,
)
from .wire import Entry

DATA: Final = ROOT / ".cache" / "develop"
PORT: Final = 8123
SIMULATOR_PORT: Final = 8124
DASHBOARD: Final = "green-api"
RESTART: Final = 100
"""The exit code with which Home Assistant asks to be started again."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class MisuseError(Exception):
    """The environment does not say clearly what to run."""


@dataclass(frozen=True, slots=True)
class Account:
    """The three values from the console."""

    api_url: str
    instance_id: str
    api_token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Account | None:
        """Return the account that the environment names, if it does."""
        names = ("GREEN_API_URL", "GREEN_API_INSTANCE", "GREEN_API_TOKEN")
        values = [environment.get(name, "") for name in names]
        if not any(values):
            return None
        if not all(values):
            missing = [
                name for name, value in zip(names, values, strict=True) if not value
            ]
            raise MisuseError(f"Set {', '.join(missing)} too, or none of {names}")
        return cls(*values)


SIMULATED: Final = Account(
    f"http://127.0.0.1:{SIMULATOR_PORT}", "1101000001", "simulated-token"
)


def say(text: str = "") -> None:
    """Tell the developer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@asynccontextmanager
async def simulated_account() -> AsyncIterator[Account]:
    """Run a simulated GREEN-API with an account and a control page."""
    require_free(SIMULATOR_PORT)
    simulator = Simulator(control_page=True)
    simulator.add_account(SIMULATED.instance_id, SIMULATED.api_token)
    await simulator.start(port=SIMULATOR_PORT)
    try:
        yield SIMULATED
    finally:
        await simulator.stop()


async def set_up(client: HomeAssistantClient, account: Account) -> Entry | None:
    """Return the account's entry: as it was left, mended, or made as a person would."""
    values = {"api_url": account.api_url, "api_token": account.api_token}
    entry = await find_entry(client, account.instance_id)
    if entry is None:
        flow = await client.start_flow(DOMAIN)
        step = await flow.submit(instance_id=account.instance_id, **values)
    elif entry["state"] == "loaded" and not await client.pending_flows(DOMAIN):
        return entry
    else:
        flow = await client.start_reconfigure(entry)
        step = await flow.submit(**values)
    if errors := step.get("errors"):
        say(f"The account could not be set up: {await explain(client, errors)}")
    return await find_entry(client, account.instance_id)


async def find_entry(client: HomeAssistantClient, instance_id: str) -> Entry | None:
    """Return the entry that was set up for an instance."""
    entries = await client.entries(DOMAIN)
    return next((entry for entry in entries if instance_id in entry["title"]), None)


async def explain(client: HomeAssistantClient, errors: Mapping[str, str]) -> str:
    """Return the words with which the dialog explains its errors."""
    texts = await client.translations("en", "config", DOMAIN)
    return " ".join(
        texts.get(f"component.{DOMAIN}.config.error.{error}", error)
        for error in errors.values()
    )


async def show(client: HomeAssistantClient, entry: Entry) -> None:
    """Make the dashboard that shows the account, and open it at sign-in."""
    entities = [
        entity
        for entity in await client.entities(DOMAIN)
        if entity["config_entry_id"] == entry["entry_id"]
    ]
    dashboard = account_dashboard(entry["title"], entities)
    await client.save_dashboard(DASHBOARD, "GREEN-API", "mdi:message-badge", dashboard)
    await client.set_default_dashboard(DASHBOARD)


async def run(account: Account, folder: Path) -> None:
    """Run Home Assistant with the account, again whenever it asks for that."""
    home_assistant = HomeAssistantProcess(folder, port=PORT, link=True, show=True)
    say(f"Starting Home Assistant {version('homeassistant')}")
    async with home_assistant:
        if entry := await set_up(home_assistant.client, account):
            await show(home_assistant.client, entry)
        introduce(home_assistant, account)
        while (code := await home_assistant.wait()) == RESTART:
            say("Starting Home Assistant again")
            await home_assistant.stop()
            await home_assistant.start()
    if code:
        raise ProcessEndedError(f"Home Assistant ended with code {code}")


def introduce(home_assistant: HomeAssistantProcess, account: Account) -> None:
    """Say where to look, and how to go on."""
    simulated = "simulated; this page controls it" if account is SIMULATED else ""
    say(f"""
  Home Assistant   {home_assistant.url}
  User, password   {home_assistant.user.name}, {home_assistant.user.password}
  GREEN-API        {account.api_url}   {simulated}
  Data             {home_assistant.folder}

  A change in custom_components needs a restart: Settings, System, Restart.
  Ctrl-C stops everything.
""")


async def develop() -> None:
    """Run Home Assistant with the account that the environment asks for."""
    account = Account.from_environment(os.environ)
    require_free(PORT)
    if account:
        await run(account, DATA / "account")
        return
    async with simulated_account() as account:
        await run(account, DATA / "simulated")


async def main() -> str | None:
    """Develop until somebody asks to stop, and return what went wrong, if anything."""
    task = asyncio.create_task(develop())

    def stop() -> None:
        """Stop, once: asked again, the stop in progress goes on."""
        if not task.cancelling():
            say("Stopping")
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        say("Stopped")
    except (MisuseError, PortInUseError, ProcessEndedError) as error:
        return f"error: {error}"
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
