"""The forms in which Home Assistant answers, as far as they are used here."""

from typing import Any, NotRequired, TypedDict


class State(TypedDict):
    """An entity's state."""

    entity_id: str
    state: str
    attributes: dict[str, Any]
    last_changed: str
    last_updated: str


class Entry(TypedDict):
    """A config entry, without what it keeps to itself."""

    entry_id: str
    domain: str
    title: str
    state: str
    reason: str | None
    error_reason_translation_key: str | None
    error_reason_translation_placeholders: dict[str, str] | None
    disabled_by: str | None


class FlowStep(TypedDict):
    """What a flow shows next, or how it ended."""

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
    """Why a flow was started."""

    source: str
    entry_id: NotRequired[str]
    unique_id: NotRequired[str]


class PendingFlow(TypedDict):
    """A flow that waits for somebody to continue it."""

    flow_id: str
    handler: str
    step_id: str
    context: FlowContext


class Entity(TypedDict):
    """An entity of the registry."""

    entity_id: str
    unique_id: str
    platform: str
    config_entry_id: str | None
    device_id: str | None
    disabled_by: str | None
    entity_category: str | None
    translation_key: str | None


class Device(TypedDict):
    """A device of the registry."""

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
    """A notification of the sidebar."""

    notification_id: str
    title: str | None
    message: str


class Dashboard(TypedDict):
    """A dashboard in the list of dashboards."""

    id: str
    url_path: str
    title: str
