"""Test which files are sent, under which name, and which are refused."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import importlib
import importlib.util
import os
from pathlib import Path
import sys
import threading
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, Final, override
from unittest.mock import MagicMock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockUser,
    mock_integration,
    mock_platform,
)
from yarl import URL

from custom_components.green_api.api import form
from custom_components.green_api.const import DOMAIN
from custom_components.green_api.files import disk, download, waiting_files
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.image import DATA_COMPONENT as IMAGES, ImageEntity
from homeassistant.components.media_source import (
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers.entity_component import EntityComponent
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault
from tests.support.attachments import (
    PICTURE,
    async_send,
    async_send_error,
    media_selection,
    sent_file,
)
from tests.support.canned import CannedServer
from tests.support.helpers import all_called_methods
from tests.support.recipients import ALEX, ALEX_CHAT, async_add_recipient
from tests.support.request_failures import requests_sent_to
from tests.support.stalling_server import stalling_server, stop_reading
from tests.support.wait_until import async_wait_until

pytestmark = pytest.mark.long(9)

TEXT: Final = "Somebody is at the door."
DOOR: Final = "media_source/local/door.jpg"


@pytest.fixture(autouse=True)
async def recipient(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account
) -> None:
    """Add a recipient."""
    await async_add_recipient(hass, loaded_entry, "Alex", ALEX_CHAT)
    account.requests.clear()


class Doorbell(ImageEntity):
    """An image entity that shows who was at the door."""

    _attr_content_type = "image/png"
    _attr_image_last_updated = datetime(2026, 1, 1)  # noqa: DTZ001
    _attr_name = "Doorbell"
    picture: bytes | None = PICTURE

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture."""
        return self.picture


@pytest.fixture
async def doorbell(hass: HomeAssistant) -> Doorbell:
    """Return an image entity."""
    entity = Doorbell(hass)
    component: EntityComponent[ImageEntity] = hass.data[IMAGES]
    await component.async_add_entities([entity])
    return entity


@pytest.fixture
async def camera(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a camera."""
    if importlib.util.find_spec("turbojpeg") is None:
        # It scales pictures down, which is not used here.
        monkeypatch.setitem(sys.modules, "turbojpeg", MagicMock())
    component = importlib.import_module("homeassistant.components.camera")

    class FrontDoor(component.Camera):  # type: ignore[name-defined, misc]
        """A camera."""

        _attr_name = "Front door"
        hangs = False
        pictures = 0

        @override
        async def async_camera_image(
            self, width: int | None = None, height: int | None = None
        ) -> bytes:
            """Return the picture."""
            self.pictures += 1
            if self.hangs:
                await asyncio.Event().wait()
            return PICTURE

    entity = FrontDoor()
    assert await async_setup_component(hass, "camera", {})
    await hass.data[component.DATA_COMPONENT].async_add_entities([entity])
    return entity


@pytest.fixture
async def voice(hass: HomeAssistant, media: Path) -> Any:
    """Return a voice."""
    tts = pytest.importorskip("homeassistant.components.tts")

    class Speaker(tts.TextToSpeechEntity):  # type: ignore[name-defined, misc]
        """A text-to-speech entity."""

        _attr_name = "Speaker"
        _attr_default_language = "en"
        _attr_supported_languages = ("en",)
        hangs = False

        @override
        async def async_get_tts_audio(
            self, message: str, language: str, options: dict[str, Any]
        ) -> tuple[str, bytes]:
            """Return the audio."""
            if self.hangs:
                await asyncio.Event().wait()
            return "mp3", message.encode()

    entity = Speaker()
    hass.config.config_dir = f"{media}"
    assert await async_setup_component(hass, "tts", {})
    await hass.data[tts.DATA_COMPONENT].async_add_entities([entity])
    return entity


class Source(MediaSource):
    """A media source."""

    name = "Source"
    media: PlayMedia | Exception = PlayMedia("https://radio.example/live", "audio/mpeg")

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the media, or raise an exception."""
        if isinstance(self.media, Exception):
            raise self.media
        return self.media


@pytest.fixture
async def source(hass: HomeAssistant, media: Path) -> Source:
    """Return a media source of another integration."""
    source = Source("radio")

    async def async_get_media_source(hass: HomeAssistant) -> Source:
        return source

    mock_integration(hass, MockModule("radio"))
    platform = SimpleNamespace(async_get_media_source=async_get_media_source)
    mock_platform(hass, "radio.media_source", platform)
    assert await async_setup_component(hass, "radio", {})
    await hass.async_block_till_done()
    return source


@pytest.fixture
def www(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the folder that Home Assistant serves to browsers, with a picture."""
    hass.config.config_dir = f"{tmp_path / 'config'}"
    folder = tmp_path / "config" / "www"
    folder.mkdir(parents=True)
    (folder / "front door.jpg").write_bytes(PICTURE)
    (tmp_path / "config" / "secrets.jpg").write_bytes(b"secret")
    return folder


@pytest.fixture
def allowed(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a folder that Home Assistant is allowed to read, with a picture."""
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "door.jpg").write_bytes(PICTURE)
    hass.config.allowlist_external_dirs = {f"{folder}"}
    return folder


# File names


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Visitor", "Visitor.jpg"),
        ("Front door 29.11.2026", "Front door 29.11.2026.jpg"),
        ("Dr. Who", "Dr. Who.jpg"),
        ("v1.2", "v1.2.jpg"),
        ("door.", "door.jpg"),
        ("visitor.jpeg", "visitor.jpeg"),
        ("Visitor.JPG", "Visitor.JPG"),
        ("visitor.pdf", "visitor.pdf.jpg"),
        ("visitor.bin", "visitor.bin.jpg"),
        ("visitor.png", "visitor.png.jpg"),
        ("", "door.jpg"),
        (" . ", "door.jpg"),
        ('a/b\\c "d" 12:30\n\x85\u202egpj?', "a_b_c _d_ 12_30___gpj_.jpg"),
        ("x" * 300, f"{'x' * 200}.jpg"),
        (
            "\N{CYRILLIC SMALL LETTER IO}" * 101,
            "\N{CYRILLIC SMALL LETTER IO}" * 100 + ".jpg",
        ),
        ("\ud83d", "_.jpg"),
    ],
)
async def test_filename(
    hass: HomeAssistant, account: Account, media: Path, filename: str, name: str
) -> None:
    """Test that a file can be renamed and keeps its extension."""
    await async_send(hass, attachment=media_selection(DOOR), filename=filename)
    assert sent_file(account) == (name, PICTURE, "")


