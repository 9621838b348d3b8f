"""Parse the API URL that a user enters or pastes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
import re
from typing import Final, Self
from urllib.parse import unquote

from yarl import URL

from homeassistant.util.network import is_host_valid, is_ip_address, is_loopback

_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.-]*://"

# Start of the part of a pasted URL that contains the token. It is searched for in the
# decoded path: an encoded separator must not leave the token in the address.
_METHOD_PATH: Final = r"(?i)[/\\]waInstance(?P<instance_id>[^/\\]*)"

# The token in such a URL. It is searched for in the encoded path: a decoded token may
# contain a slash.
_REQUEST_PATH: Final = r"(?i)/waInstance[0-9]+/[a-z]+/(?P<api_token>[^/]+)"

# Maximum length in characters: parsing longer addresses takes too long.
_MAX_LENGTH: Final = 2048

# What a URL parser removes or resolves. `waInstance` could be removed with it, and the
# token, which is recognized by it, would be left.
_RESOLVED: Final = r"(?i)[\s\\\x00-\x1f\x7f]|(?:\.|%2e){2}"

# The hosts of GREEN-API: the general one, and one for each pool of instances.
_OWN_HOST: Final = r"(?:[0-9]{4}\.)?api\.(?:greenapi|green-api)\.com"

# The known domains of the pools by their first digit.
_POOL_DOMAINS: Final[Mapping[str, str]] = {
    "3": "api.green-api.com",
    "4": "api.green-api.com",
    "7": "api.greenapi.com",
}
_POOL_LENGTH: Final = 4


class InvalidAddressError(ValueError):
    """Error to indicate that a text is not the address of a web server."""


class InsecureAddressError(ValueError):
    """Error to indicate that the token would be sent unencrypted."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address without a trailing slash.

    `instance_id` and `api_token` are set if the whole URL of a request was pasted.
    """

    url: str
    instance_id: str | None = None
    api_token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an address that was entered or pasted.

        Raise `InsecureAddressError` for HTTP to another computer, and
        `InvalidAddressError` for everything else that is not an address.
        """
        url = _url(text.strip())
        if url.scheme == "http" and not _is_local(url.raw_host or ""):
            raise InsecureAddressError
        pasted = re.search(_METHOD_PATH, url.path)
        path = url.path[: pasted.start()] if pasted else url.path
        has_more = url.raw_query_string or url.raw_fragment
        if "wainstance" in path.lower() or (has_more and not pasted):
            raise InvalidAddressError
        token = re.search(_REQUEST_PATH, url.raw_path)
        return cls(
            str(url.with_path(path)).rstrip("/"),
            (pasted and pasted["instance_id"]) or None,
            unquote(token["api_token"]) if token else None,
        )

    @staticmethod
    def of_pool(url: str, instance_id: str) -> str | None:
        """Return the address of the pool that an instance seems to belong to.

        Return None if the pool is unknown, or if `url` is already its address or does
        not belong to GREEN-API: the token must not be sent to any other host.
        """
        given = URL(url)
        domain = _POOL_DOMAINS.get(instance_id[:1])
        if (
            domain is None
            or len(instance_id) <= _POOL_LENGTH
            or given.scheme != "https"
            or not given.is_default_port()
            or not re.fullmatch(_OWN_HOST, given.raw_host or "")
        ):
            return None
        pool = given.with_host(f"{instance_id[:_POOL_LENGTH]}.{domain}")
        guessed = str(pool).rstrip("/")
        return guessed if guessed != url else None


def _url(text: str) -> URL:
    """Return the URL of a web server in a text.

    Raise `InvalidAddressError` if there is none.
    """
    if len(text) > _MAX_LENGTH:
        raise InvalidAddressError
    host, port = "", None
    # The parser raises several types of exceptions, all of which contain the URL.
    with suppress(Exception):
        url = URL(text if re.match(_SCHEME, text) else f"https://{text}")
        host, port = url.raw_host or "", url.port
    if (
        re.search(_RESOLVED, text)
        or not _is_host(host)
        or not port
        or url.scheme not in {"http", "https"}
        or "@" in url.raw_authority
    ):
        raise InvalidAddressError
    return url


def _is_host(host: str) -> bool:
    """Return whether a text is an IP address or a host name without a trailing dot."""
    # A numeric last label means an IP address, which may be incomplete.
    is_name = host.rpartition(".")[2].strip("0123456789")
    return is_ip_address(host) or (is_host_valid(host) and bool(is_name))


def _is_local(host: str) -> bool:
    """Return whether requests to the host stay on this computer."""
    if is_ip_address(host):
        return is_loopback(ip_address(host))
    return host == "localhost"
