"""Open the files to send, from any source in Home Assistant."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
import re
from typing import Final
from urllib.parse import unquote
from weakref import ref

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api import Attachment, GreenApiError
from ..const import DOMAIN
from ..texts import translation
from .disk import IsAllowed, async_open_file
from .download import async_download
from .found_file import FoundFile
from .media import async_get_media, async_get_picture, async_get_speech
from .waiting_files import Place, WaitingFiles


@dataclass(slots=True, repr=False)
class _Load:
    """A file that is loaded for all recipients of an account.

    It is only kept in memory until it has been sent to them.
    """

    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _found: Callable[[], FoundFile | None] = lambda: None
    _error: HomeAssistantError | None = None

    async def async_get(self, load: Callable[[], Awaitable[FoundFile]]) -> FoundFile:
        """Return the file, or raise why there is none; load it for the first one."""
        async with self._lock:
            if self._error:
                raise self._error
            if found := self._found():
                return found
            try:
                found = await load()
            except HomeAssistantError as err:
                self._error = err
                raise
            self._found = ref(found)
            return found


class FileSource:
    """The source of a file for one or more recipients.

    What is held in memory is loaded only once for all recipients of an account. Many
    cameras can't take several pictures at once, and a large one would fill the memory.
    """

    def __init__(self, source: object) -> None:
        """Initialize with a path, a URL, or a media selection.

        Anything else leads to no file.
        """
        self._text = _source_text(source)
        self._loads = defaultdict[WaitingFiles, _Load](_Load)

    async def async_find(self, search: _Search, files: WaitingFiles) -> FoundFile:
        """Return the file for a recipient of the account with these waiting files.

        Raises ServiceValidationError if the source has no known form.
        """
        for pattern, get, is_on_disk in _GETTERS:
            if match := re.fullmatch(pattern, self._text, re.DOTALL):
                load = partial(get, search, match[1])
                if is_on_disk:
                    return await load()
                return await self._loads[files].async_get(load)
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="attachment_unknown"
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChosenFile:
    """A file that a user wants to send to a recipient."""

    source: FileSource

    filename: str | None
    """The name to send the file with, None for its own."""

    recipient: str
    """The name of the recipient."""

    context: Context | None


@dataclass(frozen=True, slots=True, repr=False)
class _Search:
    """A search for a file."""

    hass: HomeAssistant
    context: Context | None
    """The context of the action call."""

    place: Place
    """The place that the file takes."""

    def is_allowed(self, path: Path) -> bool:
        """Return whether Home Assistant may read a path. This may block."""
        return self.hass.config.is_allowed_path(f"{path}")


type _Getter = Callable[[_Search, str], Awaitable[FoundFile]]


@asynccontextmanager
async def open_attachment(
    hass: HomeAssistant, entry: ConfigEntry, files: WaitingFiles, chosen: ChosenFile
) -> AsyncGenerator[Attachment]:
    """Open the file that a path, a URL, or a media selection refers to.

    The content at this time is what is sent, however long it has to wait. The number of
    files at a time is limited. The file is closed at the end. Raises a translated
    HomeAssistantError if the file is not allowed, not available, or empty.
    """
    text = partial(translation, hass, entry, recipient=chosen.recipient)
    with files.place() as place:
        search = _Search(hass, chosen.context, place)
        try:
            found = await chosen.source.async_find(search, files)
        except GreenApiError as err:
            raise HomeAssistantError(**text(err)) from err
        try:
            place.hold(found.bytes_in_memory, chosen.source)
            attachment = found.as_attachment(chosen.filename)
            if not attachment.size:
                raise HomeAssistantError(**text("file_empty"))
            yield attachment
        finally:
            await found.async_close()


def _source_text(source: object) -> str:
    """Return the path or URL of a source, which may be a text or a media selection.

    It is empty if the source is anything else.
    """
    text = source.get("media_content_id") if isinstance(source, Mapping) else source
    return text.strip() if isinstance(text, str) else ""


async def _async_get_file(search: _Search, name: str) -> FoundFile:
    """Return a file in a folder that Home Assistant may read."""
    return await _async_open(search, Path(name), search.is_allowed)


async def _async_get_public_file(search: _Search, address: str) -> FoundFile:
    """Return a file that Home Assistant serves to browsers."""
    folder = Path(search.hass.config.path("www"))

    def is_allowed(path: Path) -> bool:
        return path.is_relative_to(folder.resolve()) or search.is_allowed(path)

    # A query is often appended, so that browsers reload the file.
    path = folder / unquote(re.split("[?#]", address, maxsplit=1)[0])
    return await _async_open(search, path, is_allowed)


async def _async_open(search: _Search, path: Path, is_allowed: IsAllowed) -> FoundFile:
    """Open a file on disk, if the target of its path is allowed."""
    return FoundFile(path.name, await async_open_file(search.hass, path, is_allowed))


async def _async_get_picture(search: _Search, entity_id: str) -> FoundFile:
    """Return the picture of a camera or an image entity."""
    return await async_get_picture(search.hass, entity_id, search.context)


# Patterns of texts, how to get the file that their group names, and whether it is on
# disk. The first match is used.
_GETTERS: Final[tuple[tuple[str, _Getter, bool], ...]] = (
    (r"(?:media-source://camera/)?(camera\..+)", _async_get_picture, False),
    (r"(?:media-source://image/)?(image\..+)", _async_get_picture, False),
    (
        r"(media-source://tts/.+)",
        lambda it, name: async_get_speech(it.hass, name),
        False,
    ),
    (r"(media-source://.+)", lambda it, name: async_get_media(it.hass, name), True),
    (
        r"((?i:https?)://.+)",
        lambda it, name: async_download(it.hass, name, it.place),
        False,
    ),
    (r"/local/+([^/].*)", _async_get_public_file, True),
    (r"(/.+)", _async_get_file, True),
)
