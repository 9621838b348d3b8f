"""Paste extremely long texts into the dialogs, which respond quickly with an error.

The time must not grow faster than the length of the text, as Home Assistant is blocked
meanwhile.
"""

from collections.abc import Awaitable, Callable, Mapping
import time
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.green_api.const import (
    CONF_API_URL,
    CONF_INSTANCE_ID,
    DEFAULT_API_URL,
    DOMAIN,
)
from custom_components.green_api.inputs.credentials import without_token
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_API_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.support.const import INSTANCE_ID, TOKEN

pytestmark = pytest.mark.long(7)

# Seconds of CPU time in which all input is parsed, ten times as many as it takes.
# Anything quadratic in the length takes longer for a single text.
AT_ONCE: Final = 3

LENGTH: Final = 50_000

# Text that patterns and parsers could be slow with.
PIECES: Final = (
    *("/", "\\", "//", "/.", "/..", "..", ".", "%2F", "%5C", "%2e", "%2E%2e/", "%25"),
    *("%", "%2", "2F", ":", "://", "@", "?", "#", "&", "[", "]", "[::1]", "1.", "a."),
    *("a-", "-", "0", "1", "a", "é", "ß", "\u2024", "xn--", "xn--a.", "пример."),
    *("waInstance", "/waInstance", "/waInstance1", "/waInstance1/a", "/wainstanc"),
    *("%2FwaInstanc", "waInstance%2F", "/reboot/", " ", "\t", "\n", " \n/", "\0"),
    *("\N{ZERO WIDTH SPACE}/", "\N{FULLWIDTH SOLIDUS}", "\N{ARABIC-INDIC DIGIT ONE}"),
    *("\N{COMBINING ACUTE ACCENT}", "\U0001f514", "\ud83d"),
)

# Its position in a text.
FRAMES: Final = (
    "x{}x",
    f"{DEFAULT_API_URL}{{}}x",
    f"{DEFAULT_API_URL}/{{}}x",
    "https://{}x",
    "https://{}.example/",
    f"{DEFAULT_API_URL}{{}}waInstance1101000001/reboot/secret",
    f"{DEFAULT_API_URL}/waInstance1101000001/reboot/{{}}x",
    f"{DEFAULT_API_URL}/waInstance{{}}/reboot/secret",
    "{}/",
)

TEXTS: Final = [
    pytest.param(
        [frame.format(piece * (LENGTH // len(piece))) for frame in FRAMES],
        id=ascii(piece),
    )
    for piece in PIECES
]

type Open = Callable[[HomeAssistant, MockConfigEntry], Awaitable[ConfigFlowResult]]


async def async_add(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the form that adds an account."""
    flows = hass.config_entries.flow
    return await flows.async_init(DOMAIN, context={"source": SOURCE_USER})


async def async_change_address(
    hass: HomeAssistant, entry: MockConfigEntry
) -> ConfigFlowResult:
    """Open the form for an account's address."""
    menu = await entry.start_reconfigure_flow(hass)
    return await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": "address"}
    )


async def async_reauthenticate(
    hass: HomeAssistant, entry: MockConfigEntry
) -> ConfigFlowResult:
    """Open the form for a new token."""
    return await entry.start_reauth_flow(hass)


# The fields of the forms, and the input for the others.
FORMS: Final[Mapping[str, tuple[Open, str, Mapping[str, str]]]] = {
    "address when added": (
        async_add,
        CONF_API_URL,
        {CONF_INSTANCE_ID: INSTANCE_ID, CONF_API_TOKEN: TOKEN},
    ),
    "instance": (
        async_add,
        CONF_INSTANCE_ID,
        {CONF_API_URL: DEFAULT_API_URL, CONF_API_TOKEN: TOKEN},
    ),
    "token when added": (
        async_add,
        CONF_API_TOKEN,
        {CONF_API_URL: DEFAULT_API_URL, CONF_INSTANCE_ID: INSTANCE_ID},
    ),
    "address": (async_change_address, CONF_API_URL, {}),
    "token": (async_change_address, CONF_API_TOKEN, {CONF_API_URL: DEFAULT_API_URL}),
    "new token": (async_reauthenticate, CONF_API_TOKEN, {}),
}


@pytest.mark.parametrize("texts", TEXTS)
async def test_parsed_at_once(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, texts: list[str]
) -> None:
    """Test that the form is shown again at once, for any text in any field."""
    spent = 0.0
    for open_form, field, others in FORMS.values():
        form = await open_form(hass, loaded_entry)
        for text in texts:
            begun = time.thread_time()
            form = await hass.config_entries.flow.async_configure(
                form["flow_id"], {**others, field: text}
            )
            spent += time.thread_time() - begun
            assert form["type"] is FlowResultType.FORM
            assert form["errors"]
        hass.config_entries.flow.async_abort(form["flow_id"])
    assert spent < AT_ONCE


@pytest.mark.parametrize(
    ("separator", "times"), [("/", 30_000), ("%2F", 30_000), ("\\/%5c ", 10_000)]
)
def test_separators_removed(separator: str, times: int) -> None:
    """Test that any number of separators between URL and request path is removed."""
    pasted = f"api.green-api.com{separator * times}waInstance1/reboot/secret"
    assert without_token({CONF_API_URL: pasted}) == {CONF_API_URL: "api.green-api.com"}
