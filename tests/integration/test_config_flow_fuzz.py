"""Enter arbitrary text into the dialogs.

Wherever the requests would go, the simulated GREEN-API receives them, and accepts the
token that was entered.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final
import unicodedata

from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DEFAULT_API_URL,
    DOMAIN,
)
from homeassistant.components.image import DOMAIN as IMAGE_DOMAIN
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from tests.simulator import Account, Simulator
from tests.support.const import INSTANCE_ID
from tests.support.fuzz import FUZZED, UNSEEN_GENERATOR, addresses
from tests.support.request_failures import requests_sent_to
from tests.support.secrecy import LogRecorder

# Hypothesis reads the generator of `random` in a way that fails with Python 3.14.
pytestmark = [pytest.mark.long(3), UNSEEN_GENERATOR]

SECRET: Final = "s3cr3t.of.m1ne"

tokens = st.builds(
    "{}{}{}".format,
    st.text(max_size=8) | st.sampled_from((" ", "%2F", "+", "\N{ZERO WIDTH SPACE}")),
    st.just(SECRET),
    st.text(max_size=8) | st.sampled_from((" ", "/", "?", "#", "\n", "é")),
)
instance_ids = st.text(max_size=24) | st.sampled_from(
    (
        INSTANCE_ID,
        f" {INSTANCE_ID}\n",
        f"{INSTANCE_ID}/..",
        "\N{ARABIC-INDIC DIGIT ONE}" * 10,
        "1" * 21,
    )
)
urls = (
    addresses
    | st.just(DEFAULT_API_URL)
    | st.builds(
        "{}/waInstance{}/getStateInstance/{}".format,
        st.just(DEFAULT_API_URL) | addresses,
        instance_ids,
        tokens,
    )
)


@pytest.fixture
async def redirected(hass: HomeAssistant, simulator: Simulator) -> AsyncGenerator[None]:
    """Redirect the requests for other hosts to the simulator."""
    assert await async_setup_component(hass, IMAGE_DOMAIN, {})
    with requests_sent_to("getStateInstance", "http", "127.0.0.1", simulator.port):
        yield


def visible(text: str) -> str:
    """Return a text without the invisible characters that are ignored."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def assert_asks_again(
    form: ConfigFlowResult, typed: Mapping[str, str], *kept: str
) -> None:
    """Assert that a form has an error, keeps the input, and contains no secret."""
    assert form["type"] is FlowResultType.FORM
    assert form["errors"]
    assert SECRET not in repr(form)
    suggested = {
        key.schema: (key.description or {}).get("suggested_value")
        for key in form["data_schema"].schema
    }
    for key in kept:
        assert suggested[key] is not None
        assert visible(typed[key]).startswith(suggested[key])


def assert_fit(data: Mapping[str, Any], token: str) -> None:
    """Assert that the data of an account makes a valid URL."""
    assert SECRET not in data[CONF_API_URL]
    assert SECRET in data[CONF_API_TOKEN]
    assert data[CONF_API_TOKEN] == visible(token).strip()
    assert data[CONF_INSTANCE_ID] == INSTANCE_ID


async def assert_added_or_asked_again(
    hass: HomeAssistant, result: ConfigFlowResult, typed: Mapping[str, str]
) -> None:
    """Assert that a dialog added the account or showed an error, and undo it."""
    if entries := hass.config_entries.async_loaded_entries(DOMAIN):
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert_fit(entries[0].data, typed[CONF_API_TOKEN])
        await hass.config_entries.async_remove(entries[0].entry_id)
    else:
        # A blank field may be filled in from a pasted URL.
        kept = {key for key, value in typed.items() if visible(value).strip()}
        assert_asks_again(result, typed, *kept - {CONF_API_TOKEN})
        hass.config_entries.flow.async_abort(result["flow_id"])


def assert_changed_or_asked_again(
    hass: HomeAssistant,
    result: ConfigFlowResult,
    typed: Mapping[str, str],
    entry: MockConfigEntry,
    before: Mapping[str, str],
) -> None:
    """Assert that a dialog changed the account or showed an error, and undo it."""
    assert entry.state is ConfigEntryState.LOADED
    if result["type"] is FlowResultType.ABORT:
        assert_fit(entry.data, typed[CONF_API_TOKEN])
        hass.config_entries.async_update_entry(entry, data=before)
    else:
        kept = {key for key, value in typed.items() if visible(value).strip()}
        assert_asks_again(result, typed, *kept - {CONF_API_TOKEN})
        assert entry.data == before
        hass.config_entries.flow.async_abort(result["flow_id"])


@FUZZED
@given(api_url=urls, instance_id=instance_ids, token=tokens)
async def test_add(
    hass: HomeAssistant,
    account: Account,
    redirected: None,
    log_recorder: LogRecorder,
    api_url: str,
    instance_id: str,
    token: str,
) -> None:
    """Test that valid input adds an account, and any other input is an error."""
    account.token = visible(token).strip()
    typed = {
        CONF_API_URL: api_url,
        CONF_INSTANCE_ID: instance_id,
        CONF_API_TOKEN: token,
    }
    flows = hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(form["flow_id"], typed)
    await hass.async_block_till_done(wait_background_tasks=True)

    await assert_added_or_asked_again(hass, result, typed)
    assert [line for line in log_recorder.lines if SECRET in line] == []


@FUZZED
@given(api_url=urls, token=tokens)
@pytest.mark.parametrize("step_id", ["reauth_confirm", "address"])
async def test_reconfigure(
    hass: HomeAssistant,
    account: Account,
    loaded_entry: MockConfigEntry,
    redirected: None,
    log_recorder: LogRecorder,
    step_id: str,
    api_url: str,
    token: str,
) -> None:
    """Test that valid input changes an account, and any other input keeps it."""
    account.token = visible(token).strip()
    before = dict(loaded_entry.data)

    async def start_address_flow(hass: HomeAssistant) -> ConfigFlowResult:
        """Select the form for the address, if there is a menu."""
        start = await loaded_entry.start_reconfigure_flow(hass)
        return await hass.config_entries.flow.async_configure(
            start["flow_id"],
            {"next_step_id": "address"} if start["type"] == "menu" else None,
        )

    start, typed = {
        "reauth_confirm": (loaded_entry.start_reauth_flow, {}),
        "address": (start_address_flow, {CONF_API_URL: api_url}),
    }[step_id]
    typed[CONF_API_TOKEN] = token
    form = await start(hass)
    assert form["step_id"] == step_id
    result = await hass.config_entries.flow.async_configure(form["flow_id"], typed)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert_changed_or_asked_again(hass, result, typed, loaded_entry, before)
    assert [line for line in log_recorder.lines if SECRET in line] == []
