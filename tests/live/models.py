"""Types of Home Assistant's responses, as far as they are used here."""

from typing import Any, NotRequired, TypedDict


class State(TypedDict):
    """The state of an entity."""

    entity_id: str
    state: str
    attributes: dict[str, Any]
    last_changed: str
    last_updated: str


class Entry(TypedDict):
    """A config entry, without its data and options."""

    entry_id: str
    domain: str
    title: str
    state: str
    reason: str | None
    error_reason_translation_key: str | None
    error_reason_translation_placeholders: dict[str, str] | None
    disabled_by: str | None


class FlowStep(TypedDict):
    """A step of a flow, or its result."""

    flow_id: str
    type: str
    step_id: NotRequired[str]
    data_schema: NotRequired[list[dict[str, Any]]]
    description_placeholders: NotRequired[dict[str, str]]
    errors: NotRequired[dict[str, str] | None]
    menu_options: NotRequired[list[str]]
    next_flow: NotRequired[tuple[str, str]]
    progress_action: NotRequired[str]
    reason: NotRequired[str]
    result: NotRequired[Entry]
    title: NotRequired[str]


class FlowContext(TypedDict):
    """The context in which a flow was started."""

    source: str
    entry_id: NotRequired[str]
    unique_id: NotRequired[str]


class PendingFlow(TypedDict):
    """A flow that waits for input."""

    flow_id: str
    handler: str
    step_id: str
    context: FlowContext


class Entity(TypedDict):
    """An entry of the entity registry."""

    entity_id: str
    unique_id: str
    platform: str
    config_entry_id: str | None
    device_id: str | None
    disabled_by: str | None
    entity_category: str | None
    translation_key: str | None


class Device(TypedDict):
    """An entry of the device registry."""

    id: str
    config_entries: list[str]
    identifiers: list[list[str]]
    manufacturer: str | None
    model: str | None
    name: str | None
    serial_number: str | None
    configuration_url: str | None


class Issue(TypedDict):
    """A repair issue."""

    domain: str
    issue_id: str
    ignored: bool
    is_fixable: bool
    severity: str
    translation_key: str | None
    translation_placeholders: dict[str, str] | None


class Notification(TypedDict):
    """A persistent notification."""

    notification_id: str
    title: str | None
    message: str


class Dashboard(TypedDict):
    """A dashboard in the list of dashboards."""

    id: str
    url_path: str
    title: str
