"""What becomes of a request that somebody asked for and that failed."""

from homeassistant.exceptions import HomeAssistantError

from .api import GreenApiError, InvalidCredentialsError
from .coordinator import GreenApiCoordinator
from .exceptions import translation


async def async_failure(
    coordinator: GreenApiCoordinator, err: GreenApiError, **placeholders: str
) -> HomeAssistantError:
    """Return the exception to raise; a rejected token counts as one of a poll does."""
    if isinstance(err, InvalidCredentialsError):
        coordinator.token_monitor.async_answered(err)
        await coordinator.async_refresh()
    return HomeAssistantError(
        **translation(coordinator.config_entry, err, **placeholders)
    )
