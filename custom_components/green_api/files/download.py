"""Files from other servers.

Home Assistant downloads them itself, because GREEN-API cannot reach a local camera.
Only URLs that the user has allowed are requested, and redirects are not followed.
"""

from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..const import DOMAIN
from .found_file import FoundFile
from .waiting_files import Place

# Maximum number of bytes of a file, which is held in memory.
MAX_BYTES: Final = 16 * 1024 * 1024

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=10)


async def async_download(hass: HomeAssistant, address: str, place: Place) -> FoundFile:
    """Download the file at a URL.

    Raises ServiceValidationError if the URL is not allowed, and HomeAssistantError if
    there is no file, if it is too large, or if there are too many files. A URL may
    contain a password, so no exception is raised from another one.
    """
    url = _allowed_url(hass, address)
    if url is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="url_not_allowed"
        )
    file = await _async_load(hass, url, place)
    if file is None:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="url_unavailable"
        )
    return file


def _allowed_url(hass: HomeAssistant, address: str) -> URL | None:
    """Return the URL to request, None if it is not allowed.

    The user name and the password in it are not a part of what is allowed.
    """
    try:
        url = URL(address)
        allowed = hass.config.is_allowed_external_url(f"{url.with_user(None)}")
    except ValueError:
        return None
    return url if allowed else None


async def _async_load(hass: HomeAssistant, url: URL, place: Place) -> FoundFile | None:
    """Return the file at a URL, None if there is none or it is too large."""
    try:
        async with async_get_clientsession(hass).get(
            url,
            allow_redirects=False,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            timeout=TIMEOUT,
        ) as response:
            if response.status == HTTPStatus.OK:
                content = await _async_read(response.content, place)
                return FoundFile(url.name, content, response.content_type)
    except HomeAssistantError:
        raise
    except Exception:  # noqa: BLE001
        # Any exception: aiohttp lets some exceptions of its parsers escape.
        return None
    return None


async def _async_read(stream: aiohttp.StreamReader, place: Place) -> bytes:
    """Read a file completely. Raises ValueError if it is too large."""
    content = bytearray()
    while chunk := await stream.readany():
        content += chunk
        if len(content) > MAX_BYTES:
            raise ValueError
        place.hold(len(content))
    return bytes(content)
