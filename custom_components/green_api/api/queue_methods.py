"""Methods of GREEN-API for the messages that wait to be sent."""

import re
from typing import Final

from .answers import unusable
from .fields import fingerprint, number
from .transport import Transport

# The vendor's pages print the key with look-alike letters of other scripts.
_COUNT: Final = re.compile(
    r"(?:c|[^\x00-\x7f]{1,2})(?:o|[^\x00-\x7f]{1,2})unt", re.IGNORECASE
)


class QueueMethods:
    """Requests about the queue of one instance."""

    _transport: Transport

    async def get_messages_count(self) -> int:
        """Return how many messages wait to be sent (`getMessagesCount`).

        https://green-api.com/en/docs/api/queues/GetMessagesCount/
        """
        answer = await self._transport.get("getMessagesCount")
        for key, value in answer.items() if isinstance(answer, dict) else ():
            if _COUNT.fullmatch(key) and (count := number(value)) is not None:
                return count
        raise unusable(answer)

    async def get_oldest_message(self) -> int | None:
        """Return a number that identifies the oldest message that waits.

        None means that the server lists none, which it also does while a single message
        waits (`showMessagesQueue`).

        https://green-api.com/en/docs/api/queues/ShowMessagesQueue/
        https://github.com/green-api/issues/issues/714
        """
        answer = await self._transport.get("showMessagesQueue")
        match answer:
            case []:
                return None
            case [dict(oldest), *_]:
                return fingerprint(oldest)
        raise unusable(answer)

    async def clear_messages_queue(self) -> bool:
        """Drop all messages that wait, unless the server refuses (`clearMessagesQueue`).

        https://green-api.com/en/docs/api/queues/ClearMessagesQueue/
        """
        answer = await self._transport.get("clearMessagesQueue")
        match answer:
            case {"isCleared": bool(done)}:
                return done
        raise unusable(answer)
