"""A button."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import BareEntity

BUTTON = ButtonEntityDescription(key="button", name="Button")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the button."""
    async_add_entities([BareButton(entry, BUTTON)])


class BareButton(BareEntity, ButtonEntity):
    """A button that does nothing."""

    @override
    async def async_press(self) -> None:
        """Do nothing."""
