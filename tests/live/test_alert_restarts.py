"""Restart Home Assistant with all kinds of problems, and read what was announced."""

import asyncio
from collections import Counter
import re
from typing import Final

from tests.simulator import Account, Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scene import (
    Scene,
    Token,
    until,
)

ANNOUNCED: Final = re.compile(r"\[announced\] (.+)$", re.MULTILINE)

QUIET: Final = 75.0
"""Seconds in which each account is asked for at least once more."""

ATTACHED_AFTER: Final = 5.0
"""Seconds after a start in which automations begin to listen."""

EXPIRED: Final = "1101000001"
REFUSED: Final = "1101000002"
LOGGED_OUT: Final = "1101000003"
STARTING: Final = "1101000004"

PROBLEMS: Final = Counter(
    {
        f"The plan of GREEN-API {EXPIRED} has expired": 1,
        f"GREEN-API {REFUSED} is out of reach": 1,
        f"GREEN-API {LOGGED_OUT} is logged out": 1,
    }
)
RECOVERY: Final = Counter(
    f"GREEN-API {instance_id} works again"
    for instance_id in (EXPIRED, REFUSED, LOGGED_OUT)
)


def announced(home_assistant: HomeAssistantProcess) -> Counter[str]:
    """Return how often each thing was announced, over all starts."""
    return Counter(ANNOUNCED.findall(home_assistant.log()))


async def set_up(scene: Scene, accounts: list[Account]) -> None:
    """Add accounts that work, with an automation for each."""
    for account in accounts:
        flow = await scene.client.start_flow(DOMAIN)
        await flow.submit(**scene.values(account, account.token))
        await scene.expect(account, "problem", "off")
    problems = [await scene.entity_id(account, "problem") for account in accounts]
    await scene.client.save_automation(
        "alert",
        {
            "alias": "Alert",
            "use_blueprint": {
                "path": "green_api/alert.yaml",
                "input": {
                    "accounts": {"entity_id": problems},
                    "minutes": 0,
                    "unreachable_minutes": 1,
                    "actions": [
                        {
                            "action": "system_log.write",
                            "data": {
                                "logger": "announced",
                                "level": "warning",
                                "message": "{{ title }}",
                            },
                        }
                    ],
                },
            },
        },
    )


def get_into_trouble(accounts: list[Account]) -> None:
    """Bring about a problem of each account."""
    expired, refused, logged_out, starting = accounts
    expired.fault = Fault.EXPIRED_JSON
    refused.fault = Fault.UNAUTHORIZED
    logged_out.state = "notAuthorized"
    starting.boot_seconds = 3600
    starting.state = "starting"


def recover(accounts: list[Account]) -> None:
    """Make all accounts work again."""
    for account in accounts:
        account.fault = None
        account.state = "authorized"


async def test_alert_over_restarts(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """What happens around restarts is announced once, and nothing else is."""
    accounts = [
        simulator.add_account(instance_id, Token.OTHER)
        for instance_id in (EXPIRED, REFUSED, LOGGED_OUT, STARTING)
    ]
    scene = Scene(home_assistant, simulator, account=accounts[0], other=accounts[1])

    async def until_announced(expected: Counter[str]) -> None:
        """Wait until all of this was announced."""
        await until(lambda: announced(home_assistant) >= expected)
        assert announced(home_assistant) == expected

    await set_up(scene, accounts)

    # It begins while Home Assistant is down, and goes on over another restart.
    await home_assistant.stop()
    get_into_trouble(accounts)
    await home_assistant.start()
    await until_announced(PROBLEMS)
    await home_assistant.restart()
    await asyncio.sleep(QUIET)
    await until_announced(PROBLEMS)

    # It ends while Home Assistant is down, and Home Assistant is restarted again.
    await home_assistant.stop()
    recover(accounts)
    await home_assistant.start()
    await until_announced(PROBLEMS + RECOVERY)
    await home_assistant.restart()
    await asyncio.sleep(ATTACHED_AFTER + 5)
    await until_announced(PROBLEMS + RECOVERY)

    await scene.end()
