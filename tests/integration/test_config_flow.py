"""Test the dialogs as the browser sees them, over Home Assistant's HTTP API."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import json
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import quote

import aiodns
from aiohttp.resolver import AsyncResolver
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import green_api
from custom_components.green_api.api import (
    ACCOUNT_ERROR_KINDS,
    AccountState,
    ErrorKind,
    GreenApiClient,
    InstanceState,
    RequestPacer,
)
from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DEFAULT_API_URL,
    DOMAIN,
)
from custom_components.green_api.dialogs import account as account_flow
from custom_components.green_api.dialogs.account import AccountFlow
from custom_components.green_api.session import async_create_client
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import CONF_API_TOKEN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Fault, Simulator
from tests.support.clients import request_timeout
from tests.support.const import INSTANCE_ID, TOKEN
from tests.support.delayed_results import delay_result
from tests.support.fault_kinds import (
    FAULT_OF_KIND,
    FAULTS_AND_KINDS,
    HARMLESS,
    KIND_OF_FAULT,
    SLOW,
)
from tests.support.helpers import called_methods, logged_errors
from tests.support.secrecy import assert_hidden
from tests.support.wait_until import async_wait_until

pytestmark = [
    pytest.mark.long(14),
    pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning"),
]

FLOWS: Final = "/api/config/config_entries/flow"

OTHER_INSTANCE_ID: Final = "1101000002"

# Derived from the token, so that a search for the token finds these as well.
NEW_TOKEN: Final = f"{TOKEN}1"
WRONG_TOKEN: Final = f"{TOKEN}2"

# The rest of a request's URL.
REQUEST: Final = f"/waInstance{OTHER_INSTANCE_ID}/getStateInstance/{TOKEN}"

type Reply = dict[str, Any]


class Dialog:
    """A browser with an open dialog; no response that it gets contains the token."""

    def __init__(self, client: TestClient) -> None:
        """Sign in."""
        self._client = client

    async def start(self, entry: ConfigEntry | None = None) -> Reply:
        """Start to add an account, or to reconfigure one."""
        about = {"entry_id": entry.entry_id} if entry else {}
        return await self._request("POST", FLOWS, {"handler": DOMAIN} | about)

    async def open_address_form(self, entry: ConfigEntry) -> Reply:
        """Open the form for an account's address."""
        menu = await self.start(entry)
        assert menu["type"] == FlowResultType.MENU
        return await self.submit(menu, {"next_step_id": "address"})

    async def show(self, flow_id: str) -> Reply:
        """Open a dialog that Home Assistant has started."""
        return await self._request("GET", f"{FLOWS}/{flow_id}")

    async def submit(self, form: Reply, user_input: dict[str, str]) -> Reply:
        """Submit the input."""
        return await self._request("POST", f"{FLOWS}/{form['flow_id']}", user_input)

    async def _request(self, verb: str, path: str, body: Reply | None = None) -> Reply:
        """Make a request and return the decoded response."""
        response = await self._client.request(verb, path, json=body)
        assert response.status == HTTPStatus.OK
        text = await response.text()
        assert_hidden(TOKEN, text)
        return json.loads(text)


