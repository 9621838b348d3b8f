"""A person adds an account, lives with it, and gets it working again."""

from typing import Final

from playwright.async_api import expect
import pytest

from tests.live.configuration import DOMAIN
from tests.live.dashboard import account_dashboard
from tests.live.home_assistant import DEVELOPER
from tests.live.scene import CORE, Token

from .cards import readme_dashboard
from .household import (
    HOPELESS,
    LOGGED_OUT,
    LOGGED_OUT_TOO,
    MOVED,
    NOT_SENDING,
    NOT_SENDING_AFTER_REBOOT,
    RESTRICTED_UNTIL,
    STUCK,
    TELEGRAM,
    Household,
)
from .look import Look
from .person import Person
from .scene import Scene, Step
from .witness import Witness

CONSOLE: Final = "https://console.green-api.com"


async def log_in(scene: Scene) -> None:
    """Log in."""
    await scene.person.arrive()
    await scene.witness.look("login")
    await scene.person.log_in(DEVELOPER)


async def make_mistakes(scene: Scene) -> None:
    """Add the integration with wrong values, and read what is wrong with them."""
    person, texts = scene.person, scene.person.texts
    found = await person.search_integration("green-api")
    await scene.witness.look("search")
    await found.click()
    await person.read("config.step.user.description")
    await expect(person.flow.locator(f"a[href='{CONSOLE}']")).to_be_visible()
    await scene.witness.look("form")

    await person.fill(api_url="http://green-api.com", instance_id="WhatsApp")
    await person.fill(api_token=Token.WRONG)
    await person.submit()
    await person.be_told(texts("config.error.insecure_url"))
    await person.be_told(texts("config.error.invalid_instance_id"))
    await scene.witness.look("mistakes")

    await person.fill(api_url=scene.household.simulator.url)
    await person.fill(instance_id=scene.account.instance_id, api_token=Token.WRONG)
    await person.submit()
    await person.be_told(texts("config.error.invalid_auth"))
    await scene.witness.look("wrong-token")


async def succeed(scene: Scene) -> None:
    """Mend the last mistake, and have an account."""
    person = scene.person
    await person.fill(api_token=Token.FIRST)
    await person.submit()
    await person.read("config.create_entry.default", messenger="WhatsApp")
    await scene.witness.look("added")
    await person.finish()
    await person.open_integration()
    await person.see(person.entry(scene.name), "WhatsApp")
    await scene.witness.look("accounts")


async def reboot(scene: Scene) -> None:
    """Press reboot on the page of the service, and watch the state."""
    person, texts = scene.person, scene.person.texts
    scene.account.boot_seconds = 5
    await person.open_device(scene.name)
    await person.see(
        person.page.locator("ha-config-device-page"),
        texts("entity.sensor.state.name"),
        texts("entity.sensor.state.state.authorized"),
        texts("entity.sensor.restricted_until.name"),
        texts("entity.button.reboot.name"),
    )
    await scene.witness.look("device", tall=True)

    await person.page.locator("hui-button-entity-row ha-button").click()
    state = person.page.locator("hui-sensor-entity-row").filter(
        has=person.page.get_by_text(texts("entity.sensor.state.name"), exact=True)
    )
    await person.see(state, texts("entity.sensor.state.state.starting"))
    await scene.witness.look("rebooting")
    await person.see(state, texts("entity.sensor.state.state.authorized"))


async def watch(scene: Scene) -> None:
    """Watch the state on a dashboard."""
    person, client = scene.person, scene.household.client
    entities = [
        entity
        for entity in await client.entities(DOMAIN)
        if entity["unique_id"].startswith(scene.account.instance_id)
    ]
    await client.save_dashboard(
        "my-account",
        "GREEN-API",
        "mdi:message-badge",
        account_dashboard(scene.name, entities),
    )
    await person.open_dashboard("my-account")
    state = person.page.locator("hui-tile-card").first
    await person.see(state, person.texts("entity.sensor.state.state.authorized"))
    await expect(person.page.locator("ha-logbook-entry").first).to_be_visible()
    await scene.witness.look("dashboard", tall=True)
    scene.account.state = "notAuthorized"
    await person.see(state, person.texts("entity.sensor.state.state.not_authorized"))
    await scene.witness.look("dashboard-not-authorized", tall=True)
    scene.account.state = "authorized"


async def copy_cards(scene: Scene) -> None:
    """See in the README's cards what is wrong with an account, and its QR code."""
    person = scene.person
    await scene.household.client.save_dashboard(
        "from-readme",
        "WhatsApp",
        "mdi:whatsapp",
        readme_dashboard(
            LOGGED_OUT.instance_id,
            await scene.household.device_id(scene.account_of(LOGGED_OUT)),
        ),
    )
    await person.open_dashboard("from-readme")
    await person.see(
        person.page.locator("hui-section").nth(1),
        person.texts("entity.sensor.problem_reason.state.logged_out"),
    )
    await expect(person.page.locator("hui-alert-card")).to_be_visible()
    await person.see(
        person.page.locator("hui-section").nth(2),
        person.texts("entity.sensor.state.name"),
    )
    await expect(person.page.locator("hui-picture-entity-card img")).to_be_visible()
    await scene.witness.look("cards", tall=True, quoted=["Reboot"])