@pytest.mark.parametrize(
    ("on_disk", "content", "filename", "name"),
    [
        ('12:30 "front".jpg', PICTURE, None, "12_30 _front_.jpg"),
        ("latest", PICTURE, None, "latest.jpg"),
        (
            "latest",
            b"\x89PNG\r\n",
            "Front door 29.11.2026",
            "Front door 29.11.2026.png",
        ),
        ("latest", b"RIFF1234WEBP", "v1.2", "v1.2.webp"),
        ("readings", b"1 2 3", None, "readings"),
        ("readings", b"1 2 3", "Week 48.csv", "Week 48.csv"),
        ("readings 29.11.2026", b"1 2 3", "Week 48", "Week 48"),
        ("readings.log2", b"1 2 3", "Week 48", "Week 48.log2"),
        ("readings.log2", b"1 2 3", None, "readings.log2"),
        ("copy.tar.gz", b"1 2 3", None, "copy.tar.gz"),
        ("copy.bin", b"1 2 3", "Copy.zip", "Copy.zip"),
        ("...", PICTURE, None, "file.jpg"),
    ],
)
async def test_name_on_disk(
    hass: HomeAssistant,
    account: Account,
    allowed: Path,
    on_disk: str,
    content: bytes,
    filename: str | None,
    name: str,
) -> None:
    """Test that a file without a known extension is identified by its content."""
    (allowed / on_disk).write_bytes(content)
    data = {"filename": filename} if filename else {}
    await async_send(hass, attachment=f"{allowed / on_disk}", **data)
    assert sent_file(account) == (name, content, "")


async def test_name_of_media(
    hass: HomeAssistant, account: Account, source: Source, allowed: Path
) -> None:
    """Test that the name of media follows the type that its source reports."""
    (allowed / "original").write_bytes(b"GIF or not")
    source.media = PlayMedia("", "image/gif; x=y", path=allowed / "original")
    await async_send(hass, attachment=media_selection("radio/live"))
    assert sent_file(account) == ("original.gif", b"GIF or not", "")


# Kinds of attachments


@pytest.mark.parametrize(
    "attachment",
    [
        media_selection("image/image.doorbell"),
        {"media_content_id": "media-source://image/image.doorbell"},
        {"media_content_id": "image.doorbell", "metadata": {}},
        "media-source://image/image.doorbell",
        " image.doorbell\n",
    ],
)
@pytest.mark.usefixtures("doorbell")
async def test_image_entity(
    hass: HomeAssistant, account: Account, attachment: object
) -> None:
    """Test that the picture of an image entity is sent, whether selected or entered."""
    await async_send(hass, attachment=attachment)
    assert sent_file(account) == ("doorbell.png", PICTURE, "")


@pytest.mark.parametrize(
    "attachment", [media_selection("camera/camera.front_door"), "camera.front_door"]
)
@pytest.mark.usefixtures("camera")
async def test_camera(
    hass: HomeAssistant, account: Account, attachment: object
) -> None:
    """Test that the picture of a camera is sent, even without a usable disk."""
    with patch.object(disk, "Thread", side_effect=RuntimeError):
        await async_send(hass, message=TEXT, attachment=attachment)
    assert sent_file(account) == ("front_door.jpg", PICTURE, TEXT)


