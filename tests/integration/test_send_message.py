"""Test the action that sends what Home Assistant's own action cannot."""

import json
from pathlib import Path
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)
import voluptuous as vol

from custom_components.green_api.const import DOMAIN
from custom_components.green_api.sending import sender as sending
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    UnknownUser,
)
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault, Simulator
from tests.support.attachments import (
    PICTURE,
    async_send,
    async_send_error,
    media_selection,
    sent_file,
)
from tests.support.helpers import all_called_methods, async_add_account
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    async_add_recipient,
    sent_messages,
)

TEXT: Final = "Somebody is at the door."
INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / DOMAIN


@pytest.fixture(autouse=True)
async def recipients(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Add two recipients."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    await async_add_recipient(hass, loaded_entry, "Family", FAMILY_CHAT)
    account.requests.clear()


async def test_text(hass: HomeAssistant, account: Account) -> None:
    """Test that a text is sent to all recipients, and the message IDs are returned."""
    response = await async_send(
        hass, [ALEX, FAMILY], message=TEXT, title="Front door", link_preview=False
    )

    by_chat = {message.body["chatId"]: message for message in account.waiting}
    assert response == {
        ALEX: {"message_id": by_chat[ALEX_CHAT].id},
        FAMILY: {"message_id": by_chat[FAMILY_CHAT].id},
    }
    assert by_chat[ALEX_CHAT].body == {
        "chatId": ALEX_CHAT,
        "message": f"*Front door*\n{TEXT}",
        "linkPreview": False,
    }


@pytest.mark.parametrize("by", ["device_id", "area_id", "floor_id", "label_id"])
async def test_target(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    account: Account,
    by: str,
) -> None:
    """Test that recipients are found by device, area and label."""
    recipient = device_registry.async_get(entity_registry.async_get(ALEX).device_id)
    floor = fr.async_get(hass).async_create("Ground floor")
    area = ar.async_get(hass).async_create("Hall", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("Important")
    # The account is in the same area as one of its recipients.
    for device_id in (recipient.id, recipient.via_device_id):
        device_registry.async_update_device(
            device_id, area_id=area.id, labels={label.label_id}
        )
    named = {
        "device_id": recipient.id,
        "area_id": area.id,
        "floor_id": floor.floor_id,
        "label_id": label.label_id,
    }
    response = await hass.services.async_call(
        DOMAIN,
        "send_message",
        {by: named[by], "message": TEXT},
        blocking=True,
        return_response=True,
    )
    assert list(response) == [ALEX]
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]


@pytest.mark.parametrize("service", [f"{DOMAIN}.send_message", "notify.send_message"])
async def test_state_after_sending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    service: str,
) -> None:
    """Test that the state is the time of the last message, whichever action sent it."""
    domain, name = service.split(".")
    freezer.tick(5)
    await hass.services.async_call(
        domain, name, {"entity_id": ALEX, "message": TEXT}, blocking=True
    )
    accepted_at = dt_util.utcnow().isoformat()
    assert hass.states.get(ALEX).state == accepted_at
    assert hass.states.get(FAMILY).state == STATE_UNKNOWN

    freezer.tick(5)
    account.faults["sendMessage"] = Fault.BAD_REQUEST
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            domain, name, {"entity_id": ALEX, "message": TEXT}, blocking=True
        )
    assert hass.states.get(ALEX).state == accepted_at


