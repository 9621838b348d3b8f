"""The entities of the account of the tests."""

from typing import Final

from homeassistant.core import HomeAssistant

BUTTON: Final = "button.green_api_1101000001_reboot"
CONNECTIVITY: Final = "binary_sensor.green_api_1101000001_connectivity"
ERROR: Final = "sensor.green_api_1101000001_error"
IMAGE: Final = "image.green_api_1101000001_qr_code"
MESSAGES_IN_QUEUE: Final = "sensor.green_api_1101000001_messages_in_queue"
PROBLEM: Final = "binary_sensor.green_api_1101000001_problem"
REASON: Final = "sensor.green_api_1101000001_problem_reason"
RESTRICTED_UNTIL: Final = "sensor.green_api_1101000001_restricted_until"
STATE: Final = "sensor.green_api_1101000001_account_state"
STATE_SINCE: Final = "sensor.green_api_1101000001_in_this_state_since"


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity."""
    state = hass.states.get(entity_id)
    assert state
    return state.state
