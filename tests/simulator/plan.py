"""The quotas of the free plan."""

from collections import Counter
from typing import TYPE_CHECKING

from .errors import QuotaError

if TYPE_CHECKING:
    from .wire import Json

CHATS = 3
CALLS = {"sendFileByUpload": 1000, "sendFileByUrl": 1000}

ADVICE = (
    "Please go to your personal account and change the tariff to business "
    "https://console.green-api.com"
)


class FreePlan:
    """What is used up of the free plan in this month."""

    def __init__(self) -> None:
        """Begin a month."""
        self.used: Counter[str] = Counter()
        self.chats: list[str] = []

    def take(self, method: str, chat_id: str) -> None:
        """Count a message, or refuse it."""
        total = CALLS.get(method, 0)
        if total and self.used[method] >= total:
            raise QuotaError({"invokeStatus": self._invoke_status(method, total)})
        if chat_id not in self.chats:
            if len(self.chats) >= CHATS:
                raise QuotaError(self.chats_used_up(method))
            self.chats.append(chat_id)
        self.used[method] += 1

    def chats_used_up(self, method: str) -> dict[str, Json]:
        """Return that no other chat is allowed, and which ones are."""
        return {
            "invokeStatus": {
                "method": method.lower(),
                "used": self.used[method],
                "total": CALLS.get(method, 0),
                "status": "QUOTE_ALLOWED",
            },
            "correspondentsStatus": {
                "method": "correspondents",
                "used": len(self.chats),
                "total": CHATS,
                "status": "CORRESPONDENTS_QUOTE_EXCEEDED",
                "description": (
                    "Monthly quota has been exceeded. You can only send or receive "
                    f"messages from these numbers: {','.join(self.chats)}. {ADVICE}"
                ),
            },
        }

    def _invoke_status(self, method: str, total: int) -> dict[str, Json]:
        """Return that a method is used up."""
        return {
            "method": method.lower(),
            "used": self.used[method],
            "total": total,
            "status": "QUOTE_EXCEEDED",
            "description": f"Monthly quota has been exceeded. {ADVICE}",
        }
