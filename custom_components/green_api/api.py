"""Client of the GREEN-API HTTP API.

It knows nothing of Home Assistant. The token is a part of every URL, so no URL,
no body and no exception of aiohttp leaves this module: a failed request is turned
into an error of this module's own, raised outside of any `except` clause, because
even `raise … from None` keeps the original exception in `__context__`.

Vendor's pages: https://green-api.com/en/docs/api/
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from http.cookies import SimpleCookie
import json
import math
import socket
from typing import ClassVar, Final, TypeGuard, override
from urllib.parse import quote

import aiohttp
from yarl import URL

MAX_BODY_BYTES: Final = 256 * 1024
TIMEOUT: Final = aiohttp.ClientTimeout(total=15)

# A body is read as it comes: whoever asks for no compression need not unpack any.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}

# What c-ares says of a name that has no address (ARES_ENODATA), that does not exist
# (ARES_ENOTFOUND) and that cannot exist (ARES_EBADNAME).
_NO_SUCH_NAME: Final = (1, 4, 8)

_MAX_STATE_LENGTH: Final = 64
_MAX_IMAGE_SIDE: Final = 4096


class InstanceState(StrEnum):
    """States of an instance, as `getStateInstance` spells them.

    https://green-api.com/en/docs/api/account/GetStateInstance/
    """

    AUTHORIZED = "authorized"
    BLOCKED = "blocked"
    NOT_AUTHORIZED = "notAuthorized"
    PENDING_CODE = "pendingCode"
    PENDING_PASSWORD = "pendingPassword"  # noqa: S105
    SLEEP_MODE = "sleepMode"
    STARTING = "starting"
    SUSPENDED = "suspended"
    YELLOW_CARD = "yellowCard"


class Messenger(StrEnum):
    """Messengers an instance can be linked to, as `typeInstance` spells them."""

    MAX = "v3"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"


class QrKind(StrEnum):
    """Kinds of answer to `qr`.

    https://green-api.com/en/docs/api/account/QR/
    """

    ALREADY_LOGGED = "alreadyLogged"
    ALREADY_REGISTERED = "already_registered"
    ERROR = "error"
    PASSKEY_REQUIRED = "passkeyRequired"
    PENDING_PASSWORD = "pending_password"  # noqa: S105
    QR_CODE = "qrCode"


class ErrorKind(StrEnum):
    """Kinds of failure; texts shown to people are keyed by them."""

    BAD_RESPONSE = "bad_response"
    CANNOT_CONNECT = "cannot_connect"
    DELETED = "deleted"
    EXPIRED = "expired"
    INVALID_AUTH = "invalid_auth"
    RATE_LIMITED = "rate_limited"
    STARTING = "starting"
    UNKNOWN_HOST = "unknown_host"
    WRONG_ADDRESS = "wrong_address"


class GreenApiError(Exception):
    """A request that brought no usable answer."""

    kind: ClassVar[ErrorKind]

    def __init__(self) -> None:
        """Say the kind of failure and nothing else."""
        super().__init__(self.kind.value)


class BadResponseError(GreenApiError):
    """The answer is not what GREEN-API documents: no JSON, wrong type, no field."""

    kind = ErrorKind.BAD_RESPONSE


class CannotConnectError(GreenApiError):
    """There was no answer, or a server on the way said that it failed."""

    kind = ErrorKind.CANNOT_CONNECT


class UnknownHostError(CannotConnectError):
    """The host name of the API URL does not exist."""

    kind = ErrorKind.UNKNOWN_HOST


class InstanceDeletedError(GreenApiError):
    """The instance was deleted in the console."""

    kind = ErrorKind.DELETED


class InstanceExpiredError(GreenApiError):
    """The plan of the instance is not paid for any more."""

    kind = ErrorKind.EXPIRED


class InstanceStartingError(GreenApiError):
    """The instance is starting, or not linked yet, and cannot do this now."""

    kind = ErrorKind.STARTING


class InvalidCredentialsError(GreenApiError):
    """The token was rejected, or the host does not know the instance."""

    kind = ErrorKind.INVALID_AUTH


class RateLimitedError(GreenApiError):
    """There were too many requests.

    `retry_after` is the time the server asks to wait in seconds, if it says so.
    """

    kind = ErrorKind.RATE_LIMITED

    def __init__(self, retry_after: float | None = None) -> None:
        """Keep the time to wait."""
        super().__init__()
        self.retry_after = retry_after


class WrongAddressError(GreenApiError):
    """The address does not serve this instance, or is not GREEN-API's."""

    kind = ErrorKind.WRONG_ADDRESS


