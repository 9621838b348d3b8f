"""Actions for the GREEN-API integration."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from itertools import filterfalse
from typing import Any, Final, NamedTuple, cast

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.notify import ATTR_MESSAGE, ATTR_TITLE
from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import async_get_platforms
from homeassistant.helpers.service import remove_entity_service_fields
from homeassistant.util.json import JsonValueType

from .api import MAX_POLL_OPTIONS, MIN_POLL_OPTIONS
from .automations.recipient_target import RecipientTarget, resolve
from .const import ATTR_CHOICES, ATTR_LINK_PREVIEW, DOMAIN
from .decisions.choices import comparable
from .devices import account_name, recipient_name
from .files.attachment import FileSource
from .notify import RecipientEntity
from .sending.confirmation import NotConfirmedError
from .texts import error_text

SERVICE_SEND_MESSAGE: Final = "send_message"

ATTR_ATTACHMENT: Final = "attachment"
ATTR_FILENAME: Final = "filename"
ATTR_QUOTED_MESSAGE_ID: Final = "quoted_message_id"
ATTR_CONFIRM_WITHIN: Final = "confirm_within"
ATTR_RETURN_ERRORS: Final = "return_errors"

# The translation key of the error about a message that may have been sent, and the key
# in the response that says so.
MAYBE_SENT: Final = "maybe_sent"

# The longest time to wait for a delivery.
MAX_CONFIRM_WITHIN: Final = timedelta(hours=1)

# Seconds for which a message waits for its account to be loaded.
LOADED_WITHIN: Final = 10

# In these states, Home Assistant is loading the config entry or may be about to.
_NOT_LOADED_YET: Final = frozenset(
    {
        ConfigEntryState.NOT_LOADED,
        ConfigEntryState.SETUP_IN_PROGRESS,
        ConfigEntryState.UNLOAD_IN_PROGRESS,
    }
)


def _distinct(choices: list[str]) -> list[str]:
    """Validate that answers can tell choices apart, and that none is empty."""
    if len(set(map(comparable, choices)) - {""}) < len(choices):
        raise vol.Invalid("choices must differ by more than case and whitespace")
    return choices


_CHOICES: Final = vol.Schema(
    vol.All(
        cv.ensure_list,
        [cv.string],
        vol.Length(min=MIN_POLL_OPTIONS, max=MAX_POLL_OPTIONS),
        _distinct,
    )
)


_CONFIRM_WITHIN: Final = vol.Schema(
    vol.All(cv.positive_time_period, vol.Range(max=MAX_CONFIRM_WITHIN))
)

# Fields that count as left out if their template renders to `None`, for example because
# an attribute does not exist. A script would stop at it, even with `continue_on_error`.
_MAY_BE_NONE: Final = frozenset(
    {
        ATTR_MESSAGE,
        ATTR_TITLE,
        ATTR_FILENAME,
        ATTR_LINK_PREVIEW,
        ATTR_QUOTED_MESSAGE_ID,
        ATTR_CONFIRM_WITHIN,
        ATTR_RETURN_ERRORS,
    }
)


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an action without the fields that count as left out."""
    return {
        key: value
        for key, value in data.items()
        if value is not None or key not in _MAY_BE_NONE
    }


_FIELDS: Final = cv.make_entity_service_schema(
    {
        vol.Optional(ATTR_MESSAGE, default=""): cv.string,
        vol.Optional(ATTR_TITLE): cv.string,
        # A script stops at what a schema refuses, even with `continue_on_error`. These
        # are checked for each recipient instead, and their errors are translated.
        vol.Optional(ATTR_ATTACHMENT): object,
        vol.Optional(ATTR_FILENAME): cv.string,
        vol.Optional(ATTR_LINK_PREVIEW): cv.boolean,
        vol.Optional(ATTR_QUOTED_MESSAGE_ID): cv.string,
        vol.Optional(ATTR_CHOICES): object,
        vol.Optional(ATTR_CONFIRM_WITHIN): object,
        vol.Optional(ATTR_RETURN_ERRORS, default=False): cv.boolean,
    }
)

