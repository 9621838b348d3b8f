"""Files from Home Assistant: pictures of entities, speech, and local media."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)

from ..const import DOMAIN
from .disk import async_open_file
from .found_file import FoundFile

if TYPE_CHECKING:
    from homeassistant.components.camera import Image as CameraImage
    from homeassistant.components.image import Image
    from homeassistant.components.media_source import PlayMedia

type _Picture = CameraImage | Image

# The components are imported when they are needed, because most messages are texts.
# Their requirements may not be installed.
# ruff: noqa: PLC0415

# Maximum seconds to wait for media. A camera or text-to-speech may take long, or hang.
MEDIA_SECONDS: Final = 30


async def async_get_picture(
    hass: HomeAssistant, entity_id: str, context: Context | None
) -> FoundFile:
    """Return the current picture of a camera or an image entity.

    Raises Unauthorized if the user may not see it, and HomeAssistantError if it is not
    available.
    """
    await _async_check_permission(hass, entity_id, context)
    domain, _, object_id = entity_id.partition(".")
    picture = await _async_with_timeout(_PICTURES[domain](hass, entity_id))
    return FoundFile(object_id, picture.content, picture.content_type)


async def async_get_speech(hass: HomeAssistant, media_id: str) -> FoundFile:
    """Return the audio of a text-to-speech message.

    Raises HomeAssistantError if it is not available.
    """
    return await _async_with_timeout(_async_get_speech(hass, media_id))


async def async_get_media(hass: HomeAssistant, media_id: str) -> FoundFile:
    """Return a file of any other media source, which has to be on disk.

    Raises ServiceValidationError if it is not on disk, HomeAssistantError if it is not
    available, and `FileUnreadableError` if it cannot be opened.
    """
    media = await _async_with_timeout(_async_resolve(hass, media_id))
    if media.path is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="attachment_not_local"
        )
    # The media source has already checked that the path is allowed.
    path = Path(media.path)
    file = await async_open_file(hass, path, lambda _: True)
    return FoundFile(path.name, file, media.mime_type)


async def _async_check_permission(
    hass: HomeAssistant, entity_id: str, context: Context | None
) -> None:
    """Raise `Unauthorized` if the user may not see an entity."""
    if context is None or context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None or not user.permissions.check_entity(entity_id, POLICY_READ):
        raise Unauthorized(context, entity_id=entity_id, permission=POLICY_READ)


async def _async_with_timeout[T](get: Awaitable[T]) -> T:
    """Return the result of a media source.

    Raises a translated HomeAssistantError for any exception, or if it takes too long.
    """
    # Media sources are other integrations, which may raise anything. Their exceptions
    # may contain the text of a message, so they are not chained.
    with suppress(Exception):
        async with asyncio.timeout(MEDIA_SECONDS):
            return await get
    raise HomeAssistantError(
        translation_domain=DOMAIN, translation_key="attachment_unavailable"
    )


async def _async_get_snapshot(hass: HomeAssistant, entity_id: str) -> _Picture:
    """Return the current picture of a camera."""
    from homeassistant.components import camera

    return await camera.async_get_image(hass, entity_id)


async def _async_get_image(hass: HomeAssistant, entity_id: str) -> _Picture:
    """Return the picture of an image entity."""
    from homeassistant.components import image

    return await image.async_get_image(hass, entity_id)


_PICTURES: Final[Mapping[str, Callable[[HomeAssistant, str], Awaitable[_Picture]]]] = {
    "camera": _async_get_snapshot,
    "image": _async_get_image,
}


async def _async_get_speech(hass: HomeAssistant, media_id: str) -> FoundFile:
    """Return the audio of a text-to-speech message."""
    from homeassistant.components import tts

    extension, audio = await tts.async_get_media_source_audio(hass, media_id)
    return FoundFile(f"speech.{extension}", audio)


async def _async_resolve(hass: HomeAssistant, media_id: str) -> PlayMedia:
    """Return the location of media."""
    from homeassistant.components import media_source

    return await media_source.async_resolve_media(hass, media_id, None)
