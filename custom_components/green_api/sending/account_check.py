"""Check whether an account can deliver messages before one is sent."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..api import (
    GreenApiClient,
    GreenApiError,
    InstanceState,
    Messenger,
    RequestPacer,
)
from ..coordinator import GreenApiCoordinator
from ..decisions.freshness import PATIENCE, Decision, PendingMessage, decide
from ..decisions.problem import RESTRICTED_STATES, AccountResponse, Problem, reason_of
from ..texts import Translation, moment_text, translation

# Messages that are sent while an instance starts are delivered afterwards.
_USUAL: Final = frozenset({InstanceState.AUTHORIZED, InstanceState.STARTING})

# States in which messages are delivered, and problems that do not prevent delivery. A
# restricted MAX account can still write to its contacts.
DELIVERING_STATES: Final[Mapping[Messenger | None, frozenset[InstanceState | None]]] = {
    None: _USUAL,
    Messenger.MAX: _USUAL | RESTRICTED_STATES,
    Messenger.TELEGRAM: _USUAL,
    Messenger.WHATSAPP: _USUAL,
}
_HARMLESS_PROBLEMS: Final[Mapping[Messenger | None, frozenset[Problem]]] = {
    Messenger.MAX: frozenset({Problem.RESTRICTED}),
}

# Maximum seconds to wait for a response.
_PATIENCE: Final[Mapping[Decision, float | None]] = {
    Decision.POLL: PATIENCE,
    Decision.SEND: 0.25,
    Decision.WAIT: None,
}

# Maximum number of decisions: immediately, after some seconds, after the current poll,
# and after another one.
_MAX_DECISIONS: Final = 4


class AccountCheck:
    """Check an account by the last responses about it, and poll it if needed.

    The coordinator makes the poll, so that its result is available everywhere.
    """

    def __init__(
        self, client: GreenApiClient, coordinator: GreenApiCoordinator
    ) -> None:
        """Initialize the check."""
        self._hass = coordinator.hass
        self._entry = coordinator.config_entry
        self._client = client
        self._coordinator = coordinator

    async def async_check(self, recipient_name: str, called_at: float) -> None:
        """Check whether a message that was requested at `called_at` is delivered.

        That is a time of the event loop in seconds. Raises a translated
        HomeAssistantError with the reason if the message is not delivered.
        """
        message = PendingMessage(called_at=called_at, turn_at=self._hass.loop.time())
        for _ in range(_MAX_DECISIONS):
            decision, problem = self._decide(message)
            if decision is Decision.SEND and self._is_ready(message):
                return
            if decision is Decision.REFUSE and problem:
                raise HomeAssistantError(**self._refusal(problem))
            if decision is Decision.FAIL:
                break
            if self._coordinator.is_shut_down:
                raise HomeAssistantError(
                    **translation(
                        self._hass, self._entry, "interrupted", recipient=recipient_name
                    )
                )
            await self._async_wait(decision, called_at)
            message = replace(message, has_waited=True)
        failure = self._coordinator.data.last.failure or "cannot_connect"
        raise HomeAssistantError(**translation(self._hass, self._entry, failure))

    def _decide(
        self, message: PendingMessage
    ) -> tuple[Decision, Problem | GreenApiError | None]:
        """Return what to do with a message, and what prevents its delivery."""
        last = self._coordinator.data.last
        problem = self._problem(last.said) if last.said else None
        is_good = last.said is not None and problem is None
        decision = decide(last, message, self._hass.loop.time(), is_good=is_good)
        return decision, problem

    def _is_ready(self, message: PendingMessage) -> bool:
        """Return whether a message can be sent without a new response.

        Otherwise, the response proves that a connection is open, or opens one. A state
        that was requested just now can't be requested again at once.
        """
        age = self._hass.loop.time() - self._coordinator.data.last.said_at
        return (
            self._client.is_warm
            or message.has_waited
            or self._coordinator.is_shut_down
            or age < RequestPacer.DEFAULT_SPACING
        )

    async def _async_wait(self, decision: Decision, called_at: float) -> None:
        """Wait for a response.

        If the last response may decide instead, the wait is limited.
        """
        poll = self._coordinator.async_poll()
        began = max(self._coordinator.polling_since, called_at)
        patience = _PATIENCE[decision]
        left = patience and max(0, began + patience - self._hass.loop.time())
        await asyncio.wait([poll], timeout=left)

    def _problem(self, response: AccountResponse) -> Problem | GreenApiError | None:
        """Return what prevents the delivery of messages, None if nothing does."""
        messenger = self._coordinator.data.messenger
        problem = self._coordinator.data.problem
        if problem and problem not in _HARMLESS_PROBLEMS.get(messenger, ()):
            return problem
        if isinstance(response, GreenApiError):
            return response
        if response.known not in DELIVERING_STATES[messenger]:
            return reason_of(response)
        return None

    def _refusal(self, problem: Problem | GreenApiError) -> Translation:
        """Return the text that states why the message is not sent."""
        until = self._coordinator.data.restricted_until
        if problem is Problem.RESTRICTED and until:
            return translation(
                self._hass,
                self._entry,
                "restricted_until",
                until=moment_text(self._hass, until),
            )
        return translation(self._hass, self._entry, problem)
