"""Kill Home Assistant at bad moments, and find all as it should be when it is back."""

import asyncio
import json
from pathlib import Path
from signal import SIGKILL
from typing import Final

import pytest

from tests.simulator import Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scene import (
    CERTAINTY,
    Scene,
    Step,
    Token,
    until,
)
from .wire import State


async def kill(scene: Scene) -> None:
    """Kill Home Assistant."""
    assert await scene.home_assistant.kill() == -SIGKILL


async def sensor(scene: Scene) -> State:
    """Return the state of the account that is logged out."""
    return await scene.client.state(await scene.entity_id(scene.other, "state"))


async def since(scene: Scene) -> str:
    """Return since when the account is logged out."""
    state = await scene.client.state(await scene.entity_id(scene.other, "state_since"))
    return str(state["state"])


async def set_up(scene: Scene) -> None:
    """Add an account that works, and one whose problem is known and written down."""
    for account, token in ((scene.account, Token.FIRST), (scene.other, Token.OTHER)):
        flow = await scene.client.start_flow(DOMAIN)
        await flow.submit(**scene.values(account, token))
        await scene.expect(account, "state", "authorized")
    scene.other.state = "notAuthorized"
    await scene.client.wait_for_issues(DOMAIN, "logged_out", within=CERTAINTY)
    await until(lambda: is_certain(scene))


def stored(scene: Scene) -> Path:
    """Return the file in which it is written down how the accounts are."""
    return scene.home_assistant.storage / DOMAIN


def is_certain(scene: Scene) -> bool:
    """Tell whether it is written down that a problem has lasted."""
    accounts = json.loads(stored(scene).read_bytes())["data"]["accounts"].values()
    return any(account["problem"] for account in accounts)


async def kill_in_polls(scene: Scene) -> None:
    """Kill it while it waits for both answers; then one account is another one."""
    before, since_before = await sensor(scene), await since(scene)
    for account in (scene.account, scene.other):
        account.requests.clear()
        account.fault = Fault.HANG
    polls = asyncio.gather(scene.update(scene.account), scene.update(scene.other))
    await until(lambda: bool(scene.account.requests and scene.other.requests))
    await kill(scene)
    with pytest.raises(ConnectionError):
        await polls

    scene.account.state = "suspended"
    scene.account.fault = scene.other.fault = None
    await scene.home_assistant.start()
    await scene.expect(scene.account, "state", "suspended")
    await scene.expect(scene.account, "problem", "off")
    # What was certain before is certain again at the first answer, and as old.
    await scene.expect(scene.other, "problem", "on")
    await scene.client.wait_for_issues(DOMAIN, "logged_out")
    after = await sensor(scene)
    assert after["state"] == before["state"] == "not_authorized"
    assert await since(scene) == since_before
    scene.account.state = "authorized"


async def kill_in_a_fix_flow(scene: Scene) -> None:
    """Kill it while it shows a QR code; then the phone scans it."""
    (issue,) = await scene.client.issues(DOMAIN)
    flow = await scene.client.start_repair(issue)
    await flow.choose("qr_code")
    await flow.follow_until(lambda step: "qr_code" in step["description_placeholders"])
    await kill(scene)

    scene.other.link_seconds = 0
    assert scene.other.scan()
    await scene.home_assistant.start()
    await scene.expect(scene.other, "state", "authorized")
    await scene.expect(scene.other, "problem", "off")
    assert await scene.client.issues(DOMAIN) == []


async def kill_with_half_a_file(scene: Scene) -> None:
    """Kill it, and lose what it has written down: all begins anew."""
    await kill(scene)
    whole = stored(scene).read_bytes()
    stored(scene).write_bytes(whole[: len(whole) // 2])

    await scene.home_assistant.start()
    for account in (scene.account, scene.other):
        await scene.expect(account, "state", "authorized")
        await scene.expect(account, "problem", "off")


async def kill_in_a_reauthentication(scene: Scene) -> None:
    """Kill it while it asks for a token: it asks again, and takes the answer."""
    scene.account.token = Token.LATER
    for _ in range(2):
        await scene.update(scene.account)
    flow = await scene.client.wait_for_pending_flow(DOMAIN, "reauth")
    step = await flow.submit(api_token=Token.WRONG)
    assert step["errors"] == {"base": "invalid_auth"}
    await kill(scene)

    await scene.home_assistant.start()
    await scene.update(scene.account)
    flow = await scene.client.wait_for_pending_flow(DOMAIN, "reauth")
    assert flow.step["step_id"] == "reauth_confirm"
    await scene.expect(scene.other, "state", "authorized")
    step = await flow.submit(api_token=Token.LATER)
    assert step["reason"] == "reauth_successful"
    await scene.expect(scene.account, "state", "authorized")
    assert not await scene.client.pending_flows(DOMAIN)


STORY: Final[tuple[Step, ...]] = (
    set_up,
    kill_in_polls,
    kill_in_a_fix_flow,
    kill_with_half_a_file,
    kill_in_a_reauthentication,
)


async def test_bad_restarts(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Kill one Home Assistant again and again."""
    scene = Scene(
        home_assistant,
        simulator,
        account=simulator.add_account("1101000001", Token.FIRST),
        other=simulator.add_account("7103000002", Token.OTHER),
    )
    await scene.play(STORY)
    await scene.end()
