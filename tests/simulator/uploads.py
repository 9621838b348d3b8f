"""Forms with files, as they arrive."""

import base64
import json
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

if TYPE_CHECKING:
    from .wire import Json

MAX_FILE_BYTES = 100 * 1024 * 1024

# A file up to this size is kept to be looked at; of others the size is known.
KEPT_BYTES = 1024 * 1024


async def read_body(request: web.Request) -> str:
    """Read a body, be it a form: that becomes JSON."""
    if request.content_type == "multipart/form-data":
        return json.dumps(await _read_form(request))
    return (await request.read()).decode(errors="replace")


async def _read_form(request: web.Request) -> dict[str, Json]:
    """Read the fields and the file of a form, and hold little of it."""
    form: dict[str, Json] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        form[part.name] = (
            await part.text() if part.filename is None else await _read_file(part)
        )
    return form


async def _read_file(part: BodyPartReader) -> dict[str, Json]:
    """Read a file: its name, its size, and its content if that is small."""
    size, kept = 0, bytearray()
    while chunk := await part.read_chunk(1 << 18):
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_FILE_BYTES, size)
        if size <= KEPT_BYTES:
            kept += chunk
    content = base64.b64encode(kept).decode() if size <= KEPT_BYTES else None
    return {"name": part.filename, "size": size, "content": content}
