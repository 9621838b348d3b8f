"""Two accounts in a real Home Assistant, from their set-up to their removal."""

from typing import Final
from urllib.parse import quote

from tests.simulator import Fault, Simulator

from .configuration import DOMAIN
from .home_assistant import HomeAssistantProcess
from .scene import (
    CERTAINTY,
    Scene,
    Step,
    Token,
    assert_in_good_order,
    assert_kept_secret,
    files_with,
)

# Where Home Assistant itself remembers for a while what was removed.
HOME_ASSISTANTS_MEMORY: Final = frozenset(
    {"core.device_registry", "core.entity_registry", "core.restore_state"}
)


async def set_up_logged_out(scene: Scene) -> None:
    """Add an account that is logged out, with an automation for when that lasts."""
    values = scene.values(scene.other, Token.OTHER)
    flow = await scene.client.start_flow(DOMAIN)
    assert (await flow.submit(**values))["type"] == "create_entry"
    assert (await flow.go_on())["step_id"] == "ways"
    assert (await flow.choose("later"))["reason"] == "later"
    await scene.expect(scene.other, "state", "not_authorized")
    step = await (await scene.client.start_flow(DOMAIN)).submit(**values)
    assert step["reason"] == "already_configured"

    await scene.client.save_automation(
        "alert",
        {
            "alias": "Alert",
            "use_blueprint": {
                "path": "green_api/alert.yaml",
                "input": {
                    "accounts": {
                        "entity_id": await scene.entity_id(scene.other, "problem")
                    },
                    "minutes": 0,
                    "actions": [
                        {
                            "action": "persistent_notification.create",
                            "data": {
                                "title": "{{ title }}",
                                "message": "{{ message }}",
                            },
                        }
                    ],
                },
            },
        },
    )


async def set_up(scene: Scene) -> None:
    """Try a wrong token, then add the account with the right one in the same form."""
    flow = await scene.client.start_flow(DOMAIN)
    assert flow.step["step_id"] == "user"

    step = await flow.submit(**scene.values(scene.account, Token.WRONG))
    assert step["type"] == "form"
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(**scene.values(scene.account, Token.FIRST))
    assert step["type"] == "create_entry"
    assert step["title"] == f"GREEN-API {scene.account.instance_id}"


async def see_the_account(scene: Scene) -> None:
    """See the device and its entities, and all that the frontend waits for."""
    await scene.expect(scene.account, "state", "authorized")
    await scene.expect(scene.account, "connectivity", "on")
    devices = {it["serial_number"]: it for it in await scene.client.devices(DOMAIN)}
    assert devices.keys() == {scene.account.instance_id, scene.other.instance_id}
    device = devices[scene.account.instance_id]
    assert device["identifiers"] == [[DOMAIN, scene.account.instance_id]]
    assert device["manufacturer"] == "GREEN-API"
    assert "button" in await scene.client.get_services()
    # Nothing of Home Assistant's own, whatever it thinks of this installation.
    assert all(it["ignored"] for it in await scene.client.issues("homeassistant"))


async def follow_the_state(scene: Scene) -> None:
    """See the account change."""
    scene.account.state = "notAuthorized"
    await scene.update(scene.account)
    await scene.expect(scene.account, "state", "not_authorized")
    await scene.expect(scene.account, "connectivity", "off")

    scene.account.state = "authorized"
    await scene.update(scene.account)
    await scene.expect(scene.account, "connectivity", "on")


async def press_the_button(scene: Scene) -> None:
    """Reboot the instance, and see its way back without doing anything."""
    scene.account.boot_seconds = 3
    scene.account.requests.clear()
    await scene.client.act(
        "button.press", await scene.entity_id(scene.account, "reboot")
    )
    assert "reboot" in {request.method for request in scene.account.requests}
    await scene.expect(scene.account, "state", "starting")
    await scene.expect(scene.account, "state", "authorized")


async def go_through_an_outage(scene: Scene) -> None:
    """See the account unavailable while the server fails, and back when it works."""
    scene.account.fault = Fault.SERVER_ERROR
    await scene.update(scene.account)
    await scene.expect(scene.account, "state", "unavailable")

    scene.account.fault = None
    await scene.update(scene.account)
    await scene.expect(scene.account, "state", "authorized")


