"""Run a Home Assistant for development; scripts/develop starts it."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
import os
from pathlib import Path
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
    require_free_port,
)
from .models import Entry
from .terminal import print_line, run_until_stopped

DATA: Final = ROOT / ".cache" / "develop"
DASHBOARD: Final = "green-api"
RESTART: Final = 100
"""The exit code with which Home Assistant requests a restart."""

NAMES: Final = ("GREEN_API_URL", "GREEN_API_INSTANCE", "GREEN_API_TOKEN")


class UsageError(Exception):
    """The arguments or the environment are invalid."""


def port(text: str) -> int:
    """Parse a port; raises ValueError, which argparse reports."""
    if (number := int(text)) not in range(1, 65536):
        raise ValueError(text)
    return number


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The ports of Home Assistant and of the simulated GREEN-API."""

    home_assistant: int
    simulator: int

    @classmethod
    def from_arguments(cls) -> Ports:
        """Return the ports from the command line."""
        parser = argparse.ArgumentParser("scripts/develop", add_help=False)
        parser.add_argument("--port", metavar="PORT", type=port, default=8123)
        parser.add_argument("--simulator-port", metavar="PORT", type=port, default=8124)
        arguments = parser.parse_args()
        return cls(home_assistant=arguments.port, simulator=arguments.simulator_port)

    def require_free_ports(self, *, simulated: bool) -> None:
        """Raise UsageError if one of the needed ports is in use."""
        needed = {"--port": self.home_assistant}
        if simulated:
            needed["--simulator-port"] = self.simulator
        if len(set(needed.values())) < len(needed):
            raise UsageError(f"{' and '.join(needed)} must differ")
        for option, port in needed.items():
            try:
                require_free_port(port)
            except PortInUseError as error:
                raise UsageError(f"{error}: choose another with {option}") from None


@dataclass(frozen=True, slots=True)
class Account:
    """The three values of an account in the GREEN-API console."""

    api_url: str
    instance_id: str
    api_token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Account | None:
        """Return the account from the environment variables, or None.

        Raises UsageError if only some of them are set.
        """
        values = [environment.get(name, "") for name in NAMES]
        if not any(values):
            return None
        missing = [name for name in NAMES if not environment.get(name)]
        if missing:
            raise UsageError(
                f"Set {' and '.join(missing)} too, or none of {', '.join(NAMES)}"
            )
        return cls(*values)


@asynccontextmanager
async def simulated_account(port: int) -> AsyncIterator[Account]:
    """Run a simulated GREEN-API with an account and a control page."""
    simulator = Simulator(control_page=True)
    simulated = simulator.add_account("1101000001", "simulated-token")
    await simulator.start(port)
    try:
        yield Account(simulator.url, simulated.instance_id, simulated.token)
    finally:
        await simulator.stop()


async def set_up(client: HomeAssistantClient, account: Account) -> Entry | None:
    """Return the account's entry: as stored, reconfigured, or created by its flow."""
    values = {"api_url": account.api_url, "api_token": account.api_token}
    entry = await find_entry(client, account.instance_id)
    if entry is None:
        flow = await client.start_flow(DOMAIN)
        step = await flow.submit(instance_id=account.instance_id, **values)
    elif entry["state"] == "loaded" and not await client.pending_flows(DOMAIN):
        return entry
    else:
        flow = await client.start_reconfigure(entry)
        if flow.step["type"] == "menu":
            await flow.select_option("address")
        step = await flow.submit(**values)
    if errors := step.get("errors"):
        print_line(f"The account could not be set up: {await explain(client, errors)}")
    return await find_entry(client, account.instance_id)


async def find_entry(client: HomeAssistantClient, instance_id: str) -> Entry | None:
    """Return the entry of an instance, or None."""
    entries = await client.entries(DOMAIN)
    return next((entry for entry in entries if instance_id in entry["title"]), None)


async def explain(client: HomeAssistantClient, errors: Mapping[str, str]) -> str:
    """Return the texts of the dialog for its errors."""
    texts = await client.translations("en", "config", DOMAIN)
    return " ".join(
        texts.get(f"component.{DOMAIN}.config.error.{error}", error)
        for error in errors.values()
    )


async def show(client: HomeAssistantClient, entry: Entry) -> None:
    """Create the dashboard of the account and make it the default one."""
    entities = [
        entity
        for entity in await client.entities(DOMAIN)
        if entity["config_entry_id"] == entry["entry_id"]
    ]
    dashboard = account_dashboard(entry["title"], entities)
    await client.save_dashboard(DASHBOARD, "GREEN-API", "mdi:message-badge", dashboard)
    await client.set_default_dashboard(DASHBOARD)


async def run(account: Account, folder: Path, port: int, control: str = "") -> None:
    """Run Home Assistant with the account; restart it whenever it requests that.

    Raises ProcessEndedError if it ends with an error.
    """
    home_assistant = HomeAssistantProcess(folder, port=port, link=True, show=True)
    print_line(f"Starting Home Assistant {version('homeassistant')}")
    async with home_assistant:
        if entry := await set_up(home_assistant.client, account):
            await show(home_assistant.client, entry)
        print_instructions(home_assistant, account, control)
        while (code := await home_assistant.wait()) == RESTART:
            print_line("Starting Home Assistant again")
            await home_assistant.stop()
            await home_assistant.start()
    if code:
        raise ProcessEndedError(f"Home Assistant ended with code {code}")


def print_instructions(
    home_assistant: HomeAssistantProcess, account: Account, control: str
) -> None:
    """Print the addresses, the credentials and how to continue.

    The token of a simulated account is needed to add it again.
    """
    token = f"   API token   {account.api_token}" if control else ""
    print_line(f"""
  Home Assistant   {home_assistant.url}
  User, password   {home_assistant.user.name}, {home_assistant.user.password}
  GREEN-API        {account.api_url}   {control}
  Instance ID      {account.instance_id}{token}
  Data             {home_assistant.folder}

  The two warnings above are expected: pip is skipped as everything is installed, and
  Home Assistant calls every custom integration untested.
  A change in custom_components needs a restart: Settings, System, Restart.
  Ctrl-C stops everything.
""")


async def develop(ports: Ports) -> None:
    """Run Home Assistant with the account from the environment, or a simulated one."""
    account = Account.from_environment(os.environ)
    ports.require_free_ports(simulated=account is None)
    if account:
        await run(account, DATA / "account", ports.home_assistant)
        return
    # Home Assistant stores the address of the account, which contains the port.
    folder = DATA / f"simulated-{ports.simulator}"
    async with simulated_account(ports.simulator) as account:
        control = "simulated; this page controls it"
        await run(account, folder, ports.home_assistant, control)


async def main(ports: Ports) -> str | None:
    """Run until stopped, and return an error message, if any."""
    try:
        await run_until_stopped(develop(ports))
    except (UsageError, PortInUseError, ProcessEndedError) as error:
        return f"error: {error}"
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Ports.from_arguments())))
