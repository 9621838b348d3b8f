"""Client of the GREEN-API HTTP API.

It knows nothing of Home Assistant. The token is a part of every URL, so no URL,
no body and no exception of aiohttp leaves this module: a failed request is turned
into an error of this module's own, raised outside of any `except` clause, because
even `raise … from None` keeps the original exception in `__context__`.

Vendor's pages: https://green-api.com/en/docs/api/
"""

import asyncio
import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from http.cookies import SimpleCookie
import json
import math
import re
import socket
from typing import ClassVar, Final, TypeGuard, override
import unicodedata
from urllib.parse import quote
from weakref import WeakValueDictionary

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
_MAX_RETRY_AFTER: Final = 3600.0
_MAX_NUMBER: Final = 2**53 - 1  # of which every reader of JSON makes the same


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
    retry_after: float | None
    body: bytes


_KNOWN_MESSENGERS: Final = frozenset(Messenger)

_STATES: Final[Mapping[str | None, InstanceState]] = {
    state.value: state for state in InstanceState
}

# The vendor's words, with those that others of its texts have in between.
_INSTANCE: Final = r"\binstance (?:account |[0-9]+ )*(?:(?:is|was|has|been|already) )*"
_ERROR_BY_WORDS: Final[tuple[tuple[re.Pattern[str], type[GreenApiError]], ...]] = (
    (re.compile(rf"{_INSTANCE}expired\b"), InstanceExpiredError),
    (re.compile(rf"{_INSTANCE}deleted\b"), InstanceDeletedError),
    (re.compile(rf"{_INSTANCE}(?:in )?starting\b"), InstanceStartingError),
    (re.compile(rf"{_INSTANCE}not authorized\b"), InstanceStartingError),
)
# What may stand between two words, and how much of a text is searched for them.
_BLANKS: Final = re.compile(r"[\s_\"'-]+")
_MAX_TEXT_LENGTH: Final = 16 * 1024

_MARKUP: Final = re.compile(r"\A\s*<|<(?:!doctype|html|head|body)\b", re.IGNORECASE)

# The vendor's pages print the key with look-alike letters of other scripts.
_COUNT_KEY: Final = re.compile(
    r"(?:c|[^\x00-\x7f]{1,2})(?:o|[^\x00-\x7f]{1,2})unt", re.IGNORECASE
)

