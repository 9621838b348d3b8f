"""Image of the QR code that links the account again."""

from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .api import GreenApiError, QrKind
from .coordinator import GreenApiConfigEntry, GreenApiCoordinator
from .entity import GreenApiEntity
from .trouble import LOGGED_OUT_STATES

PARALLEL_UPDATES = 0

# Seconds after which a QR code is replaced; the vendor lets it live 20 seconds.
QR_SHOWN_FOR: Final = 10

QR_CODE: Final = ImageEntityDescription(
    key="qr_code",
    translation_key="qr_code",
    entity_category=EntityCategory.DIAGNOSTIC,
    # Whoever sees it can link a phone of theirs.
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the image."""
    async_add_entities([QrCodeImage(hass, entry.runtime_data, QR_CODE)])


class QrCodeImage(GreenApiEntity, ImageEntity):
    """The QR code, fetched when somebody looks and for as long as they do.

    When a QR code grows old, the new state makes those who look ask for the image
    again, which brings the next code. When nobody looks, nobody asks.
    """

    _attr_content_type = "image/png"

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: GreenApiCoordinator,
        description: ImageEntityDescription,
    ) -> None:
        """Start without a QR code."""
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, hass)
        self._qr_code: bytes | None = None
        self._cancel_expiry: CALLBACK_TYPE | None = None

    @property
    @override
    def available(self) -> bool:
        """Return whether there is an account to link."""
        return (
            super().available and self.coordinator.data.state.known in LOGGED_OUT_STATES
        )

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Forget the QR code."""
        await super().async_will_remove_from_hass()
        self._forget()

    @override
    async def async_image(self) -> bytes | None:
        """Return the QR code; ask for one only if there is none yet."""
        if self._qr_code is None and self.available:
            await self._async_fetch()
        return self._qr_code

    async def _async_fetch(self) -> None:
        """Ask for a QR code."""
        try:
            answer = await self.coordinator.client.get_qr()
        except GreenApiError:
            return
        if answer.kind is QrKind.ALREADY_LOGGED:
            await self.coordinator.async_request_refresh()
        self._forget()
        self._qr_code = answer.image
        self._cancel_expiry = async_call_later(self.hass, QR_SHOWN_FOR, self._expired)

    @callback
    def _expired(self, now: datetime) -> None:
        """Make those who look ask again."""
        self._cancel_expiry = None
        self._forget()
        self._attr_image_last_updated = dt_util.utcnow()
        self.async_write_ha_state()

    @callback
    def _forget(self) -> None:
        """Drop the QR code and its end."""
        self._qr_code = None
        if self._cancel_expiry:
            self._cancel_expiry()
            self._cancel_expiry = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget the QR code as soon as it is of no more use."""
        if not self.available:
            self._forget()
        super()._handle_coordinator_update()
