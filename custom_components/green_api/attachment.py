"""Files to be sent, from wherever Home Assistant has them."""

from collections.abc import Awaitable, Callable, Mapping
import mimetypes
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .api import Attachment
from .const import DOMAIN

# The components are imported when they are needed: most people send texts.
# ruff: noqa: PLC0415

_PREFIX: Final = "media-source://"

# What the sources raise of media that they do not have. Home Assistant may lack what a
# component needs that is not set up.
_UNAVAILABLE: Final = (HomeAssistantError, ImportError, KeyError, OSError, ValueError)

type _Getter = Callable[[HomeAssistant, str], Awaitable[Attachment]]


async def async_get_attachment(
    hass: HomeAssistant, source: Mapping[str, str] | str, filename: str | None
) -> Attachment:
    """Return the file that a path or a choice of media names."""
    if isinstance(source, str):
        found = await _async_get_file(hass, source)
    else:
        found = await _async_get_media(hass, source["media_content_id"])
    if not filename:
        return found
    # The messengers distinguish pictures from documents by it.
    extension = "" if Path(filename).suffix else Path(found.name).suffix
    return Attachment(f"{filename}{extension}", found.content)


async def _async_get_file(hass: HomeAssistant, name: str) -> Attachment:
    """Return a file of the disk."""
    if not await hass.async_add_executor_job(hass.config.is_allowed_path, name):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_allowed"
        )
    path = Path(name)
    return Attachment(path.name, path)


async def _async_get_media(hass: HomeAssistant, media_id: str) -> Attachment:
    """Return a file of a media source."""
    source = media_id.removeprefix(_PREFIX).partition("/")[0]
    get = _GETTERS.get(source, _async_resolve)
    try:
        return await get(hass, media_id)
    except ServiceValidationError:
        raise
    except _UNAVAILABLE as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="attachment_unavailable"
        ) from err


async def _async_get_snapshot(hass: HomeAssistant, media_id: str) -> Attachment:
    """Return what a camera sees."""
    from homeassistant.components import camera

    entity_id = media_id.removeprefix(f"{_PREFIX}camera/")
    image = await camera.async_get_image(hass, entity_id)
    return _picture(entity_id, image.content_type, image.content)


async def _async_get_image(hass: HomeAssistant, media_id: str) -> Attachment:
    """Return what an image entity shows."""
    from homeassistant.components import image

    entity_id = media_id.removeprefix(f"{_PREFIX}image/")
    shown = await image.async_get_image(hass, entity_id)
    return _picture(entity_id, shown.content_type, shown.content)


async def _async_get_speech(hass: HomeAssistant, media_id: str) -> Attachment:
    """Return a text that is spoken."""
    from homeassistant.components import tts

    extension, audio = await tts.async_get_media_source_audio(hass, media_id)
    return Attachment(f"speech.{extension}", audio)


async def _async_resolve(hass: HomeAssistant, media_id: str) -> Attachment:
    """Return a file of any other source, which has to be on the disk."""
    from homeassistant.components import media_source

    media = await media_source.async_resolve_media(hass, media_id, None)
    if media.path is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="attachment_not_local"
        )
    return Attachment(media.path.name, media.path)


def _picture(entity_id: str, content_type: str, content: bytes) -> Attachment:
    """Return a picture, named after its entity."""
    extension = mimetypes.guess_extension(content_type) or ".jpg"
    return Attachment(f"{entity_id.partition('.')[2]}{extension}", content)


_GETTERS: Final[Mapping[str, _Getter]] = {
    "camera": _async_get_snapshot,
    "image": _async_get_image,
    "tts": _async_get_speech,
}