@pytest.fixture
async def dialog(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Dialog:
    """Return a browser; the components that serve it are set up before its client."""
    for component in ("config", Platform.IMAGE):
        assert await async_setup_component(hass, component, {})
    return Dialog(await hass_client())


@pytest.fixture
def user_input(simulator: Simulator, account: Account) -> dict[str, str]:
    """Return the input that adds the account."""
    return {
        CONF_API_URL: simulator.url,
        CONF_INSTANCE_ID: account.instance_id,
        CONF_API_TOKEN: account.token,
    }


@pytest.fixture
def delayed_check(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Delay the check of a dialog; return the event that releases its response."""
    _, answer = delay_result(monkeypatch, AccountFlow, "async_check")
    return answer


def suggested(form: Reply) -> dict[str, str | None]:
    """Return the values that the fields of a form are prefilled with."""
    return {
        field["name"]: field.get("description", {}).get("suggested_value")
        for field in form["data_schema"]
    }


def only_entry(hass: HomeAssistant) -> ConfigEntry:
    """Return the only config entry."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def async_refresh(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Poll the account now."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()


def flow_id_of_reauth(hass: HomeAssistant) -> str:
    """Return the flow ID of the only dialog that asks for a new token."""
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == "reauth_confirm"
    return flow["flow_id"]


def test_fault_tables_are_complete() -> None:
    """Test that the tables of faults used below are complete."""
    assert sorted([*HARMLESS, *SLOW, *KIND_OF_FAULT]) == sorted(Fault)
    assert ACCOUNT_ERROR_KINDS - set(FAULT_OF_KIND) == {
        # A request for the state returns it as a state.
        ErrorKind.STARTING,
        ErrorKind.UNKNOWN_HOST,
    }


@pytest.mark.parametrize("state", [None, *InstanceState, "hibernating"])
async def test_user_flow(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    state: str | None,
) -> None:
    """Test that an account can be added in any state, as problems need watching."""
    account.state = state

    form = await dialog.start()
    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "user"
    assert form["errors"] == {}
    assert suggested(form) == dict.fromkeys(user_input)
    assert form["data_schema"][0]["default"] == DEFAULT_API_URL

    reply = await dialog.submit(form, user_input)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert reply["title"] == "GREEN-API 1101000001"
    entry = only_entry(hass)
    assert entry.title == "GREEN-API 1101000001"
    assert entry.unique_id == INSTANCE_ID
    assert entry.source == SOURCE_USER
    assert entry.data == user_input
    assert entry.options == {}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("fault", HARMLESS)
async def test_user_flow_with_harmless_fault(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    fault: Fault,
) -> None:
    """Test that a fault that is as good as a response does not prevent adding."""
    account.faults["getStateInstance"] = fault

    reply = await dialog.submit(await dialog.start(), user_input)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("mistakes", "errors"),
    [
        *(
            ({CONF_API_URL: url}, {CONF_API_URL: "invalid_url"})
            for url in (
                "",
                " ",
                "https://",
                "not a URL",
                "ftp://api.green-api.com",
                "https://api.green-api,com",
                "https://api.green-api.com:port",
                "https://api.green-api.com?instance=1",
                "https://api.green-api.com#instance",
                "https://user:password@api.green-api.com",
                f"https://api.green-api.com/{'a' * 2048}",
            )
        ),
        *(
            ({CONF_API_URL: url}, {CONF_API_URL: "insecure_url"})
            for url in (
                "http://api.green-api.com",
                "HTTP://api.green-api.com",
                "http://192.0.2.1:8080",
                "http://localhost.example.com",
            )
        ),
        *(
            ({CONF_INSTANCE_ID: instance_id}, {CONF_INSTANCE_ID: "invalid_instance_id"})
            for instance_id in (
                "",
                " ",
                "-1101000001",
                "1101 000001",
                "11O1OOOOO1",
                "waInstance1101000001",
                "\N{ARABIC-INDIC DIGIT ONE}" * 10,
                "1" * 21,
                "000",
            )
        ),
        *(
            ({CONF_API_TOKEN: token}, {CONF_API_TOKEN: "invalid_token"})
            for token in (
                "",
                " ",
                f"{TOKEN}/",
                f"{TOKEN}?",
                f"{TOKEN}#",
                f"{TOKEN} {TOKEN}",
                f"{TOKEN}\n{TOKEN}",
                f"{TOKEN}\N{NO-BREAK SPACE}{TOKEN}",
                "a" * 513,
            )
        ),
        (
            {CONF_API_URL: "", CONF_INSTANCE_ID: "", CONF_API_TOKEN: ""},
            {
                CONF_API_URL: "invalid_url",
                CONF_INSTANCE_ID: "invalid_instance_id",
                CONF_API_TOKEN: "invalid_token",
            },
        ),
        (
            {CONF_API_URL: "http://api.green-api.com", CONF_API_TOKEN: "?"},
            {CONF_API_URL: "insecure_url", CONF_API_TOKEN: "invalid_token"},
        ),
    ],
)
async def test_invalid_input(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    mistakes: dict[str, str],
    errors: dict[str, str],
) -> None:
    """Test that invalid input is shown at its field before anything is sent."""
    form = await dialog.submit(await dialog.start(), user_input | mistakes)

    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "user"
    assert form["errors"] == errors
    blank = {key for key, value in mistakes.items() if not value.strip()}
    assert suggested(form) == (
        user_input | mistakes | dict.fromkeys(blank, "") | {CONF_API_TOKEN: None}
    )
    assert account.requests == []

    reply = await dialog.submit(form, user_input)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data == user_input


@pytest.mark.parametrize(
    ("pasted", "shown", "error"),
    [
        (f"https://a.example{REQUEST}", "https://a.example", "other_instance"),
        (f"a.example/v3{REQUEST}", "a.example/v3", "other_instance"),
        (f"http://a.example{REQUEST}", "http://a.example", "insecure_url"),
        (f"ftp://a.example{REQUEST}", "ftp://a.example", "invalid_url"),
        (f"https://a.example{REQUEST}?a=b", "https://a.example", "other_instance"),
        (f"https://a,example{REQUEST.lower()}\n", "https://a,example", "invalid_url"),
    ],
)
async def test_invalid_pasted_url(
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    pasted: str,
    shown: str,
    error: str,
) -> None:
    """Test that a pasted request URL is shown again without its token."""
    form = await dialog.submit(
        await dialog.start(), user_input | {CONF_API_URL: pasted}
    )

    assert form["errors"] == {CONF_API_URL: error}
    assert suggested(form)[CONF_API_URL] == shown
    assert account.requests == []

    reply = await dialog.submit(form, user_input)

    assert reply["type"] == FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("more", [{}, {CONF_INSTANCE_ID: "", CONF_API_TOKEN: " "}])
@pytest.mark.parametrize(
    "pattern",
    [
        "{url}/waInstance{instance_id}/getStateInstance/{token}",
        " {url}/waInstance{instance_id}/receiveNotification/{token}?receiveTimeout=5\n",
        "{url}/waInstance000{instance_id}/getStateInstance/{token}",
    ],
)
async def test_pasted_request_url(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    pattern: str,
    more: dict[str, str],
) -> None:
    """Test that a request URL pasted into the first field fills all three."""
    url = pattern.format(
        url=user_input[CONF_API_URL],
        instance_id=account.instance_id,
        token=quote(account.token, safe=""),
    )
    reply = await dialog.submit(await dialog.start(), {CONF_API_URL: url} | more)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data == user_input
    assert only_entry(hass).unique_id == account.instance_id


async def test_pasted_request_url_with_wrong_token(
    dialog: Dialog, account: Account, user_input: dict[str, str]
) -> None:
    """Test that pasted values are kept in the fields, except for the token."""
    url = f"{user_input[CONF_API_URL]}/waInstance{INSTANCE_ID}/reboot/{WRONG_TOKEN}"
    form = await dialog.submit(await dialog.start(), {CONF_API_URL: url})
    assert form["errors"] == {"base": ErrorKind.INVALID_AUTH}
    assert suggested(form) == user_input | {CONF_API_TOKEN: None}

    reply = await dialog.submit(form, user_input)
    assert reply["type"] == FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("stored", "pasted", "expected"),
    [(TOKEN, NEW_TOKEN, NEW_TOKEN), (NEW_TOKEN, TOKEN, TOKEN)],
)
async def test_reconfigure_with_pasted_token(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    stored: str,
    pasted: str,
    expected: str,
) -> None:
    """Test that the token of a pasted URL replaces the stored one."""
    hass.config_entries.async_update_entry(
        loaded_entry, data=user_input | {CONF_API_TOKEN: stored}
    )
    account.token = pasted
    url = (
        f"{user_input[CONF_API_URL]}/waInstance{INSTANCE_ID}/reboot/{quote(pasted, '')}"
    )
    form = await dialog.open_address_form(loaded_entry)
    reply = await dialog.submit(form, {CONF_API_URL: url})
    assert reply["reason"] == "reconfigure_successful"
    assert loaded_entry.data == user_input | {CONF_API_TOKEN: expected}