@pytest.mark.usefixtures("voice")
async def test_speech(hass: HomeAssistant, account: Account) -> None:
    """Test that spoken text is sent as audio."""
    await async_send(hass, attachment=media_selection("tts/tts.speaker?message=Hello"))
    assert sent_file(account)[0] == "speech.mp3"


async def test_entered_media(
    hass: HomeAssistant, account: Account, media: Path
) -> None:
    """Test that media can be entered as text."""
    await async_send(hass, attachment=f"media-source://{DOOR}")
    assert sent_file(account) == ("door.jpg", PICTURE, "")


async def test_path(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that a path is sent if Home Assistant is allowed to read it."""
    path = f"{media / 'door.jpg'}"
    hass.config.media_dirs = {}
    err = await async_send_error(hass, attachment=path)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "path_not_allowed"
    assert account.requests == []

    hass.config.allowlist_external_dirs = {f"{media}"}
    await async_send(hass, attachment=path)
    assert sent_file(account) == ("door.jpg", PICTURE, "")


@pytest.mark.parametrize(
    "address",
    [
        "/local/front door.jpg",
        "/local/front%20door.jpg?v=29#top",
        "/local//front door.jpg",
        "/local/../www/front door.jpg",
    ],
)
async def test_public_file(
    hass: HomeAssistant, account: Account, www: Path, address: str
) -> None:
    """Test that a file that Home Assistant serves is sent by its local URL."""
    await async_send(hass, attachment=address)
    assert sent_file(account) == ("front door.jpg", PICTURE, "")


@pytest.mark.parametrize("name", ["../secrets.jpg", "%2e%2e/secrets.jpg", "link.jpg"])
async def test_file_outside_www(
    hass: HomeAssistant, account: Account, www: Path, name: str
) -> None:
    """Test that a local URL gives access only to files that browsers can load."""
    (www / "link.jpg").symlink_to(www.parent / "secrets.jpg")
    err = await async_send_error(hass, attachment=f"/local/{name}")
    assert err.translation_key == "path_not_allowed"
    assert account.requests == []

    # The advice of the error message works.
    hass.config.allowlist_external_dirs = {f"{www.parent}"}
    await async_send(hass, attachment=f"/local/{name}")
    assert sent_file(account)[1] == b"secret"


@pytest.mark.parametrize(
    "attachment",
    [
        *("", " ", "door.jpg", "../door.jpg", "~/door.jpg", "light.hall", "camera."),
        *("ftp://example.com/a.jpg", "file:///door.jpg", "http://", "media-source://"),
        *({}, {"media_content_id": ""}, {"media_content_id": 7}),
        *({"media_content_id": None}, {"media_content_type": "image/jpeg"}),
        *(1, True, [], [{"media_content_id": "camera.door"}]),
    ],
)
async def test_unknown_attachment(
    hass: HomeAssistant, account: Account, attachment: object
) -> None:
    """Test that an unknown kind of attachment is refused with the kinds that exist."""
    err = await async_send_error(hass, message=TEXT, attachment=attachment)
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "attachment_unknown"
    assert account.requests == []


@pytest.mark.parametrize(
    "media_content_id",
    [
        "camera/camera.nowhere",
        "image/image.nowhere",
        "image_upload/nothing",
        "media_source/local",
        "media_source/local/",
        "media_source/local/folder",
        "media_source/local/readings.unknown",
        "media_source/local/../secrets.yaml",
        "media_source/nowhere/door.jpg",
        "nothing/at/all",
        "tts/tts.nowhere?message=Hello",
        "tts/tts.nowhere",
    ],
)
async def test_unavailable_media(
    hass: HomeAssistant, account: Account, media: Path, media_content_id: str
) -> None:
    """Test that unavailable media is not sent, and the error says so."""
    (media / "folder").mkdir()
    (media / "readings.unknown").write_bytes(b"1 2 3")
    err = await async_send_error(
        hass, message=TEXT, attachment=media_selection(media_content_id)
    )
    assert err.translation_key == "attachment_unavailable"
    assert account.requests == []


async def test_failing_source(
    hass: HomeAssistant, account: Account, source: Source
) -> None:
    """Test that any exception of a media source becomes an error without its text."""
    source.media = RuntimeError("Hello Alex")
    err = await async_send_error(hass, attachment=media_selection("radio/live"))
    assert err.translation_key == "attachment_unavailable"
    assert (err.__cause__, err.__context__) == (None, None)


@pytest.mark.usefixtures("source")
async def test_stream(hass: HomeAssistant, account: Account) -> None:
    """Test that media that is not a file is not sent, and the error says so."""
    err = await async_send_error(hass, attachment=media_selection("radio/live"))
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "attachment_not_local"
    assert account.requests == []


# Other servers


@pytest.fixture
async def server(hass: HomeAssistant) -> AsyncGenerator[CannedServer]:
    """Run a server of pictures that Home Assistant is allowed to request."""
    async with CannedServer() as server:
        hass.config.allowlist_external_urls = {f"{server.url}/pictures/"}
        server.respond(200, PICTURE, "image/jpeg")
        yield server


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/pictures/door%20front.jpg?token=1", "door front.jpg"),
        ("/pictures/snapshot.cgi", "snapshot.cgi.jpg"),
        ("/pictures/a/../snapshot", "snapshot.jpg"),
        ("/pictures/", "file.jpg"),
    ],
)
async def test_url(
    hass: HomeAssistant, account: Account, server: CannedServer, address: str, name: str
) -> None:
    """Test that Home Assistant downloads a file of another server."""
    await async_send(hass, attachment=f"{server.url}{address}")
    assert sent_file(account) == (name, PICTURE, "")
    assert len(server.requests) == 1


async def test_url_with_password(
    hass: HomeAssistant, account: Account, server: CannedServer
) -> None:
    """Test that a user name and password in a URL are sent to the server."""
    address = server.url.replace("http://", "HTTP://alex:secret@")
    await async_send(hass, attachment=f"{address}/pictures/door.jpg")
    assert server.requests[0].headers["Authorization"].startswith("Basic ")
    assert server.requests[0].target == "/pictures/door.jpg"


@pytest.mark.parametrize(
    "address",
    [
        "{}/pictures/../door.jpg",
        "{}/pictures/%2e%2e/door.jpg",
        "{}/picturesque.jpg",
        "{}@evil.example/pictures/door.jpg",
        "http://[/pictures/door.jpg",
        "http:///pictures/door.jpg",
    ],
)
async def test_url_not_allowed(
    hass: HomeAssistant, server: CannedServer, address: str
) -> None:
    """Test that only URLs on the allowlist are requested."""
    err = await async_send_error(hass, attachment=address.format(server.url))
    assert isinstance(err, ServiceValidationError)
    assert err.translation_key == "url_not_allowed"
    assert (err.__cause__, err.__context__) == (None, None)
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (302, {"Location": "/pictures/other.jpg"}),
        (401, {}),
        (404, {}),
        (200, {"Content_Length": "100"}),
        (200, {"Transfer_Encoding": "chunked"}),
    ],
)
async def test_url_without_a_file(
    hass: HomeAssistant,
    account: Account,
    server: CannedServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
    headers: dict[str, str],
) -> None:
    """Test that no partial file is sent, no redirect followed, and nothing leaked."""
    server.respond(status, PICTURE, **headers)
    err = await async_send_error(hass, attachment=f"{server.url}/pictures/?secret=pass")
    assert err.translation_key == "url_unavailable"
    assert (err.__cause__, err.__context__) == (None, None)
    assert "secret" not in caplog.text
    assert len(server.requests) == 1
    assert account.requests == []


@pytest.mark.parametrize("more", [0, 1])
async def test_large_url(
    hass: HomeAssistant,
    account: Account,
    server: CannedServer,
    monkeypatch: pytest.MonkeyPatch,
    more: int,
) -> None:
    """Test that the size of a download held in memory is limited."""
    assert download.MAX_BYTES <= waiting_files.MAX_BYTES
    monkeypatch.setattr(download, "MAX_BYTES", 100_000)
    server.respond(200, bytes(100_000 + more), "image/jpeg")
    send = async_outcome(hass, f"{server.url}/pictures/door.jpg")
    assert await send == ["sent", "url_unavailable"][more]


async def test_url_that_hangs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: CannedServer
) -> None:
    """Test that a server has 30 seconds to respond."""
    requested, over = asyncio.Event(), asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requested.set()
        await over.wait()
        writer.close()

    hanging = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{hanging.sockets[0].getsockname()[1]}/"
    hass.config.allowlist_external_urls = {url}
    outcome = hass.async_create_task(async_outcome(hass, url))
    await requested.wait()
    freezer.tick(31)
    assert await outcome == "url_unavailable"
    over.set()
    hanging.close()
    await hanging.wait_closed()


# Files on disk


async def async_outcome(hass: HomeAssistant, attachment: object) -> str:
    """Send a file, and return the outcome."""
    try:
        await async_send(hass, attachment=attachment)
    except HomeAssistantError as err:
        return f"{err.translation_key}"
    return "sent"


@pytest.mark.parametrize(
    "name", ["missing.jpg", "", "pipe", "loop.jpg", "\0", "\ud83d.jpg"]
)
async def test_unreadable_path(
    hass: HomeAssistant, account: Account, allowed: Path, name: str
) -> None:
    """Test that an unreadable path is not sent, does not block, and has its error."""
    os.mkfifo(allowed / "pipe")
    (allowed / "loop.jpg").symlink_to("loop.jpg")
    err = await async_send_error(hass, attachment=f"{allowed}/{name}")
    assert err.translation_key == "file_unreadable"
    assert account.requests == []
    assert hass.states.get(ALEX).state == STATE_UNKNOWN


async def test_no_threads(hass: HomeAssistant, account: Account, allowed: Path) -> None:
    """Test that a file is not sent if no thread can be started to read it."""
    with patch.object(disk, "Thread", side_effect=RuntimeError):
        err = await async_send_error(hass, attachment=f"{allowed / 'door.jpg'}")
    assert err.translation_key == "file_unreadable"


async def test_no_thread_to_close(
    hass: HomeAssistant, account: Account, allowed: Path
) -> None:
    """Test that a sent file is sent, even if no thread can be started to close it."""
    needed = iter([Thread, Thread])  # To open the file, and to read it.

    def start_few(*args: Any, **options: Any) -> Thread:
        return next(needed, no_thread)(*args, **options)

    no_thread = MagicMock(side_effect=RuntimeError("can't start new thread"))
    with patch.object(disk, "Thread", start_few):
        await async_send(hass, attachment=f"{allowed / 'door.jpg'}")
    assert no_thread.called
    assert sent_file(account) == ("door.jpg", PICTURE, "")


async def test_empty_file(
    hass: HomeAssistant, account: Account, allowed: Path, server: CannedServer
) -> None:
    """Test that an empty file is refused, wherever it comes from."""
    (allowed / "empty.jpg").touch()
    server.respond(200, b"")
    for attachment in (f"{allowed / 'empty.jpg'}", f"{server.url}/pictures/empty.jpg"):
        err = await async_send_error(hass, attachment=attachment)
        assert err.translation_key == "file_empty"
    assert account.requests == []


async def test_empty_picture(
    hass: HomeAssistant, account: Account, doorbell: Doorbell
) -> None:
    """Test that an image entity without a picture has nothing to send."""
    doorbell.picture = b""
    err = await async_send_error(hass, attachment="image.doorbell")
    assert err.translation_key == "attachment_unavailable"


async def test_large_file(hass: HomeAssistant, account: Account, media: Path) -> None:
    """Test that a file larger than GREEN-API's limit is refused without an upload."""
    with (media / "large.mp4").open("wb") as large:
        large.truncate(100 * 1024 * 1024 + 1)

    err = await async_send_error(
        hass, attachment=media_selection("media_source/local/large.mp4"), message=TEXT
    )
    assert err.translation_key == "too_large"
    assert all_called_methods(account) == []


def open_files(folder: Path) -> int:
    """Return the number of open files of a folder."""
    found = 0
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # Closed in the meantime.
            found += number.readlink().is_relative_to(folder)
    return found


def files(account: Account) -> list[bytes]:
    """Return the contents of the files that have arrived, sorted."""
    bodies: list[Any] = [message.body for message in account.waiting]
    return sorted(base64.b64decode(body["file"]["content"]) for body in bodies)


async def async_hold(hass: HomeAssistant, account: Account) -> asyncio.Task[str]:
    """Make an upload hang, so that other files for the chat wait."""
    account.faults["sendFileByUpload"] = Fault.HANG
    task = hass.async_create_task(async_outcome(hass, "image.doorbell"))
    await async_wait_until(lambda: "sendFileByUpload" in all_called_methods(account))
    return task


def release(account: Account, hanging: asyncio.Task[str]) -> None:
    """Release the waiting files."""
    account.faults.clear()
    hanging.cancel()


@pytest.mark.usefixtures("doorbell")
async def test_checked_file_is_sent(
    hass: HomeAssistant, account: Account, allowed: Path, tmp_path: Path
) -> None:
    """Test that changing a link or folder while a file waits does not redirect it."""
    secret, folder, link = tmp_path / "secret", allowed / "folder", allowed / "link.jpg"
    for path in (secret, folder):
        path.mkdir()
        (path / "door.jpg").write_bytes(path.name.encode())
    link.symlink_to("door.jpg")
    hanging = await async_hold(hass, account)
    waiting = [
        hass.async_create_task(async_outcome(hass, f"{path}"))
        for path in (link, folder / "door.jpg")
    ]
    await async_wait_until(lambda: open_files(allowed) == 2)

    link.unlink()
    link.symlink_to(secret / "door.jpg")
    folder.rename(tmp_path / "moved")
    folder.symlink_to(secret)
    release(account, hanging)

    assert await asyncio.gather(*waiting) == ["sent", "sent"]
    assert files(account) == sorted([PICTURE, b"folder"])
    await async_wait_until(lambda: open_files(tmp_path) == 0)


async def test_link_replaced_during_check(
    hass: HomeAssistant, account: Account, allowed: Path, tmp_path: Path
) -> None:
    """Test that a path that becomes a link between check and opening is refused."""
    secret, folder = tmp_path / "secret", allowed / "folder"
    for path in (secret, folder):
        path.mkdir()
        (path / "door.jpg").write_bytes(path.name.encode())

    def check_and_change(path: str) -> bool:
        folder.rename(tmp_path / "moved")
        folder.symlink_to(secret)
        return True

    with patch.object(hass.config, "is_allowed_path", check_and_change):
        err = await async_send_error(hass, attachment=f"{folder / 'door.jpg'}")
    assert err.translation_key == "file_unreadable"
    assert account.requests == []


async def test_allowed_link(
    hass: HomeAssistant, account: Account, allowed: Path, tmp_path: Path
) -> None:
    """Test that a link is resolved once, and its target must be allowed."""
    (tmp_path / "link.jpg").symlink_to(allowed / "door.jpg")
    (allowed / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    await async_send(hass, attachment=f"{tmp_path / 'link.jpg'}")
    assert sent_file(account) == ("link.jpg", PICTURE, "")
    err = await async_send_error(hass, attachment=f"{allowed / 'link.jpg'}")
    assert err.translation_key == "path_not_allowed"


# Sources that hang


@dataclass
class HangingShare:
    """A folder of a network share, whose files hang while the share does."""

    folder: Path
    answers: Event
    blocked_calls: int = 0

    def wait(self, path: object) -> None:
        """Block while something is waiting for the share."""
        if f"{path}".startswith(f"{self.folder}"):
            self.blocked_calls += 1
            assert self.answers.wait(30)


@pytest.fixture
def share(
    hass: HomeAssistant, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[HangingShare]:
    """Return a share that hangs, with some pictures."""
    share = HangingShare(allowed / "share", Event())
    share.folder.mkdir()
    for number in range(20):
        (share.folder / f"{number}.jpg").write_bytes(PICTURE)
    is_allowed = hass.config.is_allowed_path

    def wait_and_check(path: str) -> bool:
        share.wait(path)
        return is_allowed(path)

    monkeypatch.setattr(hass.config, "is_allowed_path", wait_and_check)
    yield share
    share.answers.set()


async def async_tick(freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass."""
    freezer.tick(seconds)
    for _ in range(50):
        await asyncio.sleep(0)


async def async_begin(
    hass: HomeAssistant, share: HangingShare, numbers: Iterable[int]
) -> list[asyncio.Task[str]]:
    """Start sending files of a share."""
    return [
        hass.async_create_task(async_outcome(hass, f"{share.folder / f'{number}.jpg'}"))
        for number in numbers
    ]


@pytest.mark.usefixtures("doorbell")
async def test_hanging_share(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    allowed: Path,
    share: HangingShare,
) -> None:
    """Test that a hanging share blocks only its own files, and those not for long.

    Home Assistant's own threads are not used, and few others are started.
    """
    hanging = await async_begin(hass, share, range(20))
    await async_wait_until(lambda: share.blocked_calls == disk.MAX_THREADS_OF_FOLDER)

    # At once on the frozen clock: it stands still.
    assert await async_outcome(hass, "image.doorbell") == "sent"
    assert await async_outcome(hass, f"{allowed / 'door.jpg'}") == "sent"

    await async_tick(freezer, disk.ACCESS_SECONDS - 1)
    assert not any(task.done() for task in hanging)
    await async_tick(freezer, 2)
    assert set(await asyncio.gather(*hanging)) == {"file_unreadable"}
    assert share.blocked_calls == disk.MAX_THREADS_OF_FOLDER

    # While the share hangs, its files are refused at once.
    (more,) = await async_begin(hass, share, [0])
    assert await more == "file_unreadable"
    assert await async_outcome(hass, f"{allowed / 'door.jpg'}") == "sent"
    assert share.blocked_calls == disk.MAX_THREADS_OF_FOLDER

    share.answers.set()
    await async_wait_until(lambda: open_files(share.folder) == 0)
    await async_wait_until(lambda: not file_threads())
    await async_tick(freezer, 0)
    (again,) = await async_begin(hass, share, [0])
    assert await again == "sent"
    await async_wait_until(lambda: not file_threads())


def file_threads() -> list[Thread]:
    """Return the threads that are busy with files."""
    return [it for it in threading.enumerate() if it.name == f"{DOMAIN} file"]


async def test_slow_share(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    share: HangingShare,
) -> None:
    """Test that a slow share, such as a disk that spins up, delays only its files."""
    sending = await async_begin(hass, share, range(12))
    await async_wait_until(lambda: share.blocked_calls == disk.MAX_THREADS_OF_FOLDER)
    await async_tick(freezer, disk.ACCESS_SECONDS - 1)
    share.answers.set()
    assert set(await asyncio.gather(*sending)) == {"sent"}
    await async_wait_until(lambda: not file_threads())


async def test_many_hanging_folders(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    allowed: Path,
    share: HangingShare,
) -> None:
    """Test that the number of threads is limited, however many folders hang."""
    folders = [share.folder / f"{number}" for number in range(20)]
    hanging = [
        hass.async_create_task(async_outcome(hass, f"{folder / 'a.jpg'}"))
        for folder in folders
    ]
    await async_wait_until(lambda: share.blocked_calls == disk.MAX_THREADS)
    await async_tick(freezer, disk.ACCESS_SECONDS + 1)
    assert set(await asyncio.gather(*hanging)) == {"file_unreadable"}
    assert await async_outcome(hass, f"{allowed / 'door.jpg'}") == "file_unreadable"
    assert len(file_threads()) == share.blocked_calls == disk.MAX_THREADS
    share.answers.set()
    await async_wait_until(lambda: not file_threads())


async def test_sender_cancelled(
    hass: HomeAssistant, account: Account, allowed: Path, share: HangingShare
) -> None:
    """Test that a file that is no longer needed is closed once it opens."""
    (hanging,) = await async_begin(hass, share, [0])
    await async_wait_until(lambda: share.blocked_calls == 1)
    with patch.object(disk.OpenFile, "_start_closing", autospec=True) as closing:
        hanging.cancel()
        await asyncio.sleep(0)
        share.answers.set()
        await async_wait_until(lambda: closing.called)
    (sent_file,) = closing.call_args.args
    assert open_files(share.folder) == 1
    sent_file._start_closing()
    await async_wait_until(lambda: open_files(share.folder) == 0)
    await async_wait_until(lambda: not file_threads())


@dataclass
class Reading:
    """Reading of files that hangs after the beginning."""

    answers: Event
    is_asked: bool = False
    pread: Callable[[int, int, int], bytes] = os.pread

    def read(self, descriptor: int, size: int, start: int) -> bytes:
        """Read a part of a file."""
        if start:
            self.is_asked = True
            assert self.answers.wait(30)
        return self.pread(descriptor, size, start)


async def test_share_hangs_while_file_is_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    account: Account,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an upload whose file cannot be read further fails as not sent."""
    (media / "long.mp4").write_bytes(bytes(1_000_000))
    reading = Reading(Event())
    monkeypatch.setattr(disk.os, "pread", reading.read)
    task = hass.async_create_task(
        async_outcome(hass, media_selection("media_source/local/long.mp4"))
    )
    await async_wait_until(lambda: reading.is_asked)
    await async_tick(freezer, disk.ACCESS_SECONDS + 1)
    assert await task == "file_unreadable"
    assert open_files(media) == 1
    reading.answers.set()
    await async_wait_until(lambda: open_files(media) == 0)
    assert account.waiting == ()
    await async_wait_until(lambda: not file_threads())


async def test_upload_stalls(
    hass: HomeAssistant,
    account: Account,
    allowed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that an upload that the server stops reading fails as not sent."""
    monkeypatch.setattr(form, "STALL_SECONDS", 0.2)
    (allowed / "long.mp4").write_bytes(bytes(20_000_000))
    async with stalling_server(stop_reading) as url:
        server = URL(url)
        with requests_sent_to(
            "sendFileByUpload", "http", f"{server.host}", server.port
        ):
            said = await async_outcome(hass, f"{allowed / 'long.mp4'}")
    assert said == "upload_stalled"
    assert account.queue == 0


async def async_given_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, attachment: object
) -> str:
    """Return the error for media that hangs, half a minute later."""
    task = hass.async_create_task(async_outcome(hass, attachment))
    await async_tick(freezer, 0)
    await async_tick(freezer, 31)
    return await task


async def test_camera_hangs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account, camera: Any
) -> None:
    """Test that a camera that hangs times out with an error message."""
    camera.hangs = True
    said = await async_given_up(hass, freezer, "camera.front_door")
    assert said == "attachment_unavailable"
    assert account.requests == []


async def test_voice_hangs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, account: Account, voice: Any
) -> None:
    """Test that text-to-speech that hangs times out with an error message."""
    voice.hangs = True
    speech = media_selection("tts/tts.speaker?message=Hello")
    said = await async_given_up(hass, freezer, speech)
    assert said == "attachment_unavailable"
    assert account.requests == []


# Permissions


ATTACHMENTS: Final = [
    "camera.front_door",
    "image.doorbell",
    "media-source://camera/camera.front_door",
    media_selection("camera/camera.front_door"),
    media_selection("image/image.doorbell"),
]


def context_of(hass: HomeAssistant, **entity_ids: object) -> Context:
    """Return the context of a user with the listed permissions for entities."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy(
        {
            "entities": {
                "entity_ids": {
                    it.replace("__", "."): may for it, may in entity_ids.items()
                }
            }
        }
    )
    return Context(user_id=user.id)


@pytest.mark.usefixtures("camera")
async def test_return_error_of_home_assistant(hass: HomeAssistant) -> None:
    """Test that an error of Home Assistant itself is returned unchanged."""
    response = await async_send(
        hass,
        attachment="camera.front_door",
        context=context_of(hass, notify__alex=True),
        return_errors=True,
    )
    assert response == {ALEX: {"error": "Unauthorized"}}


@pytest.mark.parametrize("attachment", ATTACHMENTS)
@pytest.mark.usefixtures("camera", "doorbell")
async def test_unauthorized(
    hass: HomeAssistant, account: Account, attachment: object
) -> None:
    """Test that a user who may not see a picture cannot send it either."""
    context = context_of(hass, notify__alex=True)
    with pytest.raises(Unauthorized) as caught:
        await async_send(hass, attachment=attachment, context=context)
    assert caught.value.permission == POLICY_READ
    assert caught.value.entity_id in {"camera.front_door", "image.doorbell"}
    assert account.requests == []


@pytest.mark.parametrize("attachment", ATTACHMENTS)
@pytest.mark.usefixtures("camera", "doorbell")
async def test_authorized(
    hass: HomeAssistant, account: Account, attachment: object
) -> None:
    """Test that permission to read a picture is enough to send it."""
    may_see = {"read": True}
    context = context_of(
        hass, notify__alex=True, camera__front_door=may_see, image__doorbell=may_see
    )
    await async_send(hass, attachment=attachment, context=context)
    assert sent_file(account)[1] == PICTURE


# Limits on simultaneous files


async def test_too_many_files(
    hass: HomeAssistant, account: Account, allowed: Path, doorbell: Doorbell
) -> None:
    """Test that enough files for an alarm can wait, and more are refused at once."""
    hanging = await async_hold(hass, account)
    door = f"{allowed / 'door.jpg'}"
    most = waiting_files.MAX_FILES - 1
    waiting = [hass.async_create_task(async_outcome(hass, door)) for _ in range(most)]
    await async_wait_until(lambda: open_files(allowed) == most)

    assert await async_outcome(hass, door) == "too_many_files"
    assert await async_outcome(hass, "image.doorbell") == "too_many_files"
    await hass.services.async_call(
        "notify", "send_message", {"entity_id": ALEX, "message": TEXT}, blocking=True
    )

    release(account, hanging)
    assert set(await asyncio.gather(*waiting)) == {"sent"}
    assert open_files(allowed) == 0
    assert await async_outcome(hass, door) == "sent"


async def test_large_pictures(
    hass: HomeAssistant, account: Account, doorbell: Doorbell
) -> None:
    """Test that a dozen large pictures can wait, and the memory used is limited."""
    size = 2_600_000
    doorbell.picture = bytes(size)
    hanging = await async_hold(hass, account)
    tasks = [
        hass.async_create_task(async_outcome(hass, "image.doorbell")) for _ in range(30)
    ]
    await async_wait_until(lambda: sum(task.done() for task in tasks) == 30 - 11)
    assert 12 * size <= waiting_files.MAX_BYTES < 13 * size
    release(account, hanging)
    outcomes = await asyncio.gather(*tasks)
    assert outcomes.count("sent") == 11
    assert outcomes.count("too_many_files") == 30 - 11
    assert await async_outcome(hass, "image.doorbell") == "sent"


async def test_picture_for_several_recipients(
    hass: HomeAssistant,
    account: Account,
    loaded_entry: MockConfigEntry,
    camera: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a picture for several recipients is taken once, and counts once."""
    monkeypatch.setattr(waiting_files, "MAX_BYTES", 2 * len(PICTURE))
    names = [f"Person {number}" for number in range(5)]
    for number, name in enumerate(names):
        await async_add_recipient(hass, loaded_entry, name, f"44770090020{number}@c.us")
    them = [f"notify.person_{number}" for number in range(5)]
    response = await async_send(hass, them, attachment="camera.front_door")
    assert response.keys() == set(them)
    assert files(account) == [PICTURE] * 5
    assert camera.pictures == 1


async def test_camera_hangs_for_several_recipients(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    loaded_entry: MockConfigEntry,
    camera: Any,
) -> None:
    """Test that a camera that hangs is asked and waited for once."""
    await async_add_recipient(hass, loaded_entry, "Sam", "447700900124@c.us")
    camera.hangs = True
    sending = hass.async_create_task(
        async_send(
            hass,
            [ALEX, "notify.sam"],
            attachment="camera.front_door",
            return_errors=True,
        )
    )
    await async_tick(freezer, 0)
    await async_tick(freezer, 31)
    response = await sending
    assert [it.keys() for it in response.values()] == [{"error"}, {"error"}]
    assert camera.pictures == 1


async def test_single_large_picture(
    hass: HomeAssistant,
    account: Account,
    doorbell: Doorbell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a single picture may be as large as GREEN-API's limit."""
    monkeypatch.setattr(waiting_files, "MAX_BYTES", 10)
    assert await async_outcome(hass, "image.doorbell") == "sent"


async def test_downloads_count_as_memory(
    hass: HomeAssistant,
    account: Account,
    doorbell: Doorbell,
    server: CannedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a download counts toward the memory limit while it is loading."""
    monkeypatch.setattr(waiting_files, "MAX_BYTES", 100_000)
    server.respond(200, bytes(100_000), "image/jpeg")
    hanging = await async_hold(hass, account)
    said = await async_outcome(hass, f"{server.url}/pictures/door.jpg")
    assert said == "too_many_files"
    release(account, hanging)
    said = await async_outcome(hass, f"{server.url}/pictures/door.jpg")
    assert said == "sent"