@dataclass(frozen=True, slots=True)
class AccountState:
    """What `getStateInstance` says.

    `raw` is the server's own word; None while the instance is being created.
    """

    raw: str | None

    @property
    def known(self) -> InstanceState | None:
        """Return the state, or None where it is none of the documented ones."""
        return _STATES.get(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `getSettings` says, as far as it is of use here.

    https://green-api.com/en/docs/api/account/GetSettings/
    """

    messenger: Messenger
    wid: str
    webhook_url: str
    state_webhook: bool


@dataclass(frozen=True, slots=True)
class QrAnswer:
    """What `qr` says: a PNG to scan, or the reason why there is none."""

    kind: QrKind
    image: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class _Response:
    """A response, read to its end."""

    status: int
    content_type: str
    retry_after: str | None
    body: bytes

    @property
    def is_html(self) -> bool:
        """Tell a web page from an answer of the API."""
        return self.content_type == "text/html" or self.body.lstrip().startswith(b"<")


_KNOWN_MESSENGERS: Final = frozenset(Messenger)

_STATES: Final[Mapping[str | None, InstanceState]] = {
    state.value: state for state in InstanceState
}

_ERROR_BY_TEXT: Final[tuple[tuple[bytes, type[GreenApiError]], ...]] = (
    (b"account is expired", InstanceExpiredError),
    (b"instance is deleted", InstanceDeletedError),
    (b"starting process", InstanceStartingError),
    (b"starting or not authorized", InstanceStartingError),
    (b"account not authorized", InstanceStartingError),
)

_ERROR_BY_STATUS: Final[Mapping[int, type[GreenApiError]]] = {
    401: InvalidCredentialsError,
    403: WrongAddressError,
    404: WrongAddressError,
    408: CannotConnectError,
    499: CannotConnectError,
}
_ERROR_BY_STATUS_CLASS: Final[Mapping[int, type[GreenApiError]]] = {
    3: WrongAddressError,
    5: CannotConnectError,
}

_QR_KINDS: Final[Mapping[str, QrKind]] = {
    **{kind.value: kind for kind in QrKind},
    # How the English release note spells it.
    "PassKeyRequire": QrKind.PASSKEY_REQUIRED,
}


class RequestPacer:
    """Space out the requests to each method of each instance.

    The vendor counts them per instance, so everything in one process that may ask
    for the same instance shares one pacer.

    https://green-api.com/en/docs/api/ratelimiter/
    """

    DEFAULT_SPACING: ClassVar[float] = 1.1
    """Seconds between two requests: 1 per second, and a margin for the network."""

    SPACING: ClassVar[Mapping[str, float]] = {"qr": 0.4}

    def __init__(self) -> None:
        """Start with every method free."""
        self._free_at: dict[tuple[str, str], float] = {}

    async def wait_turn(self, instance_id: str, method: str) -> None:
        """Wait until the method may be asked again, and take that turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._free_at.get((instance_id, method), now))
        self._free_at[instance_id, method] = turn + self.SPACING.get(
            method, self.DEFAULT_SPACING
        )
        if turn > now:
            await asyncio.sleep(turn - now)