# The address of the instance's pool

POOL_INSTANCE_ID: Final = "7103000001"
POOL_URL: Final = "https://7103.api.greenapi.com"


class Hosts:
    """The hosts of the internet, with a list of the URLs that were requested."""

    def __init__(self, simulator: Simulator) -> None:
        """Initialize with the pool that serves the account."""
        self.requested_urls: list[str] = []
        self.account = simulator.add_account(POOL_INSTANCE_ID, TOKEN)
        self.served = {POOL_URL}
        self._simulator = simulator

    def create_client(
        self, hass: HomeAssistant, data: Mapping[str, str]
    ) -> GreenApiClient:
        """Create a client for a host that the simulator stands in for."""
        url = data[CONF_API_URL]
        self.requested_urls.append(url)
        served = data | {CONF_API_URL: self._simulator.url}
        unserved = served | {CONF_INSTANCE_ID: "9999000000"}
        return async_create_client(hass, served if url in self.served else unserved)


@pytest.fixture
def hosts(
    simulator: Simulator, account: Account, monkeypatch: pytest.MonkeyPatch
) -> Hosts:
    """Return the hosts of the internet."""
    hosts = Hosts(simulator)
    # Another account of the simulator; it does not know the one of the pool.
    account.fault = Fault.FORBIDDEN_HTML
    for module in (account_flow, green_api):
        monkeypatch.setattr(module, "async_create_client", hosts.create_client)
    return hosts


@pytest.mark.parametrize(
    "url",
    [
        "https://api.green-api.com",
        "https://api.greenapi.com",
        "https://7105.api.greenapi.com",
        f"https://api.green-api.com/waInstance{POOL_INSTANCE_ID}/reboot/{TOKEN}",
    ],
)
async def test_address_replaced_by_pool(
    hass: HomeAssistant, dialog: Dialog, hosts: Hosts, url: str
) -> None:
    """Test that a GREEN-API address that does not serve the instance is corrected."""
    reply = await dialog.submit(
        await dialog.start(),
        {
            CONF_API_URL: url,
            CONF_INSTANCE_ID: POOL_INSTANCE_ID,
            CONF_API_TOKEN: TOKEN,
        },
    )
    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data[CONF_API_URL] == POOL_URL


async def test_serving_address_kept(
    hass: HomeAssistant, dialog: Dialog, hosts: Hosts
) -> None:
    """Test that an address that serves the instance is stored unchanged."""
    hosts.served = {DEFAULT_API_URL}
    await dialog.submit(
        await dialog.start(),
        {
            CONF_API_URL: DEFAULT_API_URL,
            CONF_INSTANCE_ID: POOL_INSTANCE_ID,
            CONF_API_TOKEN: TOKEN,
        },
    )
    assert only_entry(hass).data[CONF_API_URL] == DEFAULT_API_URL
    assert set(hosts.requested_urls) == {DEFAULT_API_URL}


