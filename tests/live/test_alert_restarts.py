"""Restart Home Assistant with several problems, and check what is announced."""

import asyncio
from collections import Counter
import re
from typing import Final

import pytest

from tests.simulator import Account, Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scenario import (
    Scenario,
    Token,
    wait_until,
)

pytestmark = pytest.mark.long(180)

ANNOUNCEMENT: Final = re.compile(r"\[announced\] (.+)$", re.MULTILINE)

ALL_POLLED_AFTER: Final = 75.0
"""Seconds within which each account is polled at least once more."""

ATTACHED_AFTER: Final = 5.0
"""Seconds after a start within which automations attach their triggers."""

EXPIRED: Final = "1101000001"
REFUSED: Final = "1101000002"
LOGGED_OUT: Final = "1101000003"
STARTING: Final = "1101000004"

PROBLEMS: Final = Counter(
    {
        f"The plan of GREEN-API {EXPIRED} has expired": 1,
        f"GREEN-API {REFUSED} can't be reached": 1,
        f"GREEN-API {LOGGED_OUT} is logged out": 1,
    }
)
RECOVERIES: Final = Counter(
    f"GREEN-API {instance_id} works again"
    for instance_id in (EXPIRED, REFUSED, LOGGED_OUT)
)


def announcements(home_assistant: HomeAssistantProcess) -> Counter[str]:
    """Return how often each message was announced, over all starts."""
    return Counter(ANNOUNCEMENT.findall(home_assistant.log()))


async def set_up(scenario: Scenario, accounts: list[Account]) -> None:
    """Add accounts that work, and an automation that alerts about all of them."""
    for account in accounts:
        flow = await scenario.client.start_flow(DOMAIN)
        await flow.submit(**scenario.values(account, account.token))
        await scenario.expect(account, "problem", "off")
    problems = [await scenario.entity_id(account, "problem") for account in accounts]
    await scenario.client.save_automation(
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


def cause_problems(accounts: list[Account]) -> None:
    """Give each account its problem."""
    expired, refused, logged_out, starting = accounts
    expired.fault = Fault.EXPIRED_JSON
    refused.fault = Fault.UNAUTHORIZED
    logged_out.state = "notAuthorized"
    starting.boot_seconds = 3600
    starting.state = "starting"


def clear_problems(accounts: list[Account]) -> None:
    """Make all accounts work again."""
    for account in accounts:
        account.fault = None
        account.state = "authorized"


async def test_alert_across_restarts(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Problems and recoveries around restarts are announced exactly once."""
    accounts = [
        simulator.add_account(instance_id, Token.OTHER)
        for instance_id in (EXPIRED, REFUSED, LOGGED_OUT, STARTING)
    ]
    scenario = Scenario(
        home_assistant, simulator, account=accounts[0], other=accounts[1]
    )

    async def wait_until_announced(expected: Counter[str]) -> None:
        """Wait until exactly the expected messages have been announced."""
        await wait_until(lambda: announcements(home_assistant) >= expected)
        assert announcements(home_assistant) == expected

    await set_up(scenario, accounts)

    # The problems begin while Home Assistant is down, and last over another restart.
    await home_assistant.stop()
    cause_problems(accounts)
    await home_assistant.start()
    await wait_until_announced(PROBLEMS)
    await home_assistant.restart()
    await asyncio.sleep(ALL_POLLED_AFTER)
    await wait_until_announced(PROBLEMS)

    # They end while Home Assistant is down, and Home Assistant is restarted again.
    await home_assistant.stop()
    clear_problems(accounts)
    await home_assistant.start()
    await wait_until_announced(PROBLEMS + RECOVERIES)
    await home_assistant.restart()
    await asyncio.sleep(ATTACHED_AFTER + 5)
    await wait_until_announced(PROBLEMS + RECOVERIES)

    await scenario.stop_and_check()
