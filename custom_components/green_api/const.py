"""Constants for the GREEN-API integration."""

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
    Platform.EVENT,
    Platform.IMAGE,
    Platform.NOTIFY,
    Platform.SENSOR,
]

ATTR_CHOICES: Final = "choices"
ATTR_LINK_PREVIEW: Final = "link_preview"

CONF_API_URL: Final = "api_url"
CONF_CHAT_ID: Final = "chat_id"
CONF_INSTANCE_ID: Final = "instance_id"
CONF_MAY_WRITE: Final = "may_write"
CONF_MAY_WRITE_SINCE: Final = "may_write_since"
CONF_RECEIVE_MESSAGES: Final = "receive_messages"

SUBENTRY_TYPE_RECIPIENT: Final = "recipient"

CONSOLE_URL: Final = "https://console.green-api.com"
BLOCKED_HELP_URL: Final = "https://green-api.com/en/docs/faq/"
RESTRICTED_HELP_URL: Final = "https://green-api.com/en/docs/faq/yellowCard/"
SUPPORT_URL: Final = "https://green-api.com/en/"
DEFAULT_API_URL: Final = "https://api.green-api.com"

UPDATE_INTERVAL: Final = timedelta(minutes=1)
FAST_UPDATE_INTERVAL: Final = timedelta(seconds=10)

# Seconds to wait after a "too many requests" response that does not name a time.
RATE_LIMIT_DELAY: Final = 120

# Intervals between checks of the queue: normally, and while the account has messages to
# send or the last check failed.
QUEUE_INTERVAL: Final = timedelta(minutes=5)
BUSY_QUEUE_INTERVAL: Final = timedelta(minutes=1)

# Seconds for which a QR code is valid, according to the vendor.
QR_LIFE: Final = 20

# Assumed until the messenger of an account is known: most accounts use it by far.
LIKELY_MESSENGER: Final = Messenger.WHATSAPP

MESSENGER_NAMES: Final = {
    Messenger.MAX: "MAX",
    Messenger.TELEGRAM: "Telegram",
    Messenger.WHATSAPP: "WhatsApp",
}