async def test_quote(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that texts and files can quote a message by its ID."""
    response = await async_send(hass, message=TEXT)
    message_id = response[ALEX]["message_id"]
    await async_send(hass, message="Who?", quoted_message_id=message_id)
    await async_send(
        hass,
        attachment=media_selection("media_source/local/door.jpg"),
        quoted_message_id=message_id,
    )

    quoted = [message.body.get("quotedMessageId") for message in account.waiting]
    assert quoted == [None, message_id, message_id]


async def test_without_response(hass: HomeAssistant, account: Account) -> None:
    """Test that the response is optional."""
    await hass.services.async_call(
        DOMAIN, "send_message", {"entity_id": ALEX, "message": TEXT}, blocking=True
    )
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]


async def test_local_media(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that local media keeps its name and has the message as its caption."""
    await async_send(
        hass,
        message=TEXT,
        title="Door",
        attachment=media_selection("media_source/local/door.jpg"),
        link_preview=True,
    )
    assert sent_file(account) == ("door.jpg", PICTURE, f"*Door*\n{TEXT}")
    assert all_called_methods(account) == ["sendFileByUpload"]


@pytest.mark.parametrize(
    ("text", "caption", "rest"),
    [
        ("x" * 1024, "x" * 1024, []),
        ("x" * 1025, "x" * 1024, ["x"]),
        ("word " * 300, ("word " * 205).rstrip(), ["word " * 95]),
        ("\N{BELL}" * 513, "\N{BELL}" * 512, ["\N{BELL}"]),
        (f"{'x' * 1000}\n{'y' * 1000}", "x" * 1000, ["y" * 1000]),
        (f"{'x' * 1024}\n", "x" * 1024, []),
    ],
    ids=["longest", "too long", "words", "emoji", "lines", "end of a line"],
)
async def test_long_caption(
    hass: HomeAssistant,
    account: Account,
    media: Path,
    text: str,
    caption: str,
    rest: list[str],
) -> None:
    """Test that text that is too long for a caption is sent after the file."""
    response = await async_send(
        hass, attachment=media_selection("media_source/local/door.jpg"), message=text
    )
    assert sent_messages(account) == [(ALEX_CHAT, it) for it in (caption, *rest)]
    (sent_file,) = [it for it in account.messages if it.is_file]
    assert response == {ALEX: {"message_id": sent_file.id}}


@pytest.mark.parametrize(
    ("name", "has_caption"),
    [
        ("door.mp4", True),
        ("door.WEBP", True),
        ("report.pdf", False),
        ("alarm.mp3", False),
        ("door.surprise", False),
    ],
)
async def test_file_without_caption(
    hass: HomeAssistant, account: Account, media: Path, *, name: str, has_caption: bool
) -> None:
    """Test that a text follows a file that messengers show without its caption."""
    (media / name).write_bytes(b"a file")
    hass.config.allowlist_external_dirs = {f"{media}"}
    response = await async_send(
        hass, attachment=f"{media / name}", message=TEXT, title="Door"
    )
    expected = [f"*Door*\n{TEXT}"] if has_caption else ["", f"*Door*\n{TEXT}"]
    assert sent_messages(account) == [(ALEX_CHAT, it) for it in expected]
    (sent_file,) = [it for it in account.messages if it.is_file]
    assert response == {ALEX: {"message_id": sent_file.id}}


async def test_file_without_text(
    hass: HomeAssistant, account: Account, media: Path
) -> None:
    """Test that nothing follows a file without a text."""
    (media / "report.pdf").write_bytes(b"a file")
    hass.config.allowlist_external_dirs = {f"{media}"}
    await async_send(hass, attachment=f"{media}/report.pdf")
    assert sent_messages(account) == [(ALEX_CHAT, "")]


async def test_rest_refused(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that the error says so if the file was sent, but not the remaining text."""
    account.faults["sendMessage"] = Fault.QUOTA_466
    err = await async_send_error(
        hass,
        attachment=media_selection("media_source/local/door.jpg"),
        message="x" * 1025,
    )
    assert err.translation_key == "rest_not_sent"
    assert [it.method for it in account.messages] == ["sendFileByUpload"]


async def test_nothing(hass: HomeAssistant, account: Account) -> None:
    """Test that a text or a file is required."""
    err = await async_send_error(hass)
    assert err.translation_key == "message_empty"
    assert account.requests == []


async def test_entity_without_recipient(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Test that an entity that belongs to no recipient is named by its ID."""
    entity = er.async_get(hass).async_get_or_create(
        "notify", DOMAIN, "nobody", config_entry=loaded_entry
    )
    err = await async_send_error(hass, entity_id=entity.entity_id, message=TEXT)
    assert err.translation_key == "account_not_loaded"
    assert err.translation_placeholders["recipient"] == entity.entity_id
    assert account.requests == []


async def test_free_plan(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that the error names the limit of the free plan that was reached."""
    account.on_free_plan = True
    account.free_plan.used["sendFileByUpload"] = 1000
    err = await async_send_error(
        hass, attachment=media_selection("media_source/local/door.jpg")
    )
    assert err.translation_key == "method_quota"

    for number in range(3):
        account.free_plan.count_message("sendMessage", f"4477009009{number}@c.us")
    err = await async_send_error(hass, message=TEXT)
    assert err.translation_key == "chat_quota"
    assert account.waiting == ()


async def test_quote_from_other_chat(
    hass: HomeAssistant, account: Account, media: Path
) -> None:
    """Test that a message that is known to be of another chat is not quoted."""
    response = await async_send(hass, FAMILY, message=TEXT)
    account.requests.clear()
    quote = {"quoted_message_id": response[FAMILY]["message_id"]}
    for data in (
        {"message": TEXT},
        {"attachment": media_selection("media_source/local/door.jpg")},
    ):
        err = await async_send_error(hass, **data, **quote)
        assert isinstance(err, ServiceValidationError)
        assert err.translation_key == "other_chat"
    assert account.requests == []
    assert await async_send(hass, FAMILY, message=TEXT, **quote)


async def test_forgotten_quote(
    hass: HomeAssistant, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that only the chats of the most recent messages are known."""
    monkeypatch.setattr(sending, "_MAX_SENT", 1)
    response = await async_send(hass, FAMILY, message=TEXT)
    await async_send(hass, FAMILY, message=TEXT)
    quote = response[FAMILY]["message_id"]
    assert await async_send(hass, message=TEXT, quoted_message_id=quote)


async def test_unknown_user(hass: HomeAssistant, account: Account) -> None:
    """Test that an unknown user is refused, as by Home Assistant's own actions."""
    with pytest.raises(UnknownUser):
        await async_send(hass, message=TEXT, context=Context(user_id="nobody"))
    assert account.requests == []


async def test_invalid_quote(hass: HomeAssistant, account: Account) -> None:
    """Test that GREEN-API's own refusal of a quote is reported."""
    err = await async_send_error(hass, message=TEXT, quoted_message_id="short")
    assert err.translation_key == "invalid_quote"


async def test_uncertain_response_to_file(
    hass: HomeAssistant, account: Account, media: Path
) -> None:
    """Test that a file that may have been sent is not repeated, with an error."""
    account.faults["sendFileByUpload"] = Fault.RESET_AFTER_HEADERS
    err = await async_send_error(
        hass, attachment=media_selection("media_source/local/door.jpg")
    )
    assert err.translation_key == "maybe_sent"
    assert all_called_methods(account) == ["sendFileByUpload"]


async def test_logged_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    media: Path,
) -> None:
    """Test that the state of the account is checked before a file is sent as well."""
    account.state = "notAuthorized"
    freezer.tick(120)
    err = await async_send_error(
        hass, attachment=media_selection("media_source/local/door.jpg")
    )
    assert err.translation_key == "logged_out"
    assert account.waiting == ()


async def test_editor(hass: HomeAssistant) -> None:
    """Test that the editor offers the recipients, and all fields of the action."""
    described = load_yaml_dict(f"{INTEGRATION / 'services.yaml'}")["send_message"]
    assert described["target"] == {
        "entity": {"domain": "notify", "integration": DOMAIN}
    }
    schema = hass.services.async_services()[DOMAIN]["send_message"].schema
    example = {key: field["example"] for key, field in described["fields"].items()}
    for key in ("attachment", "choices"):
        example[key] = json.loads(example[key])
    # The editor takes any other pattern for a media type that matches nothing.
    media = described["fields"]["attachment"]["selector"]["media"]
    assert media == {"accept": ["*"]}
    assert schema
    assert schema({"entity_id": ALEX, **example}) == {"entity_id": [ALEX], **example}
    with pytest.raises(vol.Invalid):
        schema({"entity_id": ALEX, **example, "surprise": True})


async def test_none(hass: HomeAssistant, account: Account) -> None:
    """Test that a field whose template renders to nothing counts as left out.

    A script would stop at an invalid one, even with `continue_on_error`.
    """
    services = load_yaml_dict(f"{INTEGRATION / 'services.yaml'}")
    nothing = dict.fromkeys(services["send_message"]["fields"].keys() - {"choices"})
    response = await async_send(hass, **nothing | {"message": TEXT})
    assert response[ALEX].keys() == {"message_id"}
    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    err = await async_send_error(hass, message=None)
    assert err.translation_key == "message_empty"


@pytest.mark.parametrize("data", [{"link_preview": "perhaps"}, {"surprise": True}])
async def test_invalid_data(hass: HomeAssistant, data: dict[str, Any]) -> None:
    """Test that Home Assistant refuses fields that the action does not have."""
    with pytest.raises(vol.Invalid):
        await async_send(hass, message=TEXT, **data)


async def test_return_errors(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    account: Account,
) -> None:
    """Test that errors are returned on request, with the recipients that got it."""
    other = await async_add_account(hass, simulator, "1101000002", "Other")
    other.state = "notAuthorized"
    (entry,) = [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.title == "Other"
    ]
    await async_add_recipient(hass, entry, "Sam", ALEX_CHAT)
    freezer.tick(120)
    response = await async_send(
        hass, [ALEX, "notify.sam"], message=TEXT, return_errors=True
    )

    assert sent_messages(account) == [(ALEX_CHAT, TEXT)]
    assert response[ALEX].keys() == {"message_id"}
    assert response["notify.sam"].keys() == {"error"}
    assert response["notify.sam"]["error"].startswith("Other isn't linked")


async def test_return_uncertain_response(hass: HomeAssistant, account: Account) -> None:
    """Test that it is returned that a message may have been sent."""
    account.faults["sendMessage"] = Fault.RESET_AFTER_HEADERS
    response = await async_send(hass, message=TEXT, return_errors=True)
    assert response[ALEX].keys() == {"error", "maybe_sent"}
    assert response[ALEX]["maybe_sent"] is True


async def test_return_errors_without_response(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account
) -> None:
    """Test that errors are not returned if no response is requested."""
    account.state = "notAuthorized"
    freezer.tick(120)
    data = {"entity_id": ALEX, "message": TEXT, "return_errors": True}
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "send_message", data, blocking=True)
    assert caught.value.translation_key == "logged_out"
