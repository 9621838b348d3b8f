"""What people type to add or change an account."""

from collections.abc import Mapping
import re
from typing import Final

from homeassistant.const import CONF_API_TOKEN

from .address import Address, InsecureAddressError, InvalidAddressError
from .const import CONF_API_URL, CONF_INSTANCE_ID

# What a value looks like, and what is said of one that does not.
_FORMS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    CONF_INSTANCE_ID: (re.compile(r"[0-9]{1,20}"), "invalid_instance_id"),
    CONF_API_TOKEN: (re.compile(r"[^/?#\s]+"), "invalid_token"),
}

# What follows the address in the URL of a request, wherever it was pasted: the token,
# too.
_REQUEST: Final = re.compile(
    r"(?:%2F|%5C|[^\w.])+waInstance.*", re.IGNORECASE | re.DOTALL
)


def parse(
    user_input: Mapping[str, str], stored: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was meant by what was typed, and what is wrong with which field.

    What was not typed is taken from the URL of a request, if one was pasted, or from
    what is stored; the token that was pasted is newer than the one that is stored.
    """
    given = {key: value.strip() for key, value in typed(user_input).items()}
    known = stored | given
    pasted, errors = _parse_url(known.get(CONF_API_URL, ""))
    instance_id = known.get(CONF_INSTANCE_ID) or pasted.instance_id or ""
    data = {
        CONF_API_URL: pasted.url,
        CONF_INSTANCE_ID: instance_id,
        CONF_API_TOKEN: given.get(CONF_API_TOKEN)
        or pasted.api_token
        or known.get(CONF_API_TOKEN, ""),
    }
    if pasted.instance_id not in (None, instance_id):
        errors[CONF_API_URL] = "other_instance"
    for key, (form, error) in _FORMS.items():
        if not form.fullmatch(data[key]):
            errors[key] = error
    return data, errors


def _parse_url(text: str) -> tuple[Address, dict[str, str]]:
    """Return the address that was typed, and what is wrong with it."""
    try:
        return Address.parse(text), {}
    except InsecureAddressError:
        error = "insecure_url"
    except InvalidAddressError:
        error = "invalid_url"
    return Address(""), {CONF_API_URL: error}


def typed(user_input: Mapping[str, str] | None) -> dict[str, str]:
    """Return what was typed, as it was, without fields that were left empty."""
    return {key: value for key, value in (user_input or {}).items() if value.strip()}


def without_token(known: Mapping[str, str]) -> dict[str, str]:
    """Return what may be shown in a form of what was typed, or is stored."""
    return {
        key: _REQUEST.sub("", value)
        for key, value in known.items()
        if key != CONF_API_TOKEN
    }
