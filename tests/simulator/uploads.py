"""Request bodies, including forms with files."""

import base64
import json
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

if TYPE_CHECKING:
    from .wire import Json

MAX_FILE_BYTES = 100 * 1024 * 1024

# The content of files up to this size is kept, of larger ones only the size.
KEPT_BYTES = 1024 * 1024


async def read_body(request: web.Request) -> str:
    """Return the body of a request; a form is converted to JSON."""
    if request.content_type == "multipart/form-data":
        return json.dumps(await _read_form(request))
    return (await request.read()).decode(errors="replace")


async def _read_form(request: web.Request) -> dict[str, Json]:
    """Return the fields and the file of a form, keeping little in memory."""
    form: dict[str, Json] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        form[part.name] = (
            await part.text() if part.filename is None else await _read_file(part)
        )
    return form


async def _read_file(part: BodyPartReader) -> dict[str, Json]:
    """Return the name, the size in bytes and, if it is small, the content of a file."""
    size, kept = 0, bytearray()
    while chunk := await part.read_chunk(1 << 18):
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_FILE_BYTES, size)
        if size <= KEPT_BYTES:
            kept += chunk
    content = base64.b64encode(kept).decode() if size <= KEPT_BYTES else None
    return {"name": part.filename, "size": size, "content": content}