@pytest.mark.parametrize(
    ("fault", "kind", "url"),
    [
        (Fault.UNAUTHORIZED, ErrorKind.INVALID_AUTH, DEFAULT_API_URL),
        (Fault.EXPIRED_JSON, ErrorKind.EXPIRED, DEFAULT_API_URL),
        (Fault.DELETED, ErrorKind.DELETED, DEFAULT_API_URL),
        (Fault.FORBIDDEN_HTML, ErrorKind.WRONG_ADDRESS, DEFAULT_API_URL),
        (Fault.BAD_GATEWAY, ErrorKind.WRONG_ADDRESS, DEFAULT_API_URL),
    ],
)
async def test_error_of_pool(
    dialog: Dialog, hosts: Hosts, fault: Fault, kind: ErrorKind, url: str
) -> None:
    """Test that the error of the pool is shown if it serves the instance."""
    hosts.account.fault = fault
    form = await dialog.submit(
        await dialog.start(),
        {
            CONF_API_URL: url,
            CONF_INSTANCE_ID: POOL_INSTANCE_ID,
            CONF_API_TOKEN: TOKEN,
        },
    )
    assert form["errors"] == {"base": kind}
    assert hosts.requested_urls == [DEFAULT_API_URL, POOL_URL]


@pytest.mark.parametrize(
    "url",
    [
        "https://proxy.example",
        "https://api.green-api.com.example",
        "https://evil.api.green-api.com",
        "https://api.green-api.com:8443",
        "http://127.0.0.1:1",
    ],
)
async def test_other_address_not_replaced(
    dialog: Dialog, hosts: Hosts, url: str
) -> None:
    """Test that an address other than GREEN-API's is not replaced."""
    form = await dialog.submit(
        await dialog.start(),
        {
            CONF_API_URL: url,
            CONF_INSTANCE_ID: POOL_INSTANCE_ID,
            CONF_API_TOKEN: TOKEN,
        },
    )
    assert form["errors"] == {"base": ErrorKind.WRONG_ADDRESS}
    assert hosts.requested_urls == [url]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("{url}/", ""),
        ("{url}///", ""),
        (" \t{url}\n", ""),
        ("{url}/v3", "/v3"),
        ("{url}/v3/", "/v3"),
        ("{url}/waInstance{instance_id}", ""),
        ("{url}/waInstance{instance_id}/getStateInstance/{token}", ""),
        (" {url}/v3/waInstance{instance_id}/reboot/{token}/ ", "/v3"),
        ("{url}/waInstance0{instance_id}/reboot/{token}", ""),
    ],
)
async def test_input_normalized(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    simulator: Simulator,
    user_input: dict[str, str],
    pattern: str,
    path: str,
) -> None:
    """Test that spaces, leading zeros and superfluous parts of a URL are removed."""
    url = pattern.format(
        url=simulator.url, instance_id=account.instance_id, token=account.token
    )
    sloppy = {
        CONF_API_URL: url,
        CONF_INSTANCE_ID: f" 00{account.instance_id}\n",
        CONF_API_TOKEN: f"\t{account.token} ",
    }

    reply = await dialog.submit(await dialog.start(), sloppy)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    entry = only_entry(hass)
    assert entry.unique_id == INSTANCE_ID
    assert entry.data == user_input | {CONF_API_URL: f"{simulator.url}{path}"}
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("mark", ["\u200e", "\u200f", "\u200b", "\ufeff", "\u2069"])
async def test_invisible_characters(
    hass: HomeAssistant, dialog: Dialog, user_input: dict[str, str], mark: str
) -> None:
    """Test that invisible characters, which text is often copied with, are removed."""
    copied = {key: f"{mark}{value}{mark}" for key, value in user_input.items()}
    reply = await dialog.submit(await dialog.start(), copied)
    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data == user_input


@pytest.mark.parametrize("pattern", ["{url}", "{url}/waInstance00{instance_id}"])
async def test_leading_zeros(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    pattern: str,
) -> None:
    """Test that leading zeros do not make a different instance ID."""
    sloppy = {
        CONF_API_URL: pattern.format(
            url=user_input[CONF_API_URL], instance_id=account.instance_id
        ),
        CONF_INSTANCE_ID: f"000{account.instance_id}",
    }
    reply = await dialog.submit(await dialog.start(), user_input | sloppy)
    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).unique_id == account.instance_id
    assert only_entry(hass).data == user_input

    reply = await dialog.submit(await dialog.start(), user_input | sloppy)
    assert reply["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        (DEFAULT_API_URL, DEFAULT_API_URL),
        ("7103.api.greenapi.com", "https://7103.api.greenapi.com"),
        ("3100.api.green-api.com/v3/", "https://3100.api.green-api.com/v3"),
        ("HTTPS://API.green-api.com", "https://api.green-api.com"),
        ("https://proxy.example:8443/green", "https://proxy.example:8443/green"),
        ("http://localhost:8124", "http://localhost:8124"),
        ("http://[::1]:8124/", "http://[::1]:8124"),
    ],
)
async def test_url_without_scheme(
    hass: HomeAssistant,
    dialog: Dialog,
    user_input: dict[str, str],
    url: str,
    stored: str,
) -> None:
    """Test that a URL without a scheme becomes an HTTPS one."""
    called_methods: list[GreenApiClient] = []

    async def get_state(client: GreenApiClient) -> AccountState:
        called_methods.append(client)
        return AccountState("authorized")

    with (
        patch.object(GreenApiClient, "get_state", get_state),
        patch("custom_components.green_api.async_setup_entry", return_value=True),
    ):
        reply = await dialog.submit(
            await dialog.start(), user_input | {CONF_API_URL: url}
        )

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data == user_input | {CONF_API_URL: stored}
    assert [client._transport._base for client in called_methods] == [
        f"{stored}/waInstance{INSTANCE_ID}"
    ]


