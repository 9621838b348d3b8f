"""Client of Home Assistant's REST and WebSocket APIs, as used by its frontend."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
import json
import reprlib
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from .models import (
    Dashboard,
    Device,
    Entity,
    Entry,
    FlowStep,
    Issue,
    Notification,
    PendingFlow,
    State,
)

TIMEOUT: Final = 120.0
"""Seconds to wait for an expected event.

Ten Home Assistants that start at the same time may need half a minute for what one does
in a second.
"""

RESPONSE_TIMEOUT: Final = 120.0
"""Seconds to wait for a response."""

_SHORT: Final = reprlib.Repr(maxlevel=3, maxdict=30, maxlist=10, maxstring=100)


class RequestRefusedError(Exception):
    """Home Assistant refused a request or a command."""

    def __init__(self, request: str, code: str, response: str) -> None:
        """Initialize with the request, and the code and text of the response."""
        super().__init__(f"{request}: {code}: {response}")
        self.code = code
        self.response = response


class FlowKind(StrEnum):
    """The kinds of flows, with the paths of their managers."""

    CONFIG = "/api/config/config_entries/flow"
    OPTIONS = "/api/config/config_entries/options/flow"
    REPAIR = "/api/repairs/issues/fix"
    SUBENTRY = "/api/config/config_entries/subentries/flow"


class Flow:
    """A flow: its current step, and methods to continue it."""

    def __init__(
        self, client: HomeAssistantClient, kind: FlowKind, step: FlowStep
    ) -> None:
        """Initialize with the step that the flow shows."""
        self._client = client
        self._address = f"{kind}/{step['flow_id']}"
        self.step = step

    async def submit(self, **user_input: object) -> FlowStep:
        """Submit the form and return the next step."""
        self.step = await self._client.post(self._address, user_input)
        return self.step

    async def select_option(self, option: str) -> FlowStep:
        """Select an option of the menu and return the next step."""
        return await self.submit(next_step_id=option)

    async def continue_with_next_flow(self) -> FlowStep:
        """Continue with the next flow and return its current step."""
        _, flow_id = self.step["next_flow"]
        self._address = f"{FlowKind.CONFIG}/{flow_id}"
        self.step = await self._client.get(self._address)
        return self.step

    async def wait_for_step(
        self, expected: Callable[[FlowStep], bool], *, within: float = TIMEOUT
    ) -> FlowStep:
        """Wait until the flow shows an expected step, `within` so many seconds."""

        async def get() -> FlowStep:
            if not expected(self.step):
                self.step = await self._client.get(self._address)
            return self.step

        return await self._client.wait_until(
            get,
            lambda step: step if expected(step) else None,
            "subscribe_events",
            within=within,
            event_type="data_entry_flow_progressed",
        )

    async def close(self) -> None:
        """Abort the flow."""
        await self._client.delete(self._address)


class HomeAssistantClient:
    """A signed-in administrator of Home Assistant.

    Every response is kept in `responses`: tests check that no secret is in them.
    """

    def __init__(
        self, url: str, access_token: str, responses: list[str] | None = None
    ) -> None:
        """Initialize with the URL and the token of a user; `async with` connects."""
        self.url = url
        self.responses = [] if responses is None else responses
        self._access_token = access_token
        self._session = ClientSession(
            url,
            headers={"Authorization": f"Bearer {access_token}"},
            timeout=ClientTimeout(total=RESPONSE_TIMEOUT),
        )
        self._socket: ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._last_id = 0
        self._results: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[int, asyncio.Queue[Any]] = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self.close()

    async def connect(self) -> None:
        """Open the WebSocket and authenticate."""
        self._socket = await self._session.ws_connect(
            "/api/websocket", max_msg_size=0, heartbeat=RESPONSE_TIMEOUT
        )
        await self._socket.receive_json()
        await self._socket.send_json(
            {"type": "auth", "access_token": self._access_token}
        )
        response = await self._socket.receive_json()
        if response["type"] != "auth_ok":
            raise RequestRefusedError(
                "auth", response["type"], response.get("message", "")
            )
        self._reader = asyncio.create_task(self._read(self._socket))

    async def close(self) -> None:
        """Close the WebSocket and all connections."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        await self._session.close()

    # -- REST

    async def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        return json.loads(await self._request("GET", path))

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Post JSON to a path and return the response."""
        return json.loads(await self._request("POST", path, body or {}))

    async def delete(self, path: str) -> Any:
        """Delete the resource at a path and return the response."""
        return json.loads(await self._request("DELETE", path))

    async def download(self, path: str) -> bytes:
        """Return the content at a path."""
        return await self._request("GET", path)

    async def _request(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> bytes:
        """Send a request, keep the response and return its content if it succeeded."""
        async with self._session.request(method, path, json=body) as response:
            content = await response.read()
        text = content.decode(errors="replace")
        self.responses.append(text)
        if not response.ok:
            raise RequestRefusedError(f"{method} {path}", str(response.status), text)
        return content

    # -- WebSocket

    async def command(self, kind: str, **fields: object) -> Any:
        """Send a command and return its result."""
        return await self._command(self._next_id(), kind, fields)

    @asynccontextmanager
    async def subscription(
        self, kind: str, **fields: object
    ) -> AsyncIterator[asyncio.Queue[Any]]:
        """Subscribe, and yield the queue with the events."""
        number = self._next_id()
        self._events[number] = asyncio.Queue()
        await self._command(number, kind, fields)
        try:
            yield self._events[number]
        finally:
            del self._events[number]
            await self.command("unsubscribe_events", subscription=number)

    async def wait_until[SeenT, FoundT](
        self,
        get: Callable[[], Awaitable[SeenT]],
        find: Callable[[SeenT], FoundT | None],
        kind: str,
        *,
        within: float = TIMEOUT,
        **fields: object,
    ) -> FoundT:
        """Look now and at each event of a subscription until something is found.

        Raises TimeoutError with what was seen last.
        """
        seen = None
        try:
            async with (
                asyncio.timeout(within),
                self.subscription(kind, **fields) as events,
            ):
                while (found := find(seen := await get())) is None:
                    await events.get()
        except TimeoutError:
            last = _SHORT.repr(seen)
            raise TimeoutError(f"After {within:g} s still {last}") from None
        return found

    def _next_id(self) -> int:
        """Return the ID of the next command."""
        self._last_id += 1
        return self._last_id

    async def _command(
        self, number: int, kind: str, fields: Mapping[str, object]
    ) -> Any:
        """Send a command with its ID and return its result."""
        if self._socket is None or self._reader is None or self._reader.done():
            raise ConnectionError("Not connected to Home Assistant")
        future = asyncio.get_running_loop().create_future()
        self._results[number] = future
        await self._socket.send_json({"id": number, "type": kind, **fields})
        async with asyncio.timeout(RESPONSE_TIMEOUT):
            result = await future
        if not result["success"]:
            error = result["error"]
            raise RequestRefusedError(kind, error["code"], json.dumps(error))
        return result["result"]

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        """Pass on each message to its command or subscription until disconnected."""
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            self.responses.append(message.data)
            content = json.loads(message.data)
            match content["type"]:
                case "result":
                    self._results.pop(content["id"]).set_result(content)
                case "event" if content["id"] in self._events:
                    self._events[content["id"]].put_nowait(content["event"])
        for waiting in self._results.values():
            waiting.set_exception(
                ConnectionError("Home Assistant closed the connection")
            )
        self._results.clear()

    # -- Flows

    async def start_flow(
        self, handler: str | list[str], kind: FlowKind = FlowKind.CONFIG, **more: object
    ) -> Flow:
        """Start a config flow, or a flow of another kind."""
        step: FlowStep = await self.post(kind, {"handler": handler, **more})
        return Flow(self, kind, step)

    async def start_reconfigure(self, entry: Entry) -> Flow:
        """Start the reconfigure flow of a config entry."""
        return await self.start_flow(entry["domain"], entry_id=entry["entry_id"])

    async def start_options(self, entry: Entry) -> Flow:
        """Start the options flow of a config entry."""
        return await self.start_flow(entry["entry_id"], FlowKind.OPTIONS)

    async def start_repair(self, issue: Issue) -> Flow:
        """Start the repair flow of an issue."""
        return await self.start_flow(
            issue["domain"], FlowKind.REPAIR, issue_id=issue["issue_id"]
        )

    async def pending_flows(self, domain: str) -> list[PendingFlow]:
        """Return the flows in progress, such as a reauthentication."""
        flows: list[PendingFlow] = await self.command("config_entries/flow/progress")
        return [flow for flow in flows if flow["handler"] == domain]

    async def wait_for_pending_flow(
        self, domain: str, source: str, *, within: float = TIMEOUT
    ) -> Flow:
        """Wait for a flow that Home Assistant starts, and return it."""

        def find(flows: list[PendingFlow]) -> PendingFlow | None:
            return next((f for f in flows if f["context"]["source"] == source), None)

        pending = await self.wait_until(
            lambda: self.pending_flows(domain),
            find,
            "config_entries/flow/subscribe",
            within=within,
        )
        address = f"{FlowKind.CONFIG}/{pending['flow_id']}"
        return Flow(self, FlowKind.CONFIG, await self.get(address))

    # -- Entries

    async def entries(self, domain: str) -> list[Entry]:
        """Return the config entries of an integration."""
        entries: list[Entry] = await self.command("config_entries/get", domain=domain)
        return entries

    async def entry(self, entry_id: str) -> Entry:
        """Return a config entry."""
        found = await self.command("config_entries/get_single", entry_id=entry_id)
        entry: Entry = found["config_entry"]
        return entry

    async def wait_for_entry_state(
        self, entry_id: str, expected: str, *, within: float = TIMEOUT
    ) -> Entry:
        """Wait until a config entry is in a state such as `loaded`."""
        return await self.wait_until(
            lambda: self.entry(entry_id),
            lambda entry: entry if entry["state"] == expected else None,
            "config_entries/subscribe",
            within=within,
        )

    async def reload_entry(self, entry_id: str) -> None:
        """Reload a config entry."""
        await self.post(f"/api/config/config_entries/entry/{entry_id}/reload")

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry."""
        await self.delete(f"/api/config/config_entries/entry/{entry_id}")

    async def diagnostics(self, entry_id: str) -> dict[str, Any]:
        """Download the diagnostics of a config entry."""
        found: dict[str, Any] = await self.get(
            f"/api/diagnostics/config_entry/{entry_id}"
        )
        return found

    async def device_diagnostics(self, entry_id: str, device_id: str) -> dict[str, Any]:
        """Download the diagnostics of one device of a config entry."""
        found: dict[str, Any] = await self.get(
            f"/api/diagnostics/config_entry/{entry_id}/device/{device_id}"
        )
        return found

    # -- States, actions, registries

    async def states(self) -> list[State]:
        """Return the states of all entities."""
        states: list[State] = await self.command("get_states")
        return states

    async def state(self, entity_id: str) -> State:
        """Return the state of an entity."""
        state: State = await self.get(f"/api/states/{entity_id}")
        return state

    async def wait_for_state(
        self, entity_id: str, expected: str, *, within: float = TIMEOUT
    ) -> State:
        """Wait until an entity is in a state."""

        async def get() -> State | None:
            states = {state["entity_id"]: state for state in await self.states()}
            return states.get(entity_id)

        return await self.wait_until(
            get,
            lambda state: state if state and state["state"] == expected else None,
            "subscribe_events",
            within=within,
            event_type="state_changed",
        )

    async def perform_action(
        self, action: str, entity_id: str | None = None, **data: object
    ) -> Any:
        """Perform an action such as `button.press` and return its response, if any."""
        domain, service = action.split(".")
        return await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            target={"entity_id": entity_id} if entity_id else {},
        )

    async def entities(self, domain: str) -> list[Entity]:
        """Return the registered entities of an integration."""
        found: list[Entity] = await self.command("config/entity_registry/list")
        return [entity for entity in found if entity["platform"] == domain]

    async def entity_id(self, domain: str, unique_id: str) -> str:
        """Return the entity ID for a unique ID; raises LookupError if there is none."""
        for entity in await self.entities(domain):
            if entity["unique_id"] == unique_id:
                return entity["entity_id"]
        raise LookupError(f"{domain} has no entity {unique_id}")

    async def enable_entity(self, entity_id: str) -> None:
        """Enable an entity that is disabled by default."""
        await self.command(
            "config/entity_registry/update", entity_id=entity_id, disabled_by=None
        )

    async def devices(self, domain: str) -> list[Device]:
        """Return the registered devices of an integration."""
        found: list[Device] = await self.command("config/device_registry/list")
        return [
            device
            for device in found
            if any(identifier[0] == domain for identifier in device["identifiers"])
        ]

    # -- Repairs

    async def issues(self, domain: str) -> list[Issue]:
        """Return the open repair issues of an integration."""
        found = await self.command("repairs/list_issues")
        issues: list[Issue] = found["issues"]
        return [issue for issue in issues if issue["domain"] == domain]

    async def wait_for_issues(
        self, domain: str, *keys: str, within: float = TIMEOUT
    ) -> list[Issue]:
        """Wait until exactly these issues are open, given by translation keys."""

        def find(issues: list[Issue]) -> list[Issue] | None:
            found = sorted(str(issue["translation_key"]) for issue in issues)
            return issues if found == sorted(keys) else None

        return await self.wait_until(
            lambda: self.issues(domain),
            find,
            "subscribe_events",
            within=within,
            event_type="repairs_issue_registry_updated",
        )

    async def wait_for_issue(
        self, domain: str, issue_id: str, *, within: float = TIMEOUT
    ) -> Issue:
        """Wait until an issue is open, among others or not."""

        def find(issues: list[Issue]) -> Issue | None:
            return next((it for it in issues if it["issue_id"] == issue_id), None)

        return await self.wait_until(
            lambda: self.issues(domain),
            find,
            "subscribe_events",
            within=within,
            event_type="repairs_issue_registry_updated",
        )

    # -- Automations, scripts, and notifications

    async def save_automation(self, key: str, config: Mapping[str, object]) -> None:
        """Create or update an automation."""
        await self.post(f"/api/config/automation/config/{key}", config)

    async def save_script(self, key: str, config: Mapping[str, object]) -> None:
        """Create or update a script."""
        await self.post(f"/api/config/script/config/{key}", config)

    async def wait_for_notification(
        self, title: str, *, within: float = TIMEOUT
    ) -> Notification:
        """Wait until a persistent notification with this title is shown."""

        def find(notifications: list[Notification]) -> Notification | None:
            return next((it for it in notifications if it["title"] == title), None)

        return await self.wait_until(
            lambda: self.command("persistent_notification/get"),
            find,
            "persistent_notification/subscribe",
            within=within,
        )

    # -- Templates, translations, frontend

    async def render(self, template: str) -> str:
        """Render a template."""
        rendered = await self._request("POST", "/api/template", {"template": template})
        return rendered.decode()

    async def get_services(self) -> dict[str, Any]:
        """Return the descriptions of all actions, which the frontend loads."""
        services: dict[str, Any] = await self.command("get_services")
        return services

    async def translations(
        self, language: str, category: str, integration: str
    ) -> dict[str, str]:
        """Return the translations that the frontend loads for an integration."""
        found = await self.command(
            "frontend/get_translations",
            language=language,
            category=category,
            integration=[integration],
            config_flow=True,
        )
        resources: dict[str, str] = found["resources"]
        return resources

    async def save_dashboard(
        self, url_path: str, title: str, icon: str, config: Mapping[str, object]
    ) -> None:
        """Create or update a dashboard in the sidebar."""
        dashboards: list[Dashboard] = await self.command("lovelace/dashboards/list")
        if url_path not in {dashboard["url_path"] for dashboard in dashboards}:
            await self.command(
                "lovelace/dashboards/create",
                url_path=url_path,
                title=title,
                icon=icon,
                show_in_sidebar=True,
                require_admin=False,
            )
        await self.command("lovelace/config/save", url_path=url_path, config=config)

    async def set_default_dashboard(self, url_path: str) -> None:
        """Make this the default dashboard of all users."""
        await self.command(
            "frontend/set_system_data", key="core", value={"default_panel": url_path}
        )

    async def set_language(self, language: str) -> None:
        """Set the language of the frontend for this user."""
        await self.command(
            "frontend/set_user_data",
            key="language",
            value={"language": language, "number_format": "language"},
        )
