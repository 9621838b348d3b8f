"""The messengers of accounts."""

from enum import StrEnum


class Messenger(StrEnum):
    """The messengers by their `typeInstance`."""

    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    MAX = "v3"
