"""Image entity for the GREEN-API integration."""

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

from .api import ErrorKind, GreenApiClient, GreenApiError, QrKind, QrResponse
from .const import QR_LIFE
from .coordinator import GreenApiCoordinator
from .data import GreenApiConfigEntry
from .decisions.problem import LOGGED_OUT_STATES
from .entity import GreenApiAccountEntity

PARALLEL_UPDATES = 0

# Seconds after which a response expires. A QR code that is still displayed then can be
# scanned for as long again.
QR_SHOWN_FOR: Final = QR_LIFE / 2

# Responses that say nothing about the account: a QR code, or a failed request.
_UNINFORMATIVE_KINDS: Final = frozenset(
    {
        QrKind.QR_CODE,
        ErrorKind.BAD_RESPONSE,
        ErrorKind.CANNOT_CONNECT,
        ErrorKind.RATE_LIMITED,
        ErrorKind.UNKNOWN_HOST,
    }
)

QR_CODE: Final = ImageEntityDescription(
    key="qr_code",
    translation_key="qr_code",
    entity_category=EntityCategory.DIAGNOSTIC,
    # Anyone who sees the QR code can link their own phone.
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the image of an account."""
    data = entry.runtime_data
    async_add_entities([QrCodeImage(hass, data.coordinator, data.client, QR_CODE)])


class QrCodeImage(GreenApiAccountEntity, ImageEntity):
    """Image of the QR code for linking, fetched only while it is being viewed.

    When a response expires, the new state makes the frontend fetch the image again, and
    with it the next QR code. Nothing is requested while the image is not being viewed.

    GREEN-API may take a minute to return a QR code, which is longer than Home Assistant
    waits for an image. The request continues in the background, and a new state makes
    the frontend fetch the image once there is a response.
    """

    _attr_content_type = "image/png"

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: GreenApiCoordinator,
        client: GreenApiClient,
        description: ImageEntityDescription,
    ) -> None:
        """Initialize the image without a QR code."""
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, hass)
        self._api = client
        self._viewers = 0
        self._request: asyncio.Task[None] | None = None
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

    @property
    @override
    def entity_picture(self) -> str | None:
        """Return the URL of the QR code, None while there is none to be fetched.

        The frontend then shows the icon, and requests nothing.
        """
        is_without_code = self._cancel_expiry is not None and self._qr_code is None
        if is_without_code or not self.available:
            return None
        return super().entity_picture

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Discard the response when the entity is removed."""
        await super().async_will_remove_from_hass()
        self._discard()

    @override
    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """Keep the response: nothing depends on the entity ID."""

    @override
    async def async_image(self) -> bytes | None:
        """Return the QR code. It is fetched only if there is no fresh response."""
        if request := self._async_request():
            self._viewers += 1
            try:
                await asyncio.wait([request])
            finally:
                self._viewers -= 1
        return self._qr_code

    @callback
    def _async_request(self) -> asyncio.Task[None] | None:
        """Return the request to wait for, and start one if necessary.

        Return None if there is a fresh response already, or no QR code to request.
        """
        entry = self.coordinator.config_entry
        if (
            (self._request is None or self._request.done())
            and self._cancel_expiry is None
            and self.available
            and entry.state is ConfigEntryState.LOADED
        ):
            # The task is canceled when the config entry is unloaded.
            self._request = entry.async_create_background_task(
                self.hass, self._async_fetch(), f"{self.entity_id} request"
            )
        return self._request

    async def _async_fetch(self) -> None:
        """Fetch a QR code. A response without one is kept as well."""
        try:
            response: QrResponse | GreenApiError = await self._api.get_qr()
        except GreenApiError as err:
            response = err.with_traceback(None)
        self._cancel_expiry = async_call_later(self.hass, QR_SHOWN_FOR, self._expired)
        if isinstance(response, QrResponse):
            self._qr_code = response.image
        if response.kind not in _UNINFORMATIVE_KINDS:
            # Viewers of the image do not wait for this task, and cannot cancel it.
            self.coordinator.config_entry.async_create_background_task(
                self.hass,
                self.coordinator.async_request_refresh(),
                f"{self.entity_id} refresh",
            )
        if not self._viewers:
            self._attr_image_last_updated = dt_util.utcnow()
        if not self._viewers or self._qr_code is None:
            self.async_write_ha_state()

    @callback
    def _expired(self, now: datetime) -> None:
        """Discard an expired response, so that the frontend fetches the image again."""
        self._discard()
        self.async_write_ha_state()

    @callback
    def _discard(self) -> None:
        """Discard the response and cancel its expiry, or cancel the request."""
        self._qr_code = None
        if self._request:
            self._request.cancel()
            self._request = None
        # This is the state of the entity. A new one makes the frontend fetch the image
        # again.
        self._attr_image_last_updated = dt_util.utcnow()
        if self._cancel_expiry:
            self._cancel_expiry()
            self._cancel_expiry = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Discard the response once there is no account to link."""
        if not self.available:
            self._discard()
        super()._handle_coordinator_update()
