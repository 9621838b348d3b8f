"""Kill Home Assistant at bad moments, and check that it recovers."""

import asyncio
import json
from pathlib import Path
from signal import SIGKILL
from typing import Final

import pytest

from tests.simulator import Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .models import State
from .scenario import (
    CONFIRMATION_TIMEOUT,
    Scenario,
    Step,
    Token,
    wait_until,
)

pytestmark = pytest.mark.long(150)


async def kill(scenario: Scenario) -> None:
    """Kill Home Assistant."""
    assert await scenario.home_assistant.kill() == -SIGKILL


async def state_of_other(scenario: Scenario) -> State:
    """Return the state of the account that is logged out."""
    return await scenario.client.state(
        await scenario.entity_id(scenario.other, "state")
    )


async def state_since_of_other(scenario: Scenario) -> str:
    """Return since when that account is logged out."""
    state = await scenario.client.state(
        await scenario.entity_id(scenario.other, "state_since")
    )
    return str(state["state"])


async def set_up(scenario: Scenario) -> None:
    """Add an account that works, and one whose problem is stored."""
    for account, token in (
        (scenario.account, Token.FIRST),
        (scenario.other, Token.OTHER),
    ):
        flow = await scenario.client.start_flow(DOMAIN)
        await flow.submit(**scenario.values(account, token))
        await scenario.expect(account, "state", "authorized")
    scenario.other.state = "notAuthorized"
    await scenario.client.wait_for_issues(
        DOMAIN, "logged_out", within=CONFIRMATION_TIMEOUT
    )
    await wait_until(lambda: is_problem_stored(scenario))


def stored_path(scenario: Scenario) -> Path:
    """Return the path of the file in which the accounts' records are stored."""
    return scenario.home_assistant.storage / DOMAIN


def is_problem_stored(scenario: Scenario) -> bool:
    """Return whether a confirmed problem of an account is stored."""
    accounts = json.loads(stored_path(scenario).read_bytes())["data"][
        "accounts"
    ].values()
    return any(account["problem"] for account in accounts)


async def kill_during_polls(scenario: Scenario) -> None:
    """Kill it during the polls of both accounts; then one account has changed."""
    before, since_before = (
        await state_of_other(scenario),
        await state_since_of_other(scenario),
    )
    for account in (scenario.account, scenario.other):
        account.requests.clear()
        account.fault = Fault.HANG
    polls = asyncio.gather(
        scenario.update(scenario.account), scenario.update(scenario.other)
    )
    await wait_until(
        lambda: bool(scenario.account.requests and scenario.other.requests)
    )
    await kill(scenario)
    with pytest.raises(ConnectionError):
        await polls

    scenario.account.state = "suspended"
    scenario.account.fault = scenario.other.fault = None
    await scenario.home_assistant.start()
    await scenario.expect(scenario.account, "state", "suspended")
    await scenario.expect(scenario.account, "problem", "off")
    # A problem confirmed before is confirmed at the first answer, and as old.
    await scenario.expect(scenario.other, "problem", "on")
    await scenario.client.wait_for_issues(DOMAIN, "logged_out")
    after = await state_of_other(scenario)
    assert after["state"] == before["state"] == "not_authorized"
    assert await state_since_of_other(scenario) == since_before
    scenario.account.state = "authorized"


async def kill_during_repair(scenario: Scenario) -> None:
    """Kill it while it shows a QR code, which is scanned meanwhile."""
    (issue,) = await scenario.client.issues(DOMAIN)
    flow = await scenario.client.start_repair(issue)
    await flow.select_option("qr_code")
    await flow.wait_for_step(lambda step: "qr_code" in step["description_placeholders"])
    await kill(scenario)

    scenario.other.link_seconds = 0
    assert scenario.other.scan()
    await scenario.home_assistant.start()
    await scenario.expect(scenario.other, "state", "authorized")
    await scenario.expect(scenario.other, "problem", "off")
    assert await scenario.client.issues(DOMAIN) == []


async def kill_with_truncated_file(scenario: Scenario) -> None:
    """Kill it and truncate its storage: it starts without the records."""
    await kill(scenario)
    whole = stored_path(scenario).read_bytes()
    stored_path(scenario).write_bytes(whole[: len(whole) // 2])

    await scenario.home_assistant.start()
    for account in (scenario.account, scenario.other):
        await scenario.expect(account, "state", "authorized")
        await scenario.expect(account, "problem", "off")


async def kill_during_reauthentication(scenario: Scenario) -> None:
    """Kill it while it asks for a token: it asks again, and accepts the new one."""
    scenario.account.token = Token.LATER
    for _ in range(2):
        await scenario.update(scenario.account)
    flow = await scenario.client.wait_for_pending_flow(DOMAIN, "reauth")
    step = await flow.submit(api_token=Token.WRONG)
    assert step["errors"] == {"base": "invalid_auth"}
    await kill(scenario)

    await scenario.home_assistant.start()
    await scenario.update(scenario.account)
    flow = await scenario.client.wait_for_pending_flow(DOMAIN, "reauth")
    assert flow.step["step_id"] == "reauth_confirm"
    await scenario.expect(scenario.other, "state", "authorized")
    step = await flow.submit(api_token=Token.LATER)
    assert step["reason"] == "reauth_successful"
    await scenario.expect(scenario.account, "state", "authorized")
    assert not await scenario.client.pending_flows(DOMAIN)


STEPS: Final[tuple[Step, ...]] = (
    set_up,
    kill_during_polls,
    kill_during_repair,
    kill_with_truncated_file,
    kill_during_reauthentication,
)


async def test_kill_at_bad_moments(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Kill the same Home Assistant repeatedly."""
    scenario = Scenario(
        home_assistant,
        simulator,
        account=simulator.add_account("1101000001", Token.FIRST),
        other=simulator.add_account("7103000002", Token.OTHER),
    )
    await scenario.run(STEPS)
    await scenario.stop_and_check()
