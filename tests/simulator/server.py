"""The server of the simulated GREEN-API: routing, rate limits and tokens."""

import asyncio
import json
import re
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import web

from .account import Account
from .control import Control
from .faults import AFTER_TOKEN, GOOD, Exchange, respond
from .messengers import Messenger
from .methods import METHODS
from .uploads import read_body
from .wire import CORS, Bucket, as_json, bare, nginx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .methods import Method

HOST = "127.0.0.1"
LOOPBACK = frozenset({HOST, "localhost", "::1"})

# An address with a trailing slash leads to a double slash.
ROUTE = re.compile(r"/{1,2}(?:v3/)?waInstance([^/]*)/([A-Za-z]+)/([^/]+)(?:/([^/]+))?")
INSTANCE = re.compile(r"[0-9]{8,}")
MAX_JSON_BYTES = 16 * 1024 * 1024
POOL = 4  # leading digits of an instance id

PREFLIGHT = CORS | {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS, DELETE, HEAD",
    "Access-Control-Max-Age": "1728000",
}


class Simulator:
    """A simulated GREEN-API on loopback with the accounts that are added to it."""

    def __init__(
        self, *, enforce_limits: bool = True, control_page: bool = False
    ) -> None:
        """Initialize a server without accounts."""
        self.enforce_limits = enforce_limits
        self.control_page = control_page
        self.port = 0
        self._accounts: dict[str, Account] = {}
        self._pools: set[str] = set()
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._runner: web.AppRunner | None = None

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by instance id."""
        return MappingProxyType(self._accounts)

    @property
    def url(self) -> str:
        """The address, like `apiUrl` in the vendor's console."""
        return f"http://{HOST}:{self.port}"

    def add_account(
        self,
        instance_id: str,
        token: str,
        *,
        state: str | None = "authorized",
        messenger: Messenger | str = Messenger.WHATSAPP,
    ) -> Account:
        """Add an account; the pool of its first digits is served from now on."""
        account = Account(instance_id, token, state=state, messenger=messenger)
        self._accounts[instance_id] = account
        self._pools.add(instance_id[:POOL])
        return account

    def remove_account(self, instance_id: str) -> None:
        """Remove an account; its pool is still served."""
        del self._accounts[instance_id]

    async def start(self, port: int = 0) -> None:
        """Listen on a port of loopback; 0 selects a free one."""
        app = web.Application(
            middlewares=[_loopback_only], client_max_size=MAX_JSON_BYTES
        )
        app.on_response_prepare.append(_as_nginx)
        if self.control_page:
            Control(self.accounts).add_routes(app)
        app.router.add_route("*", "/elsewhere/{instance_id}", self._elsewhere)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # No access log: the paths contain the token.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1
        )
        await self._runner.setup()
        listener = socket.create_server((HOST, port))
        self.port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Abort all connections and stop listening; `start` may be called again."""
        if (runner := self._runner) is None:
            return
        self._runner = None
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Route a request to the method of an account."""
        route = ROUTE.fullmatch(request.rel_url.raw_path)
        if route is None:
            return nginx(404, "Not Found")
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=PREFLIGHT)
        instance_id, name, token, more = map(unquote, route.groups(""))
        method = METHODS.get(name.lower())
        # No account has an empty token, so an unknown one fails the check of the token.
        account = self._accounts.get(instance_id) or Account(instance_id, "")
        body = await self._parameters(request, method, more)
        account.note(method.name if method else name, request.method, body)
        if not INSTANCE.fullmatch(instance_id) or instance_id[:POOL] not in self._pools:
            return nginx(403, "Forbidden")
        if method is None or not method.fits(request.method, account.messenger):
            return nginx(404, "Not Found")
        if more and not method.parameter:
            return nginx(404, "Not Found")
        bucket = self._bucket(account, method)
        return await self._answer(
            Exchange(request, body, account, method, bucket), token
        )

    async def _answer(self, exchange: Exchange, token: str) -> web.StreamResponse:
        """Check faults, rate limit and token in the order of the vendor's servers."""
        account, bucket = exchange.account, exchange.bucket
        fault = account.faults.get(exchange.method.name, account.fault)
        if fault is not None and account.acts_in_spite_of_fault:
            exchange.answer()
        if fault is not None and fault not in AFTER_TOKEN:
            return await respond(fault, exchange)
        if not bucket.draw() and self.enforce_limits:
            return bare(429, bucket.headers)
        if token != account.token:
            return bare(401, bucket.headers)
        if fault is not None:
            return await respond(fault, exchange)
        # The application responds with the state after the delay.
        await asyncio.sleep(account.delays.get(exchange.method.name, 0))
        if wait := exchange.method.wait:
            await wait(account, exchange.body)
        return exchange.answer()

    async def _parameters(
        self, request: web.Request, method: Method | None, more: str
    ) -> str:
        """Return the body of a request, or the parameters in its URL as JSON."""
        body = await read_body(request)
        parameters = {**request.query}
        if more and method is not None and method.parameter:
            parameters[method.parameter] = more
        return body or (json.dumps(parameters) if parameters else "")

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        """Count a client that follows a redirect to another host."""
        if account := self._accounts.get(request.match_info["instance_id"]):
            account.redirects_followed += 1
        return as_json(GOOD)

    def _bucket(self, account: Account, method: Method) -> Bucket:
        """Return the token bucket of a method of an instance."""
        return self._buckets.setdefault(
            (account.instance_id, method.name),
            Bucket(method.rate_for(account.messenger)),
        )


@web.middleware
async def _loopback_only(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Refuse requests to other host names, such as those of foreign sites."""
    if request.url.host not in LOOPBACK:
        return nginx(403, "Forbidden")
    return await handler(request)


async def _as_nginx(_: web.Request, response: web.StreamResponse) -> None:
    """Set the server header of the vendor's server."""
    response.headers["Server"] = "nginx"
