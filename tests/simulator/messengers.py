"""The messengers that an account can be of."""

from enum import StrEnum


class Messenger(StrEnum):
    """The messengers, as `typeInstance` names them."""

    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    MAX = "v3"
