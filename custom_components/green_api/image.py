"""Image of the QR code that links the account again."""

import asyncio
from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .api import GreenApiClient, GreenApiError, QrKind
from .const import QR_LIFE
from .coordinator import GreenApiCoordinator
from .data import GreenApiConfigEntry
from .entity import GreenApiAccountEntity
from .problem import LOGGED_OUT_STATES

PARALLEL_UPDATES = 0

# Seconds after which an answer is old: what is shown can be scanned for as long again.
QR_SHOWN_FOR: Final = QR_LIFE / 2

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
    data = entry.runtime_data
    async_add_entities([QrCodeImage(hass, data.coordinator, data.client, QR_CODE)])


class QrCodeImage(GreenApiAccountEntity, ImageEntity):
    """Image of the QR code, fetched only while somebody looks at it.

    When an answer expires, the new state makes the frontend fetch the image again, and
    with it the next QR code. Nothing is requested while nobody looks.
    """

    _attr_content_type = "image/png"

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: GreenApiCoordinator,
        client: GreenApiClient,
        description: ImageEntityDescription,
    ) -> None:
        """Initialize the image without an answer."""
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, hass)
        self._api = client
        self._asking = asyncio.Lock()
        self._attr_image_last_updated = dt_util.utcnow()
        self._cancel_expiry: CALLBACK_TYPE | None = None
        self._qr_code: bytes | None = None

    @property
    @override
    def available(self) -> bool:
        """Return whether there is an account to link."""
        return (
            super().available and self.coordinator.data.state.known in LOGGED_OUT_STATES
        )

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Forget the answer."""
        await super().async_will_remove_from_hass()
        self._forget()

    @override
    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Handle a new entity ID, which nothing depends on."""

    @override
    async def async_image(self) -> bytes | None:
        """Return the QR code; fetch one only if there is no fresh answer."""
        entry = self.coordinator.config_entry
        async with self._asking:
            if (
                self._cancel_expiry is None
                and self.available
                and entry.state is ConfigEntryState.LOADED
            ):
                self._cancel_expiry = async_call_later(
                    self.hass, QR_SHOWN_FOR, self._expired
                )
                # It ends with the config entry, and when nobody waits any more.
                request = entry.async_create_background_task(
                    self.hass, self._async_ask(), f"{self.entity_id} request"
                )
                try:
                    await asyncio.wait([request])
                finally:
                    request.cancel()
        return self._qr_code

    async def _async_ask(self) -> None:
        """Fetch a QR code; it is an answer as well that there is none."""
        try:
            answer = await self._api.get_qr()
        except GreenApiError:
            return
        if answer.kind is QrKind.ALREADY_LOGGED:
            # Those who look do not wait for it, nor can they interrupt it.
            self.coordinator.config_entry.async_create_background_task(
                self.hass,
                self.coordinator.async_request_refresh(),
                f"{self.entity_id} refresh",
            )
        # Meanwhile the account may have been linked, or the entity removed.
        if self._cancel_expiry:
            self._qr_code = answer.image

    @callback
    def _expired(self, now: datetime) -> None:
        """Expire the answer, so that the frontend fetches the image again."""
        self._forget()
        self.async_write_ha_state()

    @callback
    def _forget(self) -> None:
        """Forget the answer and cancel its expiry."""
        self._qr_code = None
        # The state: a new one makes the frontend fetch the image again.
        self._attr_image_last_updated = dt_util.utcnow()
        if self._cancel_expiry:
            self._cancel_expiry()
            self._cancel_expiry = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget the answer when it is of no more use."""
        if not self.available:
            self._forget()
        super()._handle_coordinator_update()
