"""The steps of a flow that links an account."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp.hdrs import USER_AGENT

from homeassistant.data_entry_flow import FlowResult
from homeassistant.helpers.http import current_request

from .account_to_link import NextStep
from .forms import LinkingForms

# The user agents of phones contain it, also those of Home Assistant's apps.
_PHONE: Final = "Mobi"


class LinkingFlow[ResultT: FlowResult[Any, Any]](LinkingForms[ResultT]):
    """The steps of a flow that links an account.

    The flow says which account, begins with the step `link`, and has a step `linked`
    of its own.
    """

    @abstractmethod
    def other_options(self, step_id: str) -> list[str]:
        """Return the options of a menu besides the ways to link the account."""

    async def async_step_link(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Continue with the step that the state of the account leads to."""
        return await self.async_go_to(await self.linking.async_choose_step())

    async def async_step_ways(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer the ways to link the account."""
        return self._show_ways("ways")

    async def async_step_max_ways(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer the ways to link an account of MAX."""
        return self._show_ways("max_ways")

    async def async_step_qr_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer to continue when no QR code was scanned in time."""
        return self._show_ways("qr_timeout")

    async def async_step_code_timeout(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer a new code when the last one was not entered in time."""
        return self._show_ways("code_timeout")

    async def async_step_not_started(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer to start again when the messenger does not expect what was sent."""
        return self._show_ways("not_started")

    async def async_step_qr_refused(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Offer the ways that are left without a QR code."""
        return self._show_menu("qr_refused", self.linking.account.linkable.last_ways)

    async def async_step_qr_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Request a QR code."""
        return self.async_show_wait(self.linking.async_follow("qr_code"))

    async def async_step_scan_qr_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Show a QR code, and the next one in its place."""
        return self._show_wait_in_menu("qr_code")

    # These have texts of their own.
    async_step_scan_qr_code_telegram = async_step_scan_qr_code
    async_step_scan_qr_code_max = async_step_scan_qr_code

    async def async_step_code(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Show the code until the account is linked or the code has expired."""
        return self.async_show_wait(self.linking.async_follow("code"))

    async def async_step_code_accepted(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait until the account works after its code was accepted."""
        return self.async_show_wait(self.linking.async_follow("code_accepted"))

    async def async_step_password_accepted(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait until the account works after its password was accepted."""
        return self.async_show_wait(self.linking.async_follow("password_accepted"))

    async def async_step_passkey(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait for an account that is linked with a passkey in the console."""
        return self.async_show_wait(self.linking.async_follow("passkey"))

    async def async_step_use_passkey(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Show what to do in the console."""
        return self._show_wait_in_menu("passkey")

    async def async_step_linking(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait until the linked account works."""
        return self.async_show_wait(self.linking.async_follow("linking"))

    async def async_step_starting(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Wait for an instance that is starting."""
        return self.async_show_wait(self.linking.async_follow("starting"))

    async def async_step_failed(
        self, user_input: dict[str, str] | None = None
    ) -> ResultT:
        """Abort the flow with the reason why the account is not linked."""
        return self.async_abort(
            reason=self.linking.account.failure,
            description_placeholders=self.linking.account.placeholders,
        )

    def _show_wait_in_menu(self, wait: str) -> ResultT:
        """Show what is waited for above the other ways, or continue."""
        coming = self.linking.async_follow(wait)
        if isinstance(coming, str) or not coming.in_menu:
            return self.async_show_wait(coming)
        ways = [way for way in self.linking.account.linkable.ways if way != wait]
        return self._show_options(coming.action, ways, coming.placeholders)

    def _show_ways(self, step_id: str) -> ResultT:
        """Show the ways to link an account."""
        return self._show_menu(step_id, self.linking.account.linkable.ways)

    def _show_menu(self, step_id: str, ways: Iterable[NextStep]) -> ResultT:
        """Show some ways to link an account, and wait for nothing meanwhile."""
        self.linking.async_stop_following()
        return self._show_options(step_id, ways, self.linking.account.placeholders)

    def _show_options(
        self, step_id: str, ways: Iterable[NextStep], placeholders: Mapping[str, str]
    ) -> ResultT:
        """Show a menu with ways to link an account, and the other options of it."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=[*_in_order(ways), *self.other_options(step_id)],
            description_placeholders=placeholders,
        )


def _in_order(ways: Iterable[NextStep]) -> list[NextStep]:
    """Return the ways to link an account, on a phone with the QR code last.

    A phone can't scan its own screen.
    """
    request = current_request.get()
    is_phone = request is not None and _PHONE in request.headers.get(USER_AGENT, "")
    return sorted(ways, key=lambda way: is_phone and way == "qr_code")