class GreenApiClient:
    """Ask one instance of GREEN-API.

    Every method makes one request and raises a `GreenApiError` if it fails.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        instance_id: str,
        api_token: str,
        *,
        pacer: RequestPacer,
    ) -> None:
        """Keep where to ask and with what."""
        self.instance_id = instance_id
        self._session = session
        self._base = f"{api_url}/waInstance{quote(instance_id, safe='')}"
        self._token = quote(api_token, safe="")
        self._pacer = pacer

    @override
    def __repr__(self) -> str:
        """Name the instance, never the token."""
        return f"<{type(self).__name__} {self.instance_id}>"

    async def get_state(self) -> AccountState:
        """Return the state of the account (`getStateInstance`).

        https://green-api.com/en/docs/api/account/GetStateInstance/
        """
        try:
            answer = await self._request("getStateInstance")
        except InstanceStartingError:
            return AccountState(InstanceState.STARTING)
        if answer is None:
            return AccountState(None)
        match _fields(answer):
            case {"stateInstance": None}:
                return AccountState(None)
            case {"stateInstance": str(raw)} if raw:
                state = AccountState(raw)
                return state if state.known else AccountState(self._word(raw))
        raise BadResponseError

    async def get_settings(self) -> Settings:
        """Return the settings of the instance (`getSettings`).

        https://green-api.com/en/docs/api/account/GetSettings/
        """
        fields = _fields(await self._request("getSettings"))
        type_instance = _text(fields, "typeInstance")
        return Settings(
            # WhatsApp's page does not list the field.
            messenger=Messenger(type_instance)
            if type_instance in _KNOWN_MESSENGERS
            else Messenger.WHATSAPP,
            wid=_text(fields, "wid"),
            webhook_url=_text(fields, "webhookUrl"),
            state_webhook=_text(fields, "stateWebhook") == "yes",
        )

    async def get_restricted_until(self, messenger: Messenger) -> datetime | None:
        """Return the end of the restriction, if there is one (`suspendedUntil`).

        https://green-api.com/en/docs/api/account/GetWaSettings/
        https://green-api.com/v3/docs/api/account/GetAccountSettings/
        """
        method = (
            "getWaSettings" if messenger is Messenger.WHATSAPP else "getAccountSettings"
        )
        seconds = _fields(await self._request(method)).get("suspendedUntil")
        return _moment(seconds) if _is_count(seconds) and seconds else None

    async def get_messages_count(self) -> int:
        """Return how many messages wait to be sent (`getMessagesCount`).

        https://green-api.com/en/docs/api/queues/GetMessagesCount/
        """
        fields = _fields(await self._request("getMessagesCount"))
        # The vendor's pages print the key with look-alike letters of other scripts.
        for value in (fields.get("count"), *fields.values()):
            if _is_count(value):
                return value
        raise BadResponseError

    async def reboot(self) -> bool:
        """Reboot the instance and return whether the server accepts (`reboot`).

        https://green-api.com/en/docs/api/account/Reboot/
        """
        match _fields(await self._request("reboot")):
            case {"isReboot": bool(accepted)}:
                return accepted
        raise BadResponseError

    async def get_qr(self) -> QrAnswer:
        """Return the QR code to link the account with; it lives 20 seconds (`qr`).

        https://green-api.com/en/docs/api/account/QR/
        """
        fields = _fields(await self._request("qr"))
        kind = _QR_KINDS.get(_text(fields, "type"))
        if kind is None:
            raise BadResponseError
        if kind is not QrKind.QR_CODE:
            return QrAnswer(kind)
        return QrAnswer(kind, _png(_text(fields, "message")))

    async def get_authorization_code(self, phone_number: int) -> str | None:
        """Return the code to type on the phone; it lives 2.5 minutes.

        None means that the account is linked already (`getAuthorizationCode`).

        https://green-api.com/en/docs/api/account/GetAuthorizationCode/
        """
        answer = await self._request(
            "getAuthorizationCode", {"phoneNumber": phone_number}
        )
        if answer is None:
            return None
        match _fields(answer):
            case {"status": True, "code": str(code)} if code.isalnum() and (
                len(code) <= _MAX_STATE_LENGTH
            ):
                return code
        raise BadResponseError

    def _word(self, text: str) -> str:
        """Return a word of the server's, fit to be kept and told."""
        word = text.encode(errors="replace").decode()
        if self._token in word or self._token in quote(word, safe=""):
            raise BadResponseError
        return word[:_MAX_STATE_LENGTH]

    async def _request(
        self, method: str, payload: Mapping[str, int] | None = None
    ) -> object:
        """Make a request and return the parsed answer."""
        await self._pacer.wait_turn(self.instance_id, method)
        response = await self._exchange(method, payload)
        if isinstance(response, GreenApiError):
            raise response
        if error := _error_of(response):
            raise error
        return _parsed(response.body)

    async def _exchange(
        self, method: str, payload: Mapping[str, int] | None
    ) -> _Response | GreenApiError:
        """Return the response, or the error to raise where no exception is handled."""
        try:
            async with self._session.request(
                "GET" if payload is None else "POST",
                URL(f"{self._base}/{method}/{self._token}", encoded=True),
                json=payload,
                headers=_HEADERS,
                timeout=TIMEOUT,
                middlewares=(_send_once,),
                allow_redirects=False,
                auto_decompress=False,
            ) as response:
                return _Response(
                    response.status,
                    response.content_type,
                    response.headers.get("Retry-After"),
                    await _read(response.content),
                )
        except GreenApiError as err:
            # The frames that it came through hold the URL.
            return err.with_traceback(None)
        except Exception as err:  # noqa: BLE001
            # Any at all: besides its documented errors, aiohttp lets some of its
            # parsers' out, which hold what the server said.
            return _transport_error(err)


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a request, and keep no cookies.

    If the server hangs up, the request is lost. It may have been heard, `reboot` as
    well, but aiohttp would send it again at once.
    """
    try:
        response = await send(request)
    except aiohttp.ClientConnectorError:
        raise  # Nothing was sent, and nothing will be.
    except aiohttp.ClientOSError, aiohttp.ServerDisconnectedError:
        pass
    else:
        if "Set-Cookie" in response.headers:
            # They would be kept for all who use the session, or be logged.
            response.cookies = SimpleCookie()
        return response
    raise CannotConnectError


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Read a body to its end, and no further than the limit."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadResponseError
    return bytes(body)


def _transport_error(err: Exception) -> GreenApiError:
    """Tell why there was no response."""
    if isinstance(err, aiohttp.ClientConnectorDNSError) and _no_such_name(err):
        return UnknownHostError()
    if isinstance(err, aiohttp.InvalidURL):
        return WrongAddressError()
    return CannotConnectError()


def _no_such_name(err: aiohttp.ClientConnectorDNSError) -> bool:
    """Tell a name that does not exist from a name server that does not answer."""
    if isinstance(err.os_error, socket.gaierror):
        return err.os_error.errno == socket.EAI_NONAME
    # With c-ares, the code is in the exception that aiohttp made the error from.
    cause = err.os_error.__cause__
    return cause is not None and bool(cause.args) and cause.args[0] in _NO_SUCH_NAME


def _error_of(response: _Response) -> GreenApiError | None:
    """Return the error that a response stands for, if it stands for one."""
    if not response.is_html:
        if response.status == HTTPStatus.OK:
            return None
        if error := _error_in_words(response.body):
            return error
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(_seconds(response.retry_after))
    error_type = (
        _ERROR_BY_STATUS.get(response.status)
        or _ERROR_BY_STATUS_CLASS.get(response.status // 100)
        or (WrongAddressError if response.is_html else BadResponseError)
    )
    return error_type()


def _error_in_words(body: bytes) -> GreenApiError | None:
    """Look for the vendor's words in a body, whatever carries them."""
    text = body.lower()
    for words, error_type in _ERROR_BY_TEXT:
        if words in text:
            return error_type()
    return None


