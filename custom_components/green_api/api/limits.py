"""What messages may be like.

https://green-api.com/en/docs/api/sending/SendMessage/
"""

from collections.abc import Mapping
from typing import Final

from .models import Messenger

MAX_MESSAGE_LENGTH: Final[Mapping[Messenger, int]] = {
    Messenger.MAX: 4000,
    Messenger.TELEGRAM: 4096,
    Messenger.WHATSAPP: 20_000,
}
MAX_CAPTION_LENGTH: Final = 1024
MAX_FILE_BYTES: Final = 100 * 1024 * 1024


def text_length(text: str) -> int:
    """Return the length of a text as GREEN-API counts it: an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
