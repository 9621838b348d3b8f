"""Helpers for automations in tests."""

from typing import Any, Final

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component

RAN: Final = "ran"

_VARIABLES: Final = (
    "account",
    "device_id",
    "entity_id",
    "from_state",
    "message",
    "reason",
    "since",
    "state",
    "title",
)


async def async_create_automation(
    hass: HomeAssistant, *triggers: dict[str, Any], **more: Any
) -> list[dict[str, Any]]:
    """Set up an automation, and return the list of its runs."""
    runs: list[dict[str, Any]] = []

    @callback
    def listen(event: Event[dict[str, Any]]) -> None:
        runs.append(event.data)

    hass.bus.async_listen(RAN, listen)
    automation = {
        "alias": "Runs",
        "mode": "parallel",
        "triggers": list(triggers),
        "actions": [
            {
                "event": RAN,
                "event_data": {"id": "{{ trigger.id }}"}
                | {
                    variable: f"{{{{ trigger.{variable} | default(none) }}}}"
                    for variable in _VARIABLES
                },
            }
        ],
        **more,
    }
    assert await async_setup_component(
        hass, AUTOMATION_DOMAIN, {AUTOMATION_DOMAIN: [automation]}
    )
    await hass.async_block_till_done()
    assert [state.state for state in hass.states.async_all(AUTOMATION_DOMAIN)] == ["on"]
    return runs


def trigger(kind: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return the configuration of a trigger."""
    return {
        "trigger": f"green_api.{kind}",
        "id": kind,
        "target": target,
        "options": options,
    }
