"""The persistent notifications of Home Assistant."""

from homeassistant.components import persistent_notification as pn
from homeassistant.core import HomeAssistant, callback


class NotificationRecorder:
    """Record the persistent notifications that are shown."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start recording."""
        self._notifications: dict[str, pn.Notification] = {}
        pn.async_register_callback(hass, self._updated)

    @callback
    def _updated(
        self, update: pn.UpdateType, notifications: dict[str, pn.Notification]
    ) -> None:
        """Handle added and dismissed notifications."""
        if update is pn.UpdateType.REMOVED:
            for notification_id in notifications:
                self._notifications.pop(notification_id, None)
        else:
            self._notifications.update(notifications)

    @property
    def titles(self) -> list[str | None]:
        """The titles of the notifications."""
        return [shown["title"] for shown in self._notifications.values()]

    @property
    def messages(self) -> list[str]:
        """The messages of the notifications."""
        return [shown["message"] for shown in self._notifications.values()]
