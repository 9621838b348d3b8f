"""Test the action that sends what Home Assistant's own cannot."""

import base64
from datetime import datetime
import importlib
import importlib.util
import json
from pathlib import Path
import sys
from types import SimpleNamespace
from typing import Any, Final, override
from unittest.mock import MagicMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
)
import voluptuous as vol

from custom_components.green_api.const import DOMAIN
from homeassistant.components.image import DATA_COMPONENT as IMAGES, ImageEntity
from homeassistant.components.media_source import (
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from tests.simulator import Account, Fault
from tests.support.helpers import methods
from tests.support.recipients import (
    ALEX,
    ALEX_CHAT,
    FAMILY,
    FAMILY_CHAT,
    async_add_recipient,
    sent,
)

TEXT: Final = "Somebody is at the door."
INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / DOMAIN
PICTURE: Final = b"\xff\xd8\xff\xe0 a picture"
LONGEST_CAPTION: Final = 1024


@pytest.fixture(autouse=True)
async def recipients(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Add two recipients."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    await async_add_recipient(hass, loaded_entry, "Family", FAMILY_CHAT)
    account.requests.clear()


@pytest.fixture
async def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the folder of local media, with a picture."""
    hass.config.media_dirs = {"local": f"{tmp_path}"}
    assert await async_setup_component(hass, "media_source", {})
    (tmp_path / "door.jpg").write_bytes(PICTURE)
    return tmp_path


class Doorbell(ImageEntity):
    """An image entity that shows who was at the door."""

    _attr_content_type = "image/png"
    _attr_image_last_updated = datetime(2026, 1, 1)  # noqa: DTZ001
    _attr_name = "Doorbell"

    @override
    async def async_image(self) -> bytes:
        """Return the picture."""
        return PICTURE


def chosen(media_content_id: str) -> dict[str, str]:
    """Return a choice of media."""
    return {
        "media_content_id": f"media-source://{media_content_id}",
        "media_content_type": "image/jpeg",
    }


async def async_send(
    hass: HomeAssistant, entity_id: str | list[str] = ALEX, **data: Any
) -> dict[str, Any]:
    """Send something, and return the response."""
    response = await hass.services.async_call(
        DOMAIN,
        "send_message",
        {"entity_id": entity_id, **data},
        blocking=True,
        return_response=True,
    )
    assert isinstance(response, dict)
    return response


async def async_refused(hass: HomeAssistant, **data: Any) -> HomeAssistantError:
    """Send something that is not sent, and return why."""
    with pytest.raises(HomeAssistantError) as caught:
        await async_send(hass, **data)
    assert caught.value.translation_domain == DOMAIN
    return caught.value


def file(account: Account) -> tuple[str, bytes, str]:
    """Return the name, the content and the caption of the file that arrived."""
    (message,) = account.waiting
    assert message.method == "sendFileByUpload"
    body: Any = message.body
    content = base64.b64decode(body["file"]["content"])
    return body["fileName"], content, body.get("caption", "")


async def test_text(hass: HomeAssistant, account: Account) -> None:
    """A text goes to all recipients, and the response has the ids of the messages."""
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
    """Recipients are found by their device, by its area and by its label."""
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
    assert sent(account) == [(ALEX_CHAT, TEXT)]


@pytest.mark.parametrize("service", [f"{DOMAIN}.send_message", "notify.send_message"])
async def test_state_after_sending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    service: str,
) -> None:
    """The state is when a message was accepted last, whichever action has sent it."""
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
    """Texts and files can reply to a message by its id."""
    response = await async_send(hass, message=TEXT)
    message_id = response[ALEX]["message_id"]
    await async_send(hass, message="Who?", quoted_message_id=message_id)
    await async_send(
        hass,
        attachment=chosen("media_source/local/door.jpg"),
        quoted_message_id=message_id,
    )

    quoted = [message.body.get("quotedMessageId") for message in account.waiting]
    assert quoted == [None, message_id, message_id]


async def test_without_response(hass: HomeAssistant, account: Account) -> None:
    """Nobody has to want the ids."""
    await hass.services.async_call(
        DOMAIN, "send_message", {"entity_id": ALEX, "message": TEXT}, blocking=True
    )
    assert sent(account) == [(ALEX_CHAT, TEXT)]


async def test_local_media(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Local media arrive under their name, with the message as caption."""
    await async_send(
        hass,
        message=TEXT,
        title="Door",
        attachment=chosen("media_source/local/door.jpg"),
        link_preview=True,
    )
    assert file(account) == ("door.jpg", PICTURE, f"*Door*\n{TEXT}")
    assert methods(account) == ["sendFileByUpload"]


@pytest.mark.parametrize(
    ("filename", "name"),
    [("Visitor", "Visitor.jpg"), ("visitor.jpeg", "visitor.jpeg"), ("", "door.jpg")],
)
async def test_filename(
    hass: HomeAssistant, account: Account, media: Path, filename: str, name: str
) -> None:
    """A file can be given a name; it keeps its extension."""
    await async_send(
        hass, attachment=chosen("media_source/local/door.jpg"), filename=filename
    )
    assert file(account) == (name, PICTURE, "")


async def test_path(hass: HomeAssistant, account: Account, media: Path) -> None:
    """A path is sent if Home Assistant may read it."""
    path = f"{media / 'door.jpg'}"
    hass.config.media_dirs = {}
    err = await async_refused(hass, attachment=path)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "path_not_allowed"
    assert account.requests == []

    hass.config.allowlist_external_dirs = {f"{media}"}
    await async_send(hass, attachment=path)
    assert file(account) == ("door.jpg", PICTURE, "")


@pytest.mark.parametrize("name", ["missing.jpg", ""])
async def test_unreadable_path(
    hass: HomeAssistant, account: Account, media: Path, name: str
) -> None:
    """A file that is not there, or is a folder, is not sent, and it says so."""
    hass.config.allowlist_external_dirs = {f"{media}"}
    err = await async_refused(hass, attachment=f"{media / name}")
    assert err.translation_key == "file_unreadable"
    assert account.waiting == ()
    assert hass.states.get(ALEX).state == STATE_UNKNOWN


async def test_image_entity(hass: HomeAssistant, account: Account) -> None:
    """What an image entity shows is sent."""
    component: EntityComponent[ImageEntity] = hass.data[IMAGES]
    await component.async_add_entities([Doorbell(hass)])

    await async_send(hass, attachment=chosen("image/image.doorbell"))

    assert file(account) == ("doorbell.png", PICTURE, "")


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return Home Assistant's cameras."""
    if importlib.util.find_spec("turbojpeg") is None:
        # It makes pictures smaller, which nobody asks for here.
        monkeypatch.setitem(sys.modules, "turbojpeg", MagicMock())
    return importlib.import_module("homeassistant.components.camera")


async def test_camera(hass: HomeAssistant, account: Account, camera: Any) -> None:
    """What a camera sees is sent."""

    class FrontDoor(camera.Camera):  # type: ignore[name-defined, misc]
        """A camera."""

        _attr_name = "Front door"

        @override
        async def async_camera_image(
            self, width: int | None = None, height: int | None = None
        ) -> bytes:
            """Return the picture."""
            return PICTURE

    assert await async_setup_component(hass, "camera", {})
    await hass.data[camera.DATA_COMPONENT].async_add_entities([FrontDoor()])

    await async_send(hass, message=TEXT, attachment=chosen("camera/camera.front_door"))

    assert file(account) == ("front_door.jpg", PICTURE, TEXT)


async def test_speech(hass: HomeAssistant, account: Account, media: Path) -> None:
    """A text that is spoken is sent as a sound."""
    tts = pytest.importorskip("homeassistant.components.tts")

    class Speaker(tts.TextToSpeechEntity):  # type: ignore[name-defined, misc]
        """Text to speech."""

        _attr_name = "Speaker"
        _attr_default_language = "en"
        _attr_supported_languages = ("en",)

        @override
        async def async_get_tts_audio(
            self, message: str, language: str, options: dict[str, Any]
        ) -> tuple[str, bytes]:
            """Return the sound."""
            return "mp3", message.encode()

    hass.config.config_dir = f"{media}"
    assert await async_setup_component(hass, "tts", {})
    await hass.data[tts.DATA_COMPONENT].async_add_entities([Speaker()])

    await async_send(hass, attachment=chosen("tts/tts.speaker?message=Hello"))

    assert file(account)[0] == "speech.mp3"


@pytest.mark.parametrize(
    "media_content_id",
    [
        "camera/camera.nowhere",
        "image/image.nowhere",
        "media_source/local/../secrets.yaml",
        "media_source/nowhere/door.jpg",
        "nothing/at/all",
        "tts/tts.nowhere?message=Hello",
    ],
)
async def test_unavailable(
    hass: HomeAssistant, account: Account, media: Path, media_content_id: str
) -> None:
    """Media that are not there are not sent, and it says so in words."""
    err = await async_refused(hass, message=TEXT, attachment=chosen(media_content_id))
    assert err.translation_key == "attachment_unavailable"
    assert account.requests == []


class Radio(MediaSource):
    """A media source that has no files."""

    name = "Radio"

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the address of a stream."""
        return PlayMedia("https://radio.example/live", "audio/mpeg")


async def async_get_radio(hass: HomeAssistant) -> Radio:
    """Return the media source."""
    return Radio("radio")


async def test_stream(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Media that are no file are not sent, and it says so."""
    mock_integration(hass, MockModule("radio"))
    platform = SimpleNamespace(async_get_media_source=async_get_radio)
    mock_platform(hass, "radio.media_source", platform)
    assert await async_setup_component(hass, "radio", {})
    await hass.async_block_till_done()
    err = await async_refused(hass, attachment=chosen("radio/live"))
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "attachment_not_local"
    assert account.requests == []


async def test_long_caption(hass: HomeAssistant, account: Account, media: Path) -> None:
    """A caption that is too long is refused without any request."""
    attachment = chosen("media_source/local/door.jpg")
    await async_send(hass, attachment=attachment, message="x" * LONGEST_CAPTION)
    account.requests.clear()

    err = await async_refused(
        hass, attachment=attachment, message="x" * (LONGEST_CAPTION + 1)
    )
    assert err.translation_key == "message_too_long"
    assert account.requests == []


async def test_large_file(hass: HomeAssistant, account: Account, media: Path) -> None:
    """A file that is larger than GREEN-API takes is refused without being sent."""
    with (media / "large.mp4").open("wb") as large:
        large.truncate(100 * 1024 * 1024 + 1)

    err = await async_refused(
        hass, attachment=chosen("media_source/local/large.mp4"), message=TEXT
    )
    assert err.translation_key == "too_large"
    assert methods(account) == []


async def test_nothing(hass: HomeAssistant, account: Account) -> None:
    """There has to be a text or a file."""
    err = await async_refused(hass)
    assert err.translation_key == "message_empty"
    assert account.requests == []


async def test_free_plan(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Of the free plan's two limits, the one that is reached is named."""
    account.on_free_plan = True
    account.free_plan.used["sendFileByUpload"] = 1000
    err = await async_refused(hass, attachment=chosen("media_source/local/door.jpg"))
    assert err.translation_key == "method_quota"

    for number in range(3):
        account.free_plan.take("sendMessage", f"4477009009{number}@c.us")
    err = await async_refused(hass, message=TEXT)
    assert err.translation_key == "chat_quota"
    assert account.waiting == ()


async def test_wrong_quote(hass: HomeAssistant, account: Account) -> None:
    """GREEN-API says itself what it does not quote."""
    err = await async_refused(hass, message=TEXT, quoted_message_id="short")
    assert err.translation_key == "invalid_quote"


async def test_unclear_answer_to_a_file(
    hass: HomeAssistant, account: Account, media: Path
) -> None:
    """A file that may have been sent is not sent again, and it says so."""
    account.faults["sendFileByUpload"] = Fault.RESET_AFTER_HEADERS
    err = await async_refused(hass, attachment=chosen("media_source/local/door.jpg"))
    assert err.translation_key == "maybe_sent"
    assert methods(account) == ["sendFileByUpload"]


async def test_logged_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    media: Path,
) -> None:
    """The state of the account is checked before a file is sent as well."""
    account.state = "notAuthorized"
    freezer.tick(120)
    err = await async_refused(hass, attachment=chosen("media_source/local/door.jpg"))
    assert err.translation_key == "logged_out"
    assert account.waiting == ()


async def test_editor(hass: HomeAssistant) -> None:
    """The editor offers recipients, and every field that the action takes."""
    described = load_yaml_dict(f"{INTEGRATION / 'services.yaml'}")["send_message"]
    assert described["target"] == {
        "entity": {"domain": "notify", "integration": DOMAIN}
    }
    schema = hass.services.async_services()[DOMAIN]["send_message"].schema
    example = {key: field["example"] for key, field in described["fields"].items()}
    example["attachment"] = json.loads(example["attachment"])
    # The editor takes any other pattern for a kind of media that nothing is of.
    media = described["fields"]["attachment"]["selector"]["media"]
    assert media == {"accept": ["*"]}
    assert schema
    assert schema({"entity_id": ALEX, **example}) == {"entity_id": [ALEX], **example}
    with pytest.raises(vol.Invalid):
        schema({"entity_id": ALEX, **example, "surprise": True})


@pytest.mark.parametrize(
    "data", [{"attachment": 1}, {"link_preview": "perhaps"}, {"surprise": True}]
)
async def test_wrong_data(hass: HomeAssistant, data: dict[str, Any]) -> None:
    """Home Assistant refuses what the action does not know."""
    with pytest.raises(vol.Invalid):
        await async_send(hass, message=TEXT, **data)
