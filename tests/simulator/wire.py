"""The formats of GREEN-API's responses."""

from datetime import UTC, datetime
import json
import math
import time

from aiohttp import web

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

CORS = {"Access-Control-Allow-Origin": "*"}


class Bucket:
    """A token bucket that limits the calls of one method of one instance."""

    def __init__(self, rate: float) -> None:
        """Initialize a full bucket with a rate in calls per second."""
        self.rate = rate
        self._tokens = self._capacity = max(rate, 1.0)
        self._filled_at = time.monotonic()

    def draw(self) -> bool:
        """Take a token from the bucket, and return whether there was one."""
        now = time.monotonic()
        self._tokens += max(now - self._filled_at, 0.0) * self.rate
        self._tokens = min(self._tokens, self._capacity)
        self._filled_at = now
        # A frozen clock counts microseconds in floats: a second may be slightly short.
        if self._tokens < 1 - 1e-3:
            return False
        self._tokens = max(self._tokens - 1, 0.0)
        return True

    @property
    def headers(self) -> dict[str, str]:
        """The rate limit headers."""
        return {
            "X-RateLimit-Remaining": str(math.floor(self._tokens)),
            "X-RateLimit-Replenish-Rate": f"{self.rate:g}",
        }


def compact(content: Json) -> str:
    """Return JSON without spaces."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def as_json(
    body: Json, headers: dict[str, str] | None = None, status: int = 200
) -> web.Response:
    """Return a JSON response of the application."""
    return web.Response(
        status=status,
        text=compact(body),
        content_type="application/json",
        headers=CORS | (headers or {}),
    )


def bare(status: int, headers: dict[str, str]) -> web.Response:
    """Return a response without a body whose content type is JSON."""
    return web.Response(
        status=status, content_type="application/json", headers=CORS | headers
    )


def as_text(status: int, text: str) -> web.Response:
    """Return a plain text response."""
    return web.Response(status=status, text=text, headers=CORS)


def nginx(status: int, reason: str) -> web.Response:
    """Return a page of the web server in front of the application."""
    title = f"{status} {reason}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return web.Response(status=status, body=page.encode(), content_type="text/html")


def envelope(request: web.BaseRequest, status: int, message: str) -> web.Response:
    """Return an error of the application, which echoes the path with the token."""
    timestamp = datetime.fromtimestamp(time.time(), UTC).isoformat(
        timespec="milliseconds"
    )
    return as_json(
        {
            "statusCode": status,
            "timestamp": timestamp.replace("+00:00", "Z"),
            "path": request.rel_url.raw_path,
            "message": message,
        },
        status=status,
    )
