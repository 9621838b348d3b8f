"""The GREEN-API integration."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .client import async_create_client
from .const import DOMAIN, PLATFORMS
from .coordinator import GreenApiCoordinator
from .data import GreenApiConfigEntry, GreenApiData
from .details import DetailsCoordinator
from .events import Announcer
from .issues import async_delete_issues, async_update_issue
from .queue_watch import QueueWatch
from .sending import Sender
from .services import async_setup_services
from .settings import InstanceSettings
from .store import AccountStore, async_get_store

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up the integration: its actions exist whatever becomes of the accounts."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Set up an account, whatever the server says about it.

    People want to know what is wrong with it, so there are always entities that show
    it.
    """
    store = await async_get_store(hass)
    data = entry.runtime_data = _create_data(hass, entry, store)
    _async_follow(hass, entry)
    await data.coordinator.async_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    data.details.async_start()
    Announcer(hass, entry, store).async_start()
    # The name of the messenger is not worth waiting for.
    entry.async_create_background_task(
        hass, data.settings.async_get_messenger(), f"{DOMAIN} messenger"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Unload an account."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    ignored = async_delete_issues(hass, entry)
    (await async_get_store(hass)).async_interrupt(entry.entry_id, ignored)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Forget an account."""
    async_delete_issues(hass, entry)
    (await async_get_store(hass)).async_forget(entry.entry_id)


def _create_data(
    hass: HomeAssistant, entry: GreenApiConfigEntry, store: AccountStore
) -> GreenApiData:
    """Return what an account consists of."""
    client = async_create_client(hass, entry.data)
    settings = InstanceSettings(hass, entry, client)
    coordinator = GreenApiCoordinator(hass, entry, client, store)
    queue = QueueWatch(client, coordinator, settings, store)
    details = DetailsCoordinator(client, coordinator, settings, queue)
    return GreenApiData(
        client=client,
        coordinator=coordinator,
        details=details,
        queue=queue,
        sender=Sender(hass, client, coordinator, details, settings),
        settings=settings,
    )


@callback
def _async_follow(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Keep the issue of an account up to date.

    Listening also keeps an account polled of which every entity is disabled: a
    coordinator without listeners does not poll.
    """
    coordinator, details = entry.runtime_data.coordinator, entry.runtime_data.details

    shown: tuple[object, ...] | None = None

    @callback
    def update_issue() -> None:
        nonlocal shown
        waiting = entry.runtime_data.queue.waiting
        wanted = (coordinator.data, details.data, waiting, entry.title)
        if wanted != shown:
            shown = wanted
            async_update_issue(hass, entry)

    entry.async_on_unload(coordinator.async_add_listener(update_issue))
    entry.async_on_unload(coordinator.async_add_poll_listener(update_issue))
    entry.async_on_unload(details.async_add_listener(update_issue))
