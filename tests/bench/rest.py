"""A REST sensor, which could be used instead of the integration."""

import sys
from typing import Any

from custom_components.green_api.const import UPDATE_INTERVAL
from homeassistant.components.sensor import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.setup import async_setup_component

from .libraries import FOLDER


async def async_set_up_rest_sensor(
    hass: HomeAssistant, url: str
) -> DataUpdateCoordinator[Any]:
    """Set up a REST sensor of the state of an account, and return its coordinator."""
    sys.path.append(str(FOLDER))
    sensor = {"name": "state", "value_template": "{{ value_json.stateInstance }}"}
    config = {"resource": url, "scan_interval": UPDATE_INTERVAL, "sensor": [sensor]}
    await async_setup_component(hass, "rest", {"rest": [config]})
    await hass.async_block_till_done()
    entity: Any = hass.data[DATA_COMPONENT].get_entity("sensor.state")
    assert entity.state == "authorized"
    coordinator: DataUpdateCoordinator[Any] = entity._coordinator
    return coordinator
