"""The quotas of the free plan."""

from collections import Counter
from typing import TYPE_CHECKING

from .errors import QuotaError

if TYPE_CHECKING:
    from .wire import Json

CHATS = 3
CALLS = {
    "checkWhatsapp": 100,
    "getMessage": 1000,
    "lastIncomingMessages": 1000,
    "sendFileByUpload": 1000,
    "sendFileByUrl": 1000,
}

ADVICE = (
    "Please go to your personal account and change the tariff to business "
    "https://console.green-api.com"
)


class FreePlan:
    """The usage of the free plan in this month."""

    def __init__(self) -> None:
        """Initialize without any usage."""
        self.used: Counter[str] = Counter()
        self.chats: list[str] = []

    def count(self, method: str) -> None:
        """Count a call; raises QuotaError if the quota is exceeded."""
        self._check(method)
        self.used[method] += 1

    def allows(self, chat_id: str) -> bool:
        """Return whether a chat is one of the allowed ones, or becomes one."""
        if chat_id not in self.chats and len(self.chats) < CHATS:
            self.chats.append(chat_id)
        return chat_id in self.chats

    def count_message(self, method: str, chat_id: str) -> None:
        """Count a message; raises QuotaError if a quota is exceeded."""
        self._check(method)
        if not self.allows(chat_id):
            raise QuotaError(self.chats_used_up(method))
        self.used[method] += 1

    def chats_used_up(self, method: str) -> dict[str, Json]:
        """Return the error for another chat, with the allowed chats."""
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

    @property
    def quota_data(self) -> dict[str, Json]:
        """Return what a notification of a message in another chat contains."""
        return {
            "method": "correspondents",
            "used": len(self.chats),
            "total": CHATS,
            "status": "CORRESPONDENTS_QUOTA_EXCEEDED",
            "description": (
                "Monthly quota has been exceeded. You can only send or receive "
                f"messages from following chats: {', '.join(self.chats)}. {ADVICE}"
            ),
        }

    def _check(self, method: str) -> None:
        """Raise QuotaError if a method was called too often."""
        total = CALLS.get(method, 0)
        if total and self.used[method] >= total:
            raise QuotaError({"invokeStatus": self._invoke_status(method, total)})

    def _invoke_status(self, method: str, total: int) -> dict[str, Json]:
        """Return the status of a method whose quota is exceeded."""
        return {
            "method": method.lower(),
            "used": self.used[method],
            "total": total,
            "status": "QUOTE_EXCEEDED",
            "description": f"Monthly quota has been exceeded. {ADVICE}",
        }
