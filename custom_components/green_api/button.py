"""Button for the GREEN-API integration."""

from typing import Final, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import GreenApiConfigEntry
from .entity import GreenApiAccountEntity
from .remedy import async_reboot

PARALLEL_UPDATES = 1

REBOOT: Final = ButtonEntityDescription(
    key="reboot",
    translation_key="reboot",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the button of an account."""
    async_add_entities([RebootButton(entry.runtime_data.coordinator, REBOOT)])


class RebootButton(GreenApiAccountEntity, ButtonEntity):
    """Button that reboots the instance."""

    @property
    @override
    def available(self) -> bool:
        """Return True, because a reboot may help in an outage too."""
        return True

    @override
    async def async_press(self) -> None:
        """Reboot the instance.

        Raises HomeAssistantError if the server does not reboot it.
        """
        await async_reboot(self.hass, self.coordinator.config_entry)
