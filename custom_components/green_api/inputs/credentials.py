"""Parse the input of a user who adds or changes an account."""

from collections.abc import Mapping
import re
from typing import Final

from homeassistant.const import CONF_API_TOKEN

from ..const import CONF_API_URL, CONF_INSTANCE_ID
from .address import Address, InsecureAddressError, InvalidAddressError
from .characters import visible_text

# The format of a value, and the error for any other value.
_FORMS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    CONF_INSTANCE_ID: (re.compile(r"[0-9]{1,20}"), "invalid_instance_id"),
    CONF_API_TOKEN: (re.compile(r"[^/?#\s]{1,512}"), "invalid_token"),
}

# The part of a request URL after the address, which includes the token, in any field.
# Each run of separators is matched only once, from its start, to keep the time linear.
_REQUEST: Final = re.compile(
    r"(?<![^\w.])(?<!%2F)(?<!%5C)(?:%2F|%5C|[^\w.])++waInstance.*",
    re.IGNORECASE | re.DOTALL,
)


def parse(
    user_input: Mapping[str, str], stored: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the entry data, and the errors by field.

    A field that was left empty is taken from the URL of a request, if one was pasted,
    or from the stored data. The pasted token is newer than the stored one.
    """
    given = {key: value.strip() for key, value in typed(user_input).items()}
    pasted, errors = _parse_url((stored | given).get(CONF_API_URL, ""))
    given_id = _plain_id(given.get(CONF_INSTANCE_ID, ""))
    pasted_id = _plain_id(pasted.instance_id or "")
    instance_id = given_id or stored.get(CONF_INSTANCE_ID) or pasted_id
    new_token = given.get(CONF_API_TOKEN) or pasted.api_token
    data = {
        CONF_API_URL: pasted.url,
        CONF_INSTANCE_ID: instance_id,
        CONF_API_TOKEN: new_token or stored.get(CONF_API_TOKEN, ""),
    }
    if pasted_id not in ("", instance_id):
        errors[CONF_API_URL] = "other_instance"
    for key, (form, error) in _FORMS.items():
        if not form.fullmatch(data[key]):
            errors[key] = error
    return data, errors


def _plain_id(text: str) -> str:
    """Return the normalized instance ID, which is a number."""
    return text.lstrip("0")


def _parse_url(text: str) -> tuple[Address, dict[str, str]]:
    """Return the address that was entered, and the errors by field."""
    try:
        return Address.parse(text), {}
    except InsecureAddressError:
        error = "insecure_url"
    except InvalidAddressError:
        error = "invalid_url"
    return Address(""), {CONF_API_URL: error}


def typed(user_input: Mapping[str, str] | None) -> dict[str, str]:
    """Return the user input without empty fields and invisible characters."""
    visible = {key: visible_text(value) for key, value in (user_input or {}).items()}
    return {key: value for key, value in visible.items() if value.strip()}


def without_token(known: Mapping[str, str]) -> dict[str, str]:
    """Return the entered or stored values that may be shown in a form."""
    return {
        key: _REQUEST.sub("", value)
        for key, value in known.items()
        if key != CONF_API_TOKEN
    }
