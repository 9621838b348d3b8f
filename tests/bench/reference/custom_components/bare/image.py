"""An image, disabled."""

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import BareEntity

IMAGE = ImageEntityDescription(
    key="image", name="Image", entity_registry_enabled_default=False
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the image."""
    async_add_entities([BareImage(hass, entry)])


class BareImage(BareEntity, ImageEntity):
    """An image without content."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize with the device of a config entry."""
        super().__init__(entry, IMAGE)
        ImageEntity.__init__(self, hass)
