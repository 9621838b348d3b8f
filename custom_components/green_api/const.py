"""Constants of the GREEN-API integration."""

from datetime import timedelta
import logging
from typing import Final

from homeassistant.const import Platform

from .api import Messenger

DOMAIN: Final = "green_api"
LOGGER: Final = logging.getLogger(__package__)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.IMAGE,
    Platform.NOTIFY,
    Platform.SENSOR,
]

CONF_API_URL: Final = "api_url"
CONF_CHAT_ID: Final = "chat_id"
CONF_INSTANCE_ID: Final = "instance_id"

SUBENTRY_TYPE_RECIPIENT: Final = "recipient"

CONSOLE_URL: Final = "https://console.green-api.com"
BLOCKED_HELP_URL: Final = "https://green-api.com/en/docs/faq/"
RESTRICTED_HELP_URL: Final = "https://green-api.com/en/docs/faq/yellowCard/"
SUPPORT_URL: Final = "https://green-api.com/en/"
DEFAULT_API_URL: Final = "https://api.green-api.com"

UPDATE_INTERVAL: Final = timedelta(minutes=1)
FAST_UPDATE_INTERVAL: Final = timedelta(seconds=10)

# Between two looks at a queue, while it is empty and while it is not.
QUEUE_INTERVAL: Final = timedelta(minutes=5)
BUSY_QUEUE_INTERVAL: Final = timedelta(minutes=1)

# Seconds for which the vendor lets a QR code live.
QR_LIFE: Final = 20

MESSENGER_NAMES: Final = {
    Messenger.MAX: "MAX",
    Messenger.TELEGRAM: "Telegram",
    Messenger.WHATSAPP: "WhatsApp",
}