async def link_by_code(scene: Scene) -> None:
    """Link an account again with a code for its phone number."""
    person, texts = scene.person, scene.person.texts
    step = "issues.logged_out.fix_flow.step"
    await person.open_repairs()
    await scene.witness.look("repairs")
    await scene.open_repair(LOGGED_OUT)
    await person.read(f"{step}.ways.description", name=LOGGED_OUT.name)
    await scene.witness.look("ways")
    await person.choose(texts(f"{step}.ways.menu_options.phone_number"))
    await person.read(f"{step}.phone_number.description")
    await person.fill(phone_number="call me")
    await person.submit()
    await person.be_told(texts("issues.logged_out.fix_flow.error.invalid_phone_number"))
    await scene.witness.look("wrong-phone-number")
    await person.fill(phone_number="+44 7700 900-123")
    await person.submit()
    code = await person.see_code()
    await person.read(
        "issues.logged_out.fix_flow.progress.enter_code",
        name=LOGGED_OUT.name,
        code=code,
    )
    await scene.witness.look("code")
    assert scene.account_of(LOGGED_OUT).enter_code(code)
    await scene.see_repaired()
    await scene.witness.look("linked-by-code")
    await person.finish()


async def link_by_qr_code(scene: Scene) -> None:
    """Link an account again with a QR code, the second one that is shown."""
    person, texts = scene.person, scene.person.texts
    await scene.open_repair(LOGGED_OUT_TOO)
    await person.choose(
        texts("issues.logged_out.fix_flow.step.ways.menu_options.qr_code")
    )
    first = await person.see_qr_code()
    await person.read(
        "issues.logged_out.fix_flow.progress.scan_qr_code",
        name=LOGGED_OUT_TOO.name,
    )
    await scene.witness.look("qr-code")
    await person.see_qr_code(other_than=first)
    await scene.witness.look("next-qr-code")
    assert scene.account_of(LOGGED_OUT_TOO).scan()
    await scene.see_repaired()
    await scene.witness.look("linked-by-qr-code")
    await person.finish()


async def be_sent_to_the_console(scene: Scene) -> None:
    """Learn where a Telegram account is linked."""
    person = scene.person
    await scene.open_repair(TELEGRAM)
    await person.read(
        "issues.logged_out.fix_flow.abort.link_in_console",
        messenger="Telegram",
    )
    await scene.witness.look("telegram")
    await person.close()


async def reboot_the_stuck(scene: Scene) -> None:
    """Reboot an instance that is stuck, from its repair."""
    person = scene.person
    account = scene.account_of(STUCK)
    await scene.open_repair(STUCK)
    await person.read(
        "issues.stuck_starting.fix_flow.step.confirm.description", name=STUCK.name
    )
    await scene.witness.look("stuck")
    account.requests.clear()
    await person.submit()
    await scene.see_repaired()
    assert "reboot" in {request.method for request in account.requests}
    await person.finish()


async def set_the_queue_in_motion(scene: Scene) -> None:
    """Reboot an instance whose messages do not go out, from its repair."""
    person, texts = scene.person, scene.person.texts
    account = scene.account_of(NOT_SENDING)
    step = "issues.not_sending.fix_flow.step"
    await scene.open_repair(NOT_SENDING)
    await person.read(f"{step}.init.description", name=NOT_SENDING.name)
    await scene.witness.look("not-sending")
    await person.choose(texts(f"{step}.init.menu_options.reboot"))
    await person.read(f"{step}.reboot.description", name=NOT_SENDING.name)
    await scene.witness.look("not-sending-reboot")
    await person.submit()
    await scene.see_repaired()
    assert not account.queue_stuck
    await person.finish()


async def clear_the_queue(scene: Scene) -> None:
    """Drop the messages that do not go out even after a reboot."""
    account = scene.account_of(NOT_SENDING_AFTER_REBOOT)
    await scene.open_repair(NOT_SENDING_AFTER_REBOOT)
    await scene.person.read(
        "issues.not_sending_after_reboot.fix_flow.step.confirm.description",
        name=NOT_SENDING_AFTER_REBOOT.name,
    )
    await scene.witness.look("not-sending-after-reboot")
    assert account.queue == NOT_SENDING_AFTER_REBOOT.waiting
    await scene.person.submit()
    await scene.see_repaired()
    assert account.queue == 0
    await scene.person.finish()


async def read_the_hopeless(scene: Scene) -> None:
    """Read the repairs that only tell what to do elsewhere."""
    person = scene.person
    for problem in HOPELESS:
        await scene.open_repair(problem)
        await person.read(
            f"issues.{problem.issue}.description",
            name=problem.name,
            until=f"{RESTRICTED_UNTIL:%Y-%m-%d %H:%M}",
        )
        await scene.witness.look(problem.issue.replace("_", "-"))
        await person.close()