async def replace_the_token(scene: Scene) -> None:
    """Wait until the token was rejected twice, and enter the new one."""
    scene.account.token = Token.LATER
    await scene.update(scene.account)
    await scene.expect(scene.account, "state", "unavailable")
    assert not await scene.client.pending_flows(DOMAIN)
    await scene.update(scene.account)
    flow = await scene.client.wait_for_pending_flow(DOMAIN, "reauth")
    assert flow.step["step_id"] == "reauth_confirm"

    step = await flow.submit(api_token=Token.WRONG)
    assert step["errors"] == {"base": "invalid_auth"}

    step = await flow.submit(api_token=Token.LATER)
    assert step["reason"] == "reauth_successful"
    await scene.expect(scene.account, "state", "authorized")


async def reconfigure(scene: Scene) -> None:
    """Change the address and keep the token."""
    flow = await scene.client.start_reconfigure(await scene.entry(scene.account))
    assert (await flow.choose("address"))["step_id"] == "address"
    step = await flow.submit(api_url=f"{scene.simulator.url}/v3/")
    assert step["reason"] == "reconfigure_successful"
    await scene.expect(scene.account, "state", "authorized")


async def download_diagnostics(scene: Scene) -> None:
    """Find in the diagnostics how it is, but not who it is."""
    entry = await scene.entry(scene.account)
    text = str(await scene.client.diagnostics(entry["entry_id"]))
    assert "authorized" in text
    assert scene.account.instance_id not in text


async def link_again(scene: Scene) -> None:
    """Find out that an account is logged out, and link it again with a QR code."""
    await scene.update(scene.other)
    (issue,) = await scene.client.wait_for_issues(
        DOMAIN, "logged_out", within=CERTAINTY
    )
    await scene.client.wait_for_notification(
        f"GREEN-API {scene.other.instance_id} is logged out"
    )

    flow = await scene.client.start_repair(issue)
    assert flow.step["type"] == "menu"
    await flow.choose("qr_code")
    await flow.follow_until(lambda step: "qr_code" in step["description_placeholders"])
    assert scene.other.scan()
    await flow.follow_until(lambda step: step["type"] == "create_entry")

    await scene.expect(scene.other, "state", "authorized")
    await scene.client.wait_for_issues(DOMAIN)
    await scene.client.wait_for_notification(
        f"GREEN-API {scene.other.instance_id} works again"
    )


async def restart(scene: Scene) -> None:
    """Find all there again after a restart, and the tokens in a single file."""
    assert await scene.home_assistant.stop() == 0
    assert_kept_secret(
        scene.home_assistant, known_to=frozenset({"core.config_entries"})
    )

    await scene.home_assistant.start()
    await scene.expect(scene.account, "state", "authorized")
    await scene.expect(scene.other, "state", "authorized")
    assert not await scene.client.pending_flows(DOMAIN)


async def remove(scene: Scene) -> None:
    """Remove the accounts, and find nothing left of them."""
    entries = [await scene.entry(scene.account), await scene.entry(scene.other)]
    for entry in entries:
        await scene.client.remove_entry(entry["entry_id"])
    assert await scene.client.entries(DOMAIN) == []
    assert await scene.client.entities(DOMAIN) == []
    assert await scene.client.devices(DOMAIN) == []
    assert await scene.client.issues(DOMAIN) == []
    assert await scene.client.pending_flows(DOMAIN) == []

    assert await scene.home_assistant.stop() == 0
    assert_kept_secret(scene.home_assistant)
    remembered = [entry["entry_id"] for entry in entries]
    left = files_with(scene.home_assistant.storage, *remembered)
    assert left <= HOME_ASSISTANTS_MEMORY


STORY: Final[tuple[Step, ...]] = (
    set_up_logged_out,
    set_up,
    see_the_account,
    follow_the_state,
    press_the_button,
    go_through_an_outage,
    replace_the_token,
    reconfigure,
    download_diagnostics,
    link_again,
    restart,
    remove,
)


async def test_story_of_two_accounts(
    home_assistant: HomeAssistantProcess, simulator: Simulator
) -> None:
    """Go through everything in one Home Assistant, step by step."""
    assert all(quote(token, safe="") != token for token in Token)
    scene = Scene(
        home_assistant,
        simulator,
        account=simulator.add_account("1101000001", Token.FIRST),
        other=simulator.add_account("7103000002", Token.OTHER, state="notAuthorized"),
    )
    await scene.play(STORY)
    assert_in_good_order(home_assistant.log())