def _parsed(body: bytes) -> object:
    """Parse a body; what is no JSON may still say in words what is wrong."""
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except ValueError, RecursionError:
        pass
    # Outside of the clause above: its exception holds the body.
    raise _error_in_words(body) or BadResponseError()


def _fields(answer: object) -> Mapping[str, object]:
    """Return the fields of an answer that must be an object."""
    if not isinstance(answer, dict):
        raise BadResponseError
    return answer


def _text(fields: Mapping[str, object], name: str) -> str:
    """Return a field of text; absent, null or of another type counts as empty."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _is_count(value: object) -> TypeGuard[int]:
    """Tell a whole number, none below zero, from anything else; True is an `int`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header, None for any other form."""
    try:
        seconds = float(retry_after or "nan")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _moment(seconds: int) -> datetime | None:
    """Return a moment given in seconds since 1970, None if it is out of range."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except OverflowError, OSError, ValueError:
        return None
    # The end of all years would be out of range in the time zones ahead.
    return moment if moment.year < MAXYEAR else None


def _png(text: str) -> bytes:
    """Return the PNG that a text encodes in base64."""
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError:
        image = b""
    width, height = int.from_bytes(image[16:20]), int.from_bytes(image[20:24])
    if not (
        image.startswith(b"\x89PNG\r\n\x1a\n")
        # A few bytes can unpack to more than fits into the memory of a browser.
        and 0 < width <= _MAX_IMAGE_SIDE
        and 0 < height <= _MAX_IMAGE_SIDE
    ):
        raise BadResponseError
    return image
