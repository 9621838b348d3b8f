"""A server on loopback that responds to all requests with the same bytes."""

import asyncio
from dataclasses import dataclass
from email.message import Message, MIMEPart
from email.parser import BytesHeaderParser, BytesParser
from email.policy import HTTP
import json
import ssl
from typing import Self


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it was received."""

    verb: str
    target: str
    headers: Message
    body: bytes

    @property
    def content_type(self) -> str | None:
        """The content type of the body, None if there is none."""
        return (
            self.headers.get_content_type() if "Content-Type" in self.headers else None
        )

    @property
    def data(self) -> object:
        """The parameters; a file in a form as its name and content."""
        if self.content_type != "multipart/form-data":
            return json.loads(self.body or "null")
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n"
        form = BytesParser(policy=HTTP).parsebytes(head.encode() + self.body)
        return dict(map(_field, form.iter_parts()))


class CannedServer:
    """A server that responds with `response` and closes the connection."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Initialize with an empty response."""
        self.response = b""
        self.requests: list[ReceivedRequest] = []
        self._tls = tls
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        assert self._server
        host, port = self._server.sockets[0].getsockname()
        return f"http{'s' if self._tls else ''}://{host}:{port}"

    def respond(
        self,
        status: int,
        body: bytes | str,
        content_type: bytes | str = "application/json",
        **headers: bytes | str,
    ) -> None:
        """Set the response; `_` is replaced with `-` in the names of headers."""
        lines = [
            b"HTTP/1.1 %d -" % status,
            b"Content-Type: " + _bytes(content_type),
            *(
                _bytes(name.replace("_", "-")) + b": " + _bytes(value)
                for name, value in headers.items()
            ),
        ]
        # Without a length, the body ends with the connection.
        self.response = b"\r\n".join([*lines, b"", _bytes(body)])

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(
            self._handle, "127.0.0.1", 0, ssl=self._tls
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        assert self._server
        self._server.close()
        await self._server.wait_closed()

    async def _handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read a request and respond."""
        try:
            head, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            headers = BytesHeaderParser().parsebytes(rest)
            body = await reader.readexactly(int(headers.get("Content-Length", 0)))
            verb, target, _ = head.decode().split(" ")
            self.requests.append(ReceivedRequest(verb, target, headers, body))
            writer.write(self.response)
            await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            pass  # The client has disconnected.
        finally:
            writer.close()


def _field(part: MIMEPart) -> tuple[str, object]:
    """Return the name and the value of a field of a form."""
    name = str(part.get_param("name", header="Content-Disposition"))
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    if (file_name := part.get_filename()) is None:
        return name, content.decode()
    return name, (file_name, content)


def _bytes(text: bytes | str) -> bytes:
    """Return the bytes of a text."""
    return text.encode() if isinstance(text, str) else text