async def fail_to_add(dialog: Dialog, user_input: dict[str, str], error: str) -> Reply:
    """Try to add an account, and return the form with the error."""
    form = await dialog.submit(await dialog.start(), user_input)

    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "user"
    assert form["errors"] == {"base": error}
    assert suggested(form) == user_input | {CONF_API_TOKEN: None}
    return form


async def go_on(
    hass: HomeAssistant, dialog: Dialog, form: Reply, user_input: dict[str, str]
) -> None:
    """Add the account in the dialog that has failed before."""
    assert not hass.config_entries.async_entries(DOMAIN)

    reply = await dialog.submit(form, user_input)

    assert reply["type"] == FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data == user_input
    assert only_entry(hass).state is ConfigEntryState.LOADED


@pytest.mark.parametrize(("fault", "kind"), FAULTS_AND_KINDS)
async def test_failure(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    kind: ErrorKind,
) -> None:
    """Test that each failure has its own error, and the dialog can be continued."""
    account.fault = fault
    form = await fail_to_add(dialog, user_input, kind)

    account.fault = None
    freezer.tick(account.retry_after)
    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize("fault", SLOW)
async def test_timeout(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
) -> None:
    """Test that a response that never completes is a failure to connect."""
    account.fault = fault
    with request_timeout(0.3):
        form = await fail_to_add(dialog, user_input, ErrorKind.CANNOT_CONNECT)

    account.fault = None
    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


async def test_closed_port(
    hass: HomeAssistant,
    dialog: Dialog,
    simulator: Simulator,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a closed port is a failure to connect."""
    await simulator.stop()
    form = await fail_to_add(dialog, user_input, ErrorKind.CANNOT_CONNECT)

    await simulator.start(simulator.port)
    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


async def test_no_tls(
    hass: HomeAssistant,
    dialog: Dialog,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a server without TLS is a failure to connect."""
    encrypted = {CONF_API_URL: user_input[CONF_API_URL].replace("http:", "https:")}
    form = await fail_to_add(dialog, user_input | encrypted, ErrorKind.CANNOT_CONNECT)

    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (aiodns.error.ARES_ENODATA, ErrorKind.UNKNOWN_HOST),
        (aiodns.error.ARES_ENOTFOUND, ErrorKind.UNKNOWN_HOST),
        (aiodns.error.ARES_ECONNREFUSED, ErrorKind.CANNOT_CONNECT),
        (aiodns.error.ARES_ETIMEOUT, ErrorKind.CANNOT_CONNECT),
    ],
)
async def test_name_not_resolved(
    hass: HomeAssistant,
    dialog: Dialog,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    code: int,
    kind: ErrorKind,
) -> None:
    """Test that an unknown host name and a failing resolver have different errors."""
    misspelt = {CONF_API_URL: "https://api.green-ap1.com"}
    failure = OSError(None, "as aiohttp says it")
    failure.__cause__ = aiodns.error.DNSError(code, "as c-ares says it")
    with patch.object(AsyncResolver, "resolve", side_effect=failure):
        form = await fail_to_add(dialog, user_input | misspelt, kind)

    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