# The fields of `getWaSettings` and `getAccountSettings`.
_ACCOUNT_FIELDS: Final = frozenset(
    {"avatar", "chatId", "deviceId", "phone", "stateInstance", "suspendedUntil"}
)
_SETTINGS_FIELDS: Final = frozenset(
    {"stateWebhook", "typeInstance", "webhookUrl", "wid"}
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
    """Space out the requests to each method of each instance, and hold them back.

    The vendor counts them per instance, so everything in one process that may ask
    for the same instance shares one pacer. Times are those of the event loop, which
    no change of the clock moves.

    https://green-api.com/en/docs/api/ratelimiter/
    """

    DEFAULT_SPACING: ClassVar[float] = 1.1
    """Seconds between two requests: 1 per second, and a margin for the network."""

    SPACING: ClassVar[Mapping[str, float]] = {"qr": 0.4}

    PATIENCE: ClassVar[float] = 1
    """Seconds until the end of a wait that are rather slept than reported."""

    KEPT_FOR: ClassVar[float] = 60
    """Seconds between two looks for what can be forgotten."""

    def __init__(self) -> None:
        """Start with every method free."""
        self._free_at: dict[tuple[str, str], float] = {}
        self._held_until: dict[str, float] = {}
        self._cleaned_at = 0.0
        # A lock lives for as long as somebody waits for a turn.
        self._locks = WeakValueDictionary[tuple[str, str], asyncio.Lock]()

    async def wait_turn(self, instance_id: str, method: str) -> None:
        """Wait until the method may be asked again, and take that turn.

        A waiter that is cancelled takes none. While the server wants the instance to
        be left alone, nobody gets a turn.
        """
        key = (instance_id, method)
        self._clean_up()
        self._end_of_hold(instance_id)
        async with self._locks.setdefault(key, asyncio.Lock()):
            await self._sleep_until(self._free_at.get(key, 0))
            await self._sleep_until(self._end_of_hold(instance_id))
            self._free_at[key] = self._now + self.SPACING.get(
                method, self.DEFAULT_SPACING
            )

    def hold(self, instance_id: str, seconds: float) -> None:
        """Let nobody ask for an instance for some time."""
        self._held_until[instance_id] = max(
            self._held_until.get(instance_id, 0), self._now + seconds
        )

    @property
    def _now(self) -> float:
        """Return the time."""
        return asyncio.get_running_loop().time()

    async def _sleep_until(self, time: float) -> None:
        """Wait until a time."""
        if (delay := time - self._now) > 0:
            await asyncio.sleep(delay)

    def _end_of_hold(self, instance_id: str) -> float:
        """Return until when an instance is held, unless that is too long to wait."""
        held_until = self._held_until.get(instance_id, 0)
        seconds = held_until - self._now
        if seconds > self.PATIENCE:
            raise RateLimitedError(seconds)
        return held_until

    def _clean_up(self) -> None:
        """Forget now and then what is over."""
        now = self._now
        if now < self._cleaned_at + self.KEPT_FOR:
            return
        self._cleaned_at = now
        for times in (self._free_at, self._held_until):
            for key in [key for key, time in times.items() if time <= now]:
                del times[key]


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
            return await self._ask("getStateInstance", self._read_state)
        except InstanceStartingError:
            return AccountState(InstanceState.STARTING)

    async def get_settings(self) -> Settings:
        """Return the settings of the instance (`getSettings`).

        https://green-api.com/en/docs/api/account/GetSettings/
        """
        return await self._ask("getSettings", _read_settings)

    async def get_restricted_until(self, messenger: Messenger) -> datetime | None:
        """Return the end of the restriction, if there is one (`suspendedUntil`).

        https://green-api.com/en/docs/api/account/GetWaSettings/
        https://green-api.com/v3/docs/api/account/GetAccountSettings/
        """
        method = (
            "getWaSettings" if messenger is Messenger.WHATSAPP else "getAccountSettings"
        )
        return await self._ask(method, _read_restricted_until)

    async def get_messages_count(self) -> int:
        """Return how many messages wait to be sent (`getMessagesCount`).

        https://green-api.com/en/docs/api/queues/GetMessagesCount/
        """
        return await self._ask("getMessagesCount", _read_count)

    async def reboot(self) -> bool:
        """Reboot the instance and return whether the server accepts (`reboot`).

        https://green-api.com/en/docs/api/account/Reboot/
        """
        return await self._ask("reboot", _read_rebooted)

    async def get_qr(self) -> QrAnswer:
        """Return the QR code to link the account with; it lives 20 seconds (`qr`).

        https://green-api.com/en/docs/api/account/QR/
        """
        return await self._ask("qr", _read_qr)

    async def get_authorization_code(self, phone_number: int) -> str | None:
        """Return the code to type on the phone; it lives 2.5 minutes.

        None means that the account is linked already (`getAuthorizationCode`).

        https://green-api.com/en/docs/api/account/GetAuthorizationCode/
        """
        return await self._ask(
            "getAuthorizationCode", _read_code, {"phoneNumber": phone_number}
        )

    def _read_state(self, answer: object) -> AccountState:
        """Read the answer to `getStateInstance`."""
        if answer is None:
            return AccountState(None)
        match _fields(answer):
            case {"stateInstance": None}:
                return AccountState(None)
            case {"stateInstance": str(raw)} if raw:
                state = AccountState(raw)
                return state if state.known else AccountState(self._word(raw))
        raise BadResponseError

    def _word(self, text: str) -> str:
        """Return a word of the server's, fit to be kept and told."""
        word = text.encode(errors="replace").decode()
        if self._token in word or self._token in quote(word, safe=""):
            raise BadResponseError
        return word[:_MAX_STATE_LENGTH]

    async def _ask[T](
        self,
        method: str,
        read: Callable[[object], T],
        payload: Mapping[str, int] | None = None,
    ) -> T:
        """Make a request and return what is read from the answer."""
        await self._pacer.wait_turn(self.instance_id, method)
        response = await self._exchange(method, payload)
        if isinstance(response, GreenApiError):
            raise response
        if response.retry_after:
            self._pacer.hold(self.instance_id, response.retry_after)
        answer = _parsed(response.body)
        if error := _error_of(response, answer):
            raise error
        try:
            return read(answer)
        except BadResponseError:
            pass
        raise _error_in_words(answer) or _useless(answer)

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
                    _retry_after(response),
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


def _error_of(response: _Response, answer: object) -> GreenApiError | None:
    """Return the error that a response stands for, if it stands for one."""
    if response.status == HTTPStatus.OK:
        return None
    if error := _error_in_words(answer):
        return error
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(response.retry_after)
    error_type = _ERROR_BY_STATUS.get(response.status) or _ERROR_BY_STATUS_CLASS.get(
        response.status // 100
    )
    return error_type() if error_type else _useless(answer)


def _error_in_words(answer: object) -> GreenApiError | None:
    """Look for the vendor's words in an answer, unless it is a page."""
    if _is_page(answer):
        return None
    said = ". ".join(_texts(answer))[:_MAX_TEXT_LENGTH]
    words = _BLANKS.sub(" ", unicodedata.normalize("NFKC", said).casefold())
    for pattern, error_type in _ERROR_BY_WORDS:
        if pattern.search(words):
            return error_type()
    return None


def _useless(answer: object) -> GreenApiError:
    """Return the error that an answer stands for which says nothing."""
    return WrongAddressError() if _is_page(answer) else BadResponseError()


def _is_page(answer: object) -> bool:
    """Tell a page of markup from an answer of the API, whatever it calls itself."""
    return isinstance(answer, str) and _MARKUP.search(answer) is not None


def _texts(answer: object) -> Iterator[str]:
    """Yield every text in an answer."""
    parts = [answer]
    while parts:
        match parts.pop():
            case str(text):
                yield text
            case dict(fields):
                parts.extend(fields.values())
            case list(items):
                parts.extend(items)


def _parsed(body: bytes) -> object:
    """Return what a body holds as JSON; what is none is a text."""
    text = body.decode(json.detect_encoding(body), "replace")
    try:
        return json.loads(text)
    except ValueError, RecursionError:
        return text


def _read_settings(answer: object) -> Settings:
    """Read the answer to `getSettings`."""
    fields = _fields(answer, _SETTINGS_FIELDS)
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


def _read_restricted_until(answer: object) -> datetime | None:
    """Read the answer to `getWaSettings` or `getAccountSettings`."""
    seconds = _fields(answer, _ACCOUNT_FIELDS).get("suspendedUntil")
    return _moment(seconds) if _is_number(seconds) and seconds else None


def _read_count(answer: object) -> int:
    """Read the answer to `getMessagesCount`."""
    for name, value in _fields(answer).items():
        if _COUNT_KEY.fullmatch(name) and _is_number(value):
            return value
    raise BadResponseError


def _read_rebooted(answer: object) -> bool:
    """Read the answer to `reboot`."""
    match _fields(answer):
        case {"isReboot": bool(accepted)}:
            return accepted
    raise BadResponseError


def _read_qr(answer: object) -> QrAnswer:
    """Read the answer to `qr`."""
    fields = _fields(answer)
    kind = _QR_KINDS.get(_text(fields, "type"))
    if kind is None:
        raise BadResponseError
    if kind is not QrKind.QR_CODE:
        return QrAnswer(kind)
    return QrAnswer(kind, _png(_text(fields, "message")))


def _read_code(answer: object) -> str | None:
    """Read the answer to `getAuthorizationCode`."""
    if answer is None:
        return None
    match _fields(answer):
        case {"status": True, "code": str(code)} if code.isalnum() and (
            len(code) <= _MAX_STATE_LENGTH
        ):
            return code
    raise BadResponseError


def _fields(
    answer: object, names: frozenset[str] = frozenset()
) -> Mapping[str, object]:
    """Return the fields of an answer, an object with at least one of the names."""
    if not isinstance(answer, dict) or (names and names.isdisjoint(answer)):
        raise BadResponseError
    return answer


def _text(fields: Mapping[str, object], name: str) -> str:
    """Return a field of text; absent, null or of another type counts as empty."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _is_number(value: object) -> TypeGuard[int]:
    """Tell a whole number that can be one of something; True is an `int`, too."""
    return type(value) is int and 0 <= value <= _MAX_NUMBER


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Return for how many seconds the server wants to be left alone, if it does."""
    if response.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        # By the server's own clock, whatever ours says.
        seconds = _seconds_between(response.headers.get("Date", ""), value)
    if math.isfinite(seconds) and seconds > 0:
        return min(seconds, _MAX_RETRY_AFTER)
    return None


def _seconds_between(start: str, end: str) -> float:
    """Return the seconds between two dates of HTTP, none if one is no date."""
    try:
        duration = parsedate_to_datetime(end) - parsedate_to_datetime(start)
    except OverflowError, TypeError, ValueError:
        return 0
    return duration.total_seconds()


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