SCHEMA: Final = vol.All(_without_none, _FIELDS)


class _Outcome(NamedTuple):
    """Result of sending a message to a recipient, or to a target without any."""

    name: str
    """The name of the target."""

    response: dict[str, JsonValueType]
    """What is known of a message that was sent."""

    error: HomeAssistantError | None = None
    """Why it was not sent, or why its delivery isn't confirmed."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SEND_MESSAGE,
        async_send_message,
        schema=SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def async_send_message(call: ServiceCall) -> ServiceResponse:
    """Send a message to each targeted recipient, and return the message IDs.

    Raises a HomeAssistantError if it is not sent to some recipients, after it was sent
    to all others. The error names both. If the caller requests it, the errors are
    returned in the response instead.
    """
    target = await _async_permitted(call, resolve(call.hass, call.data))
    if not target.recipients and not target.unmatched:
        raise _error("nobody_named")
    outcomes = await _async_outcomes(call, target)
    is_returned = call.return_response and call.data[ATTR_RETURN_ERRORS]
    if any(it.error for it in outcomes.values()) and not is_returned:
        raise _failed(call.hass, outcomes.values())
    if not call.return_response:
        return None
    return {
        key: outcome.response | {"error": error_text(call.hass, outcome.error)}
        if outcome.error
        else outcome.response
        for key, outcome in outcomes.items()
    }


async def _async_outcomes(
    call: ServiceCall, target: RecipientTarget
) -> dict[str, _Outcome]:
    """Send a message to all recipients, and return the results.

    The keys are the entity IDs of the recipients. A target without any recipient has
    its own ID as the key.
    """
    data = remove_entity_service_fields(call)
    del data[ATTR_RETURN_ERRORS]
    if data.get(ATTR_ATTACHMENT) is not None:
        data[ATTR_ATTACHMENT] = FileSource(data[ATTR_ATTACHMENT])
    results = await asyncio.gather(
        *(
            _async_outcome(call, entity_entry, data.copy())
            for entity_entry in target.recipients.values()
        )
    )
    outcomes = {
        item: _Outcome(name, {}, _error("no_recipient", target=name))
        for item, name in target.unmatched.items()
    }
    return outcomes | dict(zip(target.recipients, results, strict=True))


async def _async_outcome(
    call: ServiceCall, entity_entry: er.RegistryEntry, data: dict[str, Any]
) -> _Outcome:
    """Send a message to a recipient, and return the result."""
    # It may be removed while its message is sent or waited for.
    name = _name(call.hass, entity_entry)
    try:
        return await _async_send(call, entity_entry, name, data)
    except HomeAssistantError as err:
        is_unclear = err.translation_key == MAYBE_SENT
        return _Outcome(name, {MAYBE_SENT: True} if is_unclear else {}, err)


async def _async_permitted(
    call: ServiceCall, target: RecipientTarget
) -> RecipientTarget:
    """Return the target, limited to what the user may control if it is `all`.

    Entity actions treat `all` in the same way. Raises UnknownUser if the user does not
    exist, and Unauthorized if the user may not control everything in another target.
    """
    if not call.context.user_id:
        return target
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    is_permitted = partial(user.permissions.check_entity, key=POLICY_CONTROL)
    if call.data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        kept = {
            entity_id: target.recipients[entity_id]
            for entity_id in filter(is_permitted, target.recipients)
        }
        return target._replace(recipients=kept)
    for entity_id in filterfalse(is_permitted, sorted(target.referenced)):
        raise Unauthorized(
            context=call.context, entity_id=entity_id, permission=POLICY_CONTROL
        )
    return target


async def _async_send(
    call: ServiceCall, entity_entry: er.RegistryEntry, name: str, data: dict[str, Any]
) -> _Outcome:
    """Send a message to the recipient with this name, and return the result.

    Raises a HomeAssistantError if it is not sent.
    """
    if ATTR_CHOICES in data:
        data[ATTR_CHOICES] = _checked(data[ATTR_CHOICES], _CHOICES, "choices_invalid")
    within = _checked(
        data.pop(ATTR_CONFIRM_WITHIN, 0), _CONFIRM_WITHIN, "confirm_within_invalid"
    )
    entity = await _async_entity(call.hass, entity_entry, name)
    entity.async_set_context(call.context)
    messages = await entity.async_request_call(entity.async_send(**data))
    response: dict[str, JsonValueType] = {"message_id": messages[0].message_id}
    if not within:
        return _Outcome(name, response)
    try:
        # The state of the entity is the time of the message, confirmed or not.
        status = await entity.async_confirm(name, messages, within)
    except NotConfirmedError as err:
        return _Outcome(name, response | {"status": f"{err.status}"}, err)
    return _Outcome(name, response | {"status": f"{status}"})


def _checked(value: object, schema: vol.Schema, error: str) -> Any:
    """Return the valid value of a field.

    Raises a ServiceValidationError with this translation key if it is not valid.
    """
    try:
        return schema(value)
    except (vol.Invalid, OverflowError) as err:
        # Older versions of Home Assistant let the exception of a long time escape.
        raise _error(error) from err


async def _async_entity(
    hass: HomeAssistant, entity_entry: er.RegistryEntry, name: str
) -> RecipientEntity:
    """Return the entity of a recipient, whose account may be just being loaded.

    Raises a ServiceValidationError if there is none.
    """
    entry = hass.config_entries.async_get_known_entry(
        entity_entry.config_entry_id or ""
    )
    if entry.disabled_by:
        raise _error("account_disabled", name=account_name(hass, entry))
    if entity_entry.disabled:
        raise _error("recipient_disabled", recipient=name)
    await _async_wait_loaded(hass, entry)
    platforms = async_get_platforms(hass, DOMAIN)
    found = (platform.entities.get(entity_entry.entity_id) for platform in platforms)
    entity = cast(RecipientEntity | None, next(filter(None, found), None))
    if entity is None:
        raise _error(
            "account_not_loaded", name=account_name(hass, entry), recipient=name
        )
    return entity


async def _async_wait_loaded(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Wait for a limited time for a config entry that is being loaded."""
    changed = asyncio.Event()

    @callback
    def entry_changed(_: ConfigEntryChange, __: ConfigEntry) -> None:
        changed.set()

    unsubscribe = async_dispatcher_connect(
        hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed
    )
    try:
        async with asyncio.timeout(LOADED_WITHIN):
            while entry.state in _NOT_LOADED_YET:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        return
    finally:
        unsubscribe()


def _failed(hass: HomeAssistant, outcomes: Collection[_Outcome]) -> HomeAssistantError:
    """Return the error that names the recipients that got the message or did not."""
    errors = [(it.name, it.error) for it in outcomes if it.error]
    if len(outcomes) == 1:
        return errors[0][1]
    sent = [it.name for it in outcomes if not it.error]
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="partly_sent" if sent else "not_sent",
        translation_placeholders={
            "sent": ", ".join(sent),
            "failed": " ".join(
                f"{name}: {error_text(hass, error)}" for name, error in errors
            ),
        },
    )


def _error(key: str, **placeholders: str) -> ServiceValidationError:
    """Return an error about the action call itself."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
    )


def _name(hass: HomeAssistant, entity_entry: er.RegistryEntry) -> str:
    """Return the name of a recipient, or its entity ID if it has none."""
    entry = hass.config_entries.async_get_entry(entity_entry.config_entry_id or "")
    subentries = entry.subentries if entry else {}
    subentry = subentries.get(entity_entry.config_subentry_id or "")
    if entry and subentry:
        return recipient_name(hass, entry, subentry)
    return entity_entry.entity_id