async def test_unexpected_exception(
    hass: HomeAssistant,
    dialog: Dialog,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an unexpected exception is logged by its type, without its message."""
    with patch.object(
        GreenApiClient, "get_state", side_effect=Exception(f"{REQUEST} is broken")
    ):
        form = await fail_to_add(dialog, user_input, "unknown")

    (record,) = [record for record in caplog.records if record.name.endswith(DOMAIN)]
    assert record.levelname == "ERROR"
    assert record.getMessage() == "Unexpected Exception while checking an account"
    assert record.exc_info is None
    await go_on(hass, dialog, form, user_input)

    assert_hidden(TOKEN, caplog)


@pytest.mark.usefixtures("loaded_entry")
async def test_already_configured(
    dialog: Dialog, account: Account, user_input: dict[str, str]
) -> None:
    """Test that an account that exists already is refused before anything is sent."""
    account.requests.clear()

    reply = await dialog.submit(
        await dialog.start(), user_input | {CONF_INSTANCE_ID: f" {INSTANCE_ID} "}
    )

    assert reply["type"] == FlowResultType.ABORT
    assert reply["reason"] == "already_configured"
    assert account.requests == []


async def test_dialog_left_open(
    hass: HomeAssistant, dialog: Dialog, account: Account, user_input: dict[str, str]
) -> None:
    """Test that a dialog that was left open does not block another one."""
    account.fault = Fault.UNAUTHORIZED
    form = await fail_to_add(dialog, user_input, ErrorKind.INVALID_AUTH)
    account.fault = None

    reply = await dialog.submit(await dialog.start(), user_input)
    assert reply["type"] == FlowResultType.CREATE_ENTRY

    # The abandoned dialog aborts with the reason.
    reply = await dialog.submit(form, user_input)
    assert reply["type"] == FlowResultType.ABORT
    assert reply["reason"] == "already_configured"
    assert only_entry(hass).state is ConfigEntryState.LOADED


async def test_same_account_in_two_dialogs(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    delayed_check: asyncio.Event,
) -> None:
    """Test that of two simultaneous dialogs for one account, only one adds it."""
    forms = [await dialog.start() for _ in range(2)]
    submitted = [asyncio.create_task(dialog.submit(form, user_input)) for form in forms]
    await async_wait_until(lambda: len(account.requests) == len(forms))
    delayed_check.set()
    replies = await asyncio.gather(*submitted)

    assert sorted(reply["type"] for reply in replies) == ["abort", "create_entry"]
    assert {reply.get("reason") for reply in replies} == {None, "already_configured"}
    assert only_entry(hass).state is ConfigEntryState.LOADED


@pytest.mark.usefixtures("loaded_entry")
async def test_two_accounts(
    hass: HomeAssistant,
    dialog: Dialog,
    simulator: Simulator,
    user_input: dict[str, str],
) -> None:
    """Test that two accounts can be configured side by side."""
    simulator.add_account(OTHER_INSTANCE_ID, NEW_TOKEN, state="notAuthorized")

    await dialog.submit(
        await dialog.start(),
        user_input | {CONF_INSTANCE_ID: OTHER_INSTANCE_ID, CONF_API_TOKEN: NEW_TOKEN},
    )

    assert [
        (entry.unique_id, entry.title, entry.data[CONF_API_TOKEN], entry.state)
        for entry in hass.config_entries.async_entries(DOMAIN)
    ] == [
        (INSTANCE_ID, f"GREEN-API {INSTANCE_ID}", TOKEN, ConfigEntryState.LOADED),
        (
            OTHER_INSTANCE_ID,
            f"GREEN-API {OTHER_INSTANCE_ID}",
            NEW_TOKEN,
            ConfigEntryState.LOADED,
        ),
    ]


@pytest.mark.paced
async def test_rate_limits(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    user_input: dict[str, str],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the setup after the dialog stays within the rate limits."""
    sleep = asyncio.sleep

    async def pass_quickly(seconds: float) -> None:
        freezer.tick(seconds)
        await sleep(0)

    with patch.object(asyncio, "sleep", pass_quickly):
        await dialog.submit(await dialog.start(), user_input)
        await hass.async_block_till_done(wait_background_tasks=True)

    assert only_entry(hass).state is ConfigEntryState.LOADED
    for method in ("getStateInstance", "getSettings"):
        checked, set_up = (it for it in account.requests if it.method == method)
        assert set_up.at - checked.at == pytest.approx(RequestPacer.DEFAULT_SPACING)
    assert len(called_methods(account)) == 4


async def test_reauth(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    config_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that reauthentication with a new token restores the account."""
    account.token = NEW_TOKEN
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_refresh(hass, config_entry)

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    form = await dialog.show(flow["flow_id"])
    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {}
    assert form["description_placeholders"]["name"] == config_entry.title
    assert suggested(form) == {CONF_API_TOKEN: None}

    form = await dialog.submit(form, {CONF_API_TOKEN: WRONG_TOKEN})
    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {"base": ErrorKind.INVALID_AUTH}
    assert suggested(form) == {CONF_API_TOKEN: None}
    assert config_entry.data == user_input

    reply = await dialog.submit(form, {CONF_API_TOKEN: f" {NEW_TOKEN}\n"})
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["type"] == FlowResultType.ABORT
    assert reply["reason"] == "reauth_successful"
    assert config_entry.data == user_input | {CONF_API_TOKEN: NEW_TOKEN}
    assert config_entry.state is ConfigEntryState.LOADED
    assert config_entry.runtime_data.coordinator.last_update_success
    assert hass.config_entries.flow.async_progress() == []
    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize(("kind", "fault"), FAULT_OF_KIND.items())
async def test_reauth_failure(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """Test that a new token is stored only if it works."""
    start = await loaded_entry.start_reauth_flow(hass)
    form = await dialog.show(start["flow_id"])
    account.token = NEW_TOKEN
    account.fault = fault

    form = await dialog.submit(form, {CONF_API_TOKEN: NEW_TOKEN})
    assert form["step_id"] == "reauth_confirm"
    assert form["errors"] == {"base": kind}
    assert suggested(form) == {CONF_API_TOKEN: None}
    assert loaded_entry.data == user_input

    account.fault = None
    reply = await dialog.submit(form, {CONF_API_TOKEN: NEW_TOKEN})
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["reason"] == "reauth_successful"
    assert loaded_entry.data == user_input | {CONF_API_TOKEN: NEW_TOKEN}
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize(
    ("token", "reason", "stored"),
    [
        (NEW_TOKEN, "token_works_again", TOKEN),
        (TOKEN, "reauth_successful", TOKEN),
    ],
)
async def test_reauth_old_token_works_again(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    delayed_check: asyncio.Event,
    token: str,
    reason: str,
    stored: str,
) -> None:
    """Test that a dialog aborts with a reason if the old token works meanwhile."""
    account.fault = Fault.UNAUTHORIZED
    await async_refresh(hass, loaded_entry)
    await async_refresh(hass, loaded_entry)
    form = await dialog.show(flow_id_of_reauth(hass))
    account.fault = None
    account.requests.clear()
    submitted = asyncio.create_task(dialog.submit(form, {CONF_API_TOKEN: token}))
    await async_wait_until(lambda: len(account.requests) == 1)

    await async_refresh(hass, loaded_entry)
    assert hass.config_entries.flow.async_progress() == []
    delayed_check.set()

    reply = await submitted
    assert reply["type"] == FlowResultType.ABORT
    assert reply["reason"] == reason
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded_entry.data[CONF_API_TOKEN] == stored
    assert loaded_entry.state is ConfigEntryState.LOADED


async def test_removed_during_reauth_check(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    delayed_check: asyncio.Event,
) -> None:
    """Test that a dialog aborts with a reason if its account is removed meanwhile."""
    start = await loaded_entry.start_reauth_flow(hass)
    form = await dialog.show(start["flow_id"])
    account.requests.clear()
    submitted = asyncio.create_task(dialog.submit(form, {CONF_API_TOKEN: TOKEN}))
    await async_wait_until(lambda: len(account.requests) == 1)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    delayed_check.set()

    reply = await submitted
    assert reply["reason"] == "removed"
    assert reply["description_placeholders"] == {"name": loaded_entry.title}
    assert logged_errors(caplog) == []


async def test_removed_before_reconfigure(
    hass: HomeAssistant,
    dialog: Dialog,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an account that is removed while its dialog is open aborts it."""
    form = await dialog.open_address_form(loaded_entry)
    await hass.config_entries.async_remove(loaded_entry.entry_id)

    reply = await dialog.submit(form, {CONF_API_URL: user_input[CONF_API_URL]})

    assert reply["reason"] == "removed"
    assert reply["description_placeholders"] == {"name": loaded_entry.title}
    assert logged_errors(caplog) == []


async def test_removed_during_reconfigure_check(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    delayed_check: asyncio.Event,
) -> None:
    """Test that an account that is removed during the check aborts the dialog."""
    form = await dialog.open_address_form(loaded_entry)
    account.requests.clear()
    submitted = asyncio.create_task(
        dialog.submit(form, {CONF_API_URL: user_input[CONF_API_URL]})
    )
    await async_wait_until(lambda: len(account.requests) == 1)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    delayed_check.set()

    assert (await submitted)["reason"] == "removed"
    assert logged_errors(caplog) == []


async def test_reconfigure_disabled_entry(
    hass: HomeAssistant,
    dialog: Dialog,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
) -> None:
    """Test that a disabled account can be reconfigured and stays disabled."""
    form = await dialog.open_address_form(loaded_entry)
    await hass.config_entries.async_set_disabled_by(
        loaded_entry.entry_id, ConfigEntryDisabler.USER
    )
    reply = await dialog.submit(form, {CONF_API_URL: f"{user_input[CONF_API_URL]}/v3"})
    assert reply["reason"] == "reconfigure_successful"
    assert loaded_entry.data[CONF_API_URL] == f"{user_input[CONF_API_URL]}/v3"
    assert loaded_entry.state is ConfigEntryState.NOT_LOADED


@pytest.mark.parametrize("token", ["", " ", f"{TOKEN}/", f"{TOKEN} {TOKEN}"])
async def test_reauth_invalid_token(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    token: str,
) -> None:
    """Test that an invalid token is refused before anything is sent."""
    start = await loaded_entry.start_reauth_flow(hass)
    account.requests.clear()

    form = await dialog.submit(start, {CONF_API_TOKEN: token})

    assert form["errors"] == {CONF_API_TOKEN: "invalid_token"}
    assert account.requests == []

    account.token = NEW_TOKEN
    reply = await dialog.submit(form, {CONF_API_TOKEN: NEW_TOKEN})
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["reason"] == "reauth_successful"
    assert loaded_entry.data == user_input | {CONF_API_TOKEN: NEW_TOKEN}


@pytest.mark.parametrize(
    ("pattern", "token", "path", "stored_token"),
    [
        ("{url}", {}, "", TOKEN),
        (" ", {}, "", TOKEN),
        ("{url}/v3", {}, "/v3", TOKEN),
        ("{url}/v3/", {CONF_API_TOKEN: ""}, "/v3", TOKEN),
        (" {url}/v3", {CONF_API_TOKEN: " \t"}, "/v3", TOKEN),
        ("{url}", {CONF_API_TOKEN: NEW_TOKEN}, "", NEW_TOKEN),
        ("{url}/v3", {CONF_API_TOKEN: f" {NEW_TOKEN}"}, "/v3", NEW_TOKEN),
        (
            f"{{url}}/waInstance{INSTANCE_ID}/reboot/{TOKEN}",
            {CONF_API_TOKEN: NEW_TOKEN},
            "",
            NEW_TOKEN,
        ),
    ],
)
async def test_reconfigure(
    hass: HomeAssistant,
    dialog: Dialog,
    simulator: Simulator,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    pattern: str,
    token: dict[str, str],
    path: str,
    stored_token: str,
) -> None:
    """Test that the address and token can change, and no new token keeps the old."""
    account.token = stored_token
    account.requests.clear()

    form = await dialog.open_address_form(loaded_entry)
    assert form["type"] == FlowResultType.FORM
    assert form["step_id"] == "address"
    assert form["errors"] == {}
    assert form["description_placeholders"]["name"] == loaded_entry.title
    assert suggested(form) == {CONF_API_URL: simulator.url, CONF_API_TOKEN: None}
    assert account.requests == []

    reply = await dialog.submit(
        form, {CONF_API_URL: pattern.format(url=simulator.url)} | token
    )
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["type"] == FlowResultType.ABORT
    assert reply["reason"] == "reconfigure_successful"
    assert loaded_entry.data == user_input | {
        CONF_API_URL: f"{simulator.url}{path}",
        CONF_API_TOKEN: stored_token,
    }
    assert loaded_entry.unique_id == INSTANCE_ID
    assert loaded_entry.title == f"GREEN-API {INSTANCE_ID}"
    assert loaded_entry.state is ConfigEntryState.LOADED
    # The check, then the setup.
    assert called_methods(account) == [
        "getStateInstance",
        "getStateInstance",
        "getSettings",
    ]
    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize(("kind", "fault"), FAULT_OF_KIND.items())
async def test_reconfigure_failure(
    hass: HomeAssistant,
    dialog: Dialog,
    simulator: Simulator,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    kind: ErrorKind,
    fault: Fault,
) -> None:
    """Test that an address and a token are stored only if they work."""
    form = await dialog.open_address_form(loaded_entry)
    account.token = NEW_TOKEN
    account.fault = fault
    changes = {CONF_API_URL: f"{simulator.url}/v3", CONF_API_TOKEN: NEW_TOKEN}

    form = await dialog.submit(form, changes)
    assert form["step_id"] == "address"
    assert form["errors"] == {"base": kind}
    assert suggested(form) == changes | {CONF_API_TOKEN: None}
    assert loaded_entry.data == user_input

    account.fault = None
    reply = await dialog.submit(form, changes)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["reason"] == "reconfigure_successful"
    assert loaded_entry.data == user_input | changes
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert_hidden(TOKEN, caplog)


@pytest.mark.parametrize(
    ("mistakes", "errors"),
    [
        ({CONF_API_URL: "http://a.example"}, {CONF_API_URL: "insecure_url"}),
        (
            {CONF_API_URL: f"https://a.example{REQUEST}"},
            {CONF_API_URL: "other_instance"},
        ),
        ({CONF_API_TOKEN: f"{NEW_TOKEN}/"}, {CONF_API_TOKEN: "invalid_token"}),
        (
            {CONF_API_URL: "?", CONF_API_TOKEN: "?"},
            {CONF_API_URL: "invalid_url", CONF_API_TOKEN: "invalid_token"},
        ),
    ],
)
async def test_reconfigure_invalid_input(
    hass: HomeAssistant,
    dialog: Dialog,
    account: Account,
    loaded_entry: MockConfigEntry,
    user_input: dict[str, str],
    mistakes: dict[str, str],
    errors: dict[str, str],
) -> None:
    """Test that invalid input and another instance are errors, before any request."""
    account.requests.clear()
    changes = {CONF_API_URL: user_input[CONF_API_URL]} | mistakes

    form = await dialog.submit(await dialog.open_address_form(loaded_entry), changes)

    assert form["step_id"] == "address"
    assert form["errors"] == errors
    assert suggested(form) == {
        CONF_API_URL: changes[CONF_API_URL].removesuffix(REQUEST),
        CONF_API_TOKEN: None,
    }
    assert account.requests == []
    assert loaded_entry.data == user_input

    reply = await dialog.submit(form, {CONF_API_URL: user_input[CONF_API_URL]})
    await hass.async_block_till_done(wait_background_tasks=True)

    assert reply["reason"] == "reconfigure_successful"
    assert loaded_entry.data == user_input
    assert loaded_entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("fault", [Fault.EXPIRED_TEXT, Fault.DELETED])
async def test_failed_check_counts(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, account: Account, fault: Fault
) -> None:
    """Test that the rest of Home Assistant knows what a failed check has shown."""
    account.fault = fault
    flow = await loaded_entry.start_reauth_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_API_TOKEN: TOKEN}
    )
    assert result["errors"]
    said = loaded_entry.runtime_data.coordinator.data.last.said
    assert said.kind == result["errors"]["base"]