async def change_the_address(scene: Scene) -> None:
    """Be led from the repair of a wrong address to where it is changed."""
    person = scene.person
    await scene.open_repair(MOVED)
    await person.read(
        "issues.wrong_address_fixable.fix_flow.step.confirm.description",
        name=MOVED.name,
    )
    await scene.witness.look("wrong-address")
    await person.submit()
    await person.read("config.step.address.description", name=MOVED.name)
    await scene.witness.look("change-the-address")
    scene.account_of(MOVED).fault = None
    await person.submit()
    await person.see(person.flow, await scene.said("reconfigure_successful"))
    await person.close()


async def give_a_new_token(scene: Scene) -> None:
    """Be asked for the token after it was changed, and give the new one."""
    person = scene.person
    scene.account.token = Token.LATER
    await scene.household.update(scene.account)
    await scene.household.update(scene.account)
    await person.open_integration()
    question = person.page.locator(".attention", has_text=scene.name)
    await question.locator("ha-button[slot=end]").click()
    await person.read("config.step.reauth_confirm.description", name=scene.name)
    await scene.witness.look("new-token")
    await person.fill(api_token=Token.LATER)
    await person.submit()
    await person.see(person.flow, await scene.said("reauth_successful"))
    await scene.witness.look("new-token-works")
    await person.close()


async def download_diagnostics(scene: Scene) -> None:
    """Download diagnostics that say how the account is, but not who it is."""
    person = scene.person
    await scene.expect_loaded()
    await person.open_menu(scene.name)
    await scene.witness.look("menu")
    text = await person.download_diagnostics(scene.name)
    assert "authorized" in text
    assert scene.account.instance_id not in text
    assert CORE not in text


async def reconfigure(scene: Scene) -> None:
    """Change the address of the account."""
    person = scene.person
    await person.open_menu(scene.name)
    await person.pick(scene.name, "reconfigure")
    await person.read("config.step.reconfigure.description", name=scene.name)
    await scene.witness.look("reconfigure")
    await person.choose(person.texts("config.step.reconfigure.menu_options.address"))
    await person.read("config.step.address.description", name=scene.name)
    await scene.witness.look("address")
    await person.fill(api_url=f"{scene.household.simulator.url}/v3/")
    await person.submit()
    await person.see(person.flow, await scene.said("reconfigure_successful"))
    await scene.witness.look("reconfigured")
    await person.close()


async def delete(scene: Scene) -> None:
    """Delete the account."""
    person = scene.person
    await person.open_menu(scene.name)
    await person.pick(scene.name, "delete")
    await person.see(person.page.locator("dialog-box"), scene.name)
    await scene.witness.look("delete")
    await person.confirm()
    await expect(person.entry(scene.name)).to_have_count(0)
    await scene.witness.look("deleted")


WHOLE: Final = (
    log_in,
    make_mistakes,
    succeed,
    reboot,
    watch,
    copy_cards,
    link_by_code,
    link_by_qr_code,
    be_sent_to_the_console,
    reboot_the_stuck,
    set_the_queue_in_motion,
    clear_the_queue,
    read_the_hopeless,
    change_the_address,
    give_a_new_token,
    download_diagnostics,
    reconfigure,
    delete,
)
SHORT: Final = (
    log_in,
    make_mistakes,
    succeed,
    copy_cards,
    link_by_code,
    link_by_qr_code,
    reboot_the_stuck,
    set_the_queue_in_motion,
    clear_the_queue,
    read_the_hopeless,
)
RIGHT_TO_LEFT: Final = (
    log_in,
    make_mistakes,
    succeed,
    copy_cards,
    link_by_code,
    link_by_qr_code,
)


@pytest.mark.parametrize(
    ("look", "story"),
    [
        pytest.param(look, story, id=str(look))
        for look, story in (
            (Look("ru", "dark", "phone"), WHOLE),
            (Look("en", "light", "desktop"), WHOLE),
            (Look("en", "dark", "phone"), SHORT),
            (Look("ru", "light", "desktop"), SHORT),
            (Look("he", "light", "phone"), RIGHT_TO_LEFT),
        )
    ],
)
async def test_story(
    household: Household, person: Person, story: tuple[Step, ...], witness: Witness
) -> None:
    """Go through what a person does, and find nothing wrong on the way."""
    await household.had_problem(
        LOGGED_OUT,
        LOGGED_OUT_TOO,
        TELEGRAM,
        STUCK,
        NOT_SENDING,
        NOT_SENDING_AFTER_REBOOT,
        *HOPELESS,
        MOVED,
    )
    account = household.simulator.add_account("1101000001", Token.FIRST)
    scene = Scene(household, person, witness, account)
    for step in story:
        await scene.go_through(step)
    assert witness.complaints == []
