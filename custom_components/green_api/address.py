"""Read the address of GREEN-API as people type or paste it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
import re
from typing import Final, Self
from urllib.parse import unquote

from yarl import URL

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# A number in the last place makes it an IP address, or nothing.
_HOST_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+$){_LABEL}")

# Where the rest of a pasted URL begins, with the token in it.
_METHOD_PATH: Final = re.compile(
    r"[/\\]waInstance(?P<instance_id>[^/\\]*)", re.IGNORECASE
)

# Where the token is in the path of such a URL, encoded or not.
_TOKEN_PATH: Final = re.compile(
    r"/waInstance[0-9]+/[a-z]+/(?P<api_token>[^/]+)", re.IGNORECASE
)

# What a URL parser drops or resolves, so that less is left than was pasted: the token
# without the method that gives it away.
_RESOLVED: Final = re.compile(r"[\s\\\x00-\x1f\x7f]|(?:\.|%2e){2}", re.IGNORECASE)


# GREEN-API's own hosts: one for all, and one for each pool of instances.
_OWN_HOST: Final = re.compile(r"(?:[0-9]{4}\.)?api\.(?:greenapi|green-api)\.com")

# The domains of the pools, by their first digit, as far as they have been seen.
_POOL_DOMAINS: Final[Mapping[str, str]] = {
    "3": "api.green-api.com",
    "4": "api.green-api.com",
    "7": "api.greenapi.com",
}
_POOL_LENGTH: Final = 4


class InvalidAddressError(ValueError):
    """Error if a text is not the address of a web server."""


class InsecureAddressError(ValueError):
    """Error if the token would be sent unencrypted."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address without a slash at its end.

    `instance_id` and `api_token` are those of the request whose whole URL was pasted,
    if one was.
    """

    url: str
    instance_id: str | None = None
    api_token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an address as it was typed or pasted."""
        url = _url(text.strip())
        if url.scheme == "http" and not _is_loopback(url.raw_host or ""):
            raise InsecureAddressError
        pasted = _METHOD_PATH.search(url.path)
        path = url.path[: pasted.start()] if pasted else url.path
        if "wainstance" in path.lower() or (not pasted and _has_more(url)):
            raise InvalidAddressError
        token = _TOKEN_PATH.search(url.raw_path)
        return cls(
            str(url.with_path(path)).rstrip("/"),
            (pasted and pasted["instance_id"]) or None,
            unquote(token["api_token"]) if token else None,
        )

    @staticmethod
    def of_pool(url: str, instance_id: str) -> str | None:
        """Return the address of the pool that an instance seems to belong to.

        There is one only in place of another address of GREEN-API's own: the token
        must not go to a host that nobody has named.
        """
        given = URL(url)
        domain = _POOL_DOMAINS.get(instance_id[:1])
        if (
            domain is None
            or len(instance_id) <= _POOL_LENGTH
            or given.scheme != "https"
            or not given.is_default_port()
            or not _OWN_HOST.fullmatch(given.raw_host or "")
        ):
            return None
        guessed = str(given.with_host(f"{instance_id[:_POOL_LENGTH]}.{domain}"))
        return guessed.rstrip("/") if guessed.rstrip("/") != url else None


def _url(text: str) -> URL:
    """Return the URL of a web server that a text stands for."""
    try:
        url = URL(text if _SCHEME.match(text) else f"https://{text}")
        host, port = url.raw_host or "", url.port
    except Exception:  # noqa: BLE001
        # Any at all: the parser has more than one for what is no URL.
        host, port = "", None
    if (
        _RESOLVED.search(text)
        or not (_HOST_NAME.fullmatch(host) or _ip(host))
        or not port
        or url.scheme not in {"http", "https"}
        or "@" in url.raw_authority
    ):
        # Outside of the clause above: its exception holds what was pasted.
        raise InvalidAddressError
    return url


def _has_more(url: URL) -> bool:
    """Return whether a URL has a query or a fragment, which no address has."""
    return bool(url.raw_query_string or url.raw_fragment)


def _is_loopback(host: str) -> bool:
    """Return whether requests to the host stay on this computer."""
    ip = _ip(host)
    return ip.is_loopback if ip else host == "localhost"


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a host is, if it is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None
