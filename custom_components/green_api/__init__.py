"""The GREEN-API integration."""

import asyncio
from functools import partial

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import EventDeviceRegistryUpdatedData
from homeassistant.helpers.event import async_track_device_registry_updated_event
from homeassistant.helpers.typing import ConfigType

from .automations.announcer import Announcer
from .automations.listening import (
    async_call_when_listening,
    async_wait_until_listening,
)
from .const import DOMAIN, PLATFORMS
from .coordinator import GreenApiCoordinator
from .data import GreenApiConfigEntry, GreenApiData
from .devices import account_name, async_rename_device, get_device
from .follow_ups import FollowUps
from .issues import (
    async_delete_issues,
    async_delete_kept_issues,
    async_forget_issues,
    async_rename_issues,
    async_report_missed,
    async_report_receiving,
    async_report_unconfirmed,
    async_track_issue,
)
from .receiving.memory import async_forget_received
from .receiving.message_handler import MessageHandler
from .receiving.message_source import MessageSource
from .receiving.permissions import async_track_permissions
from .receiving.questions import QuestionHandler
from .receiving.receiver import Receiver
from .records.store import AccountStore, async_get_store
from .sending.account_check import AccountCheck
from .sending.confirmation import Confirmation
from .sending.deliveries import Deliveries
from .sending.followed import async_forget_messages, async_get_messages
from .sending.sender import Sender
from .sending.status_reports import StatusReports
from .services import async_setup_services
from .session import async_create_client
from .settings import InstanceSettings

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what does not depend on any account."""
    async_wait_until_listening(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Set up an account from a config entry.

    The setup does not wait for the server and always succeeds, so that there are
    entities which show what is wrong with the account. Until the first response, they
    show the stored record. Messages can be sent at once: none must be dropped because
    the server is slow.
    """
    store = await async_get_store(hass)
    entry.runtime_data = _create_data(hass, entry, store)
    async_track_issue(hass, entry)
    async_track_permissions(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    _async_track_name(hass, entry)
    entry.async_create_background_task(
        hass, _async_start(hass, entry), f"{entry.title} start"
    )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> bool:
    """Unload a config entry, after the last message was passed on to entities."""
    await entry.runtime_data.receiver.async_stop()
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    ignored = async_delete_issues(hass, entry)
    if entry.disabled_by:
        async_delete_kept_issues(hass, entry)
        async_forget_messages(hass, entry.entry_id)
    entry.runtime_data.coordinator.async_interrupt(ignored)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Delete the issues and what is stored about a removed config entry."""
    async_forget_issues(hass, entry)
    async_forget_messages(hass, entry.entry_id)
    (await async_get_store(hass)).async_forget(entry.entry_id)
    # Nothing may follow that: the disk may hang or fail.
    await async_forget_received(hass, entry)


def _create_data(
    hass: HomeAssistant, entry: GreenApiConfigEntry, store: AccountStore
) -> GreenApiData:
    """Create the runtime data of a config entry."""
    client = async_create_client(hass, entry.data)
    coordinator = GreenApiCoordinator(hass, entry, client, store)
    settings = InstanceSettings(client, coordinator)
    check = AccountCheck(client, coordinator)
    sent = async_get_messages(hass, entry.entry_id)
    deliveries = Deliveries(client, coordinator, sent)
    reports = StatusReports(coordinator, settings)
    handler = MessageHandler(hass, entry, settings)
    missed = partial(async_report_missed, hass, entry)
    source = MessageSource(client, coordinator, deliveries, handler, missed)
    receiver = Receiver(coordinator, settings, source, handler)
    return GreenApiData(
        client=client,
        confirmation=Confirmation(coordinator, reports, deliveries),
        coordinator=coordinator,
        deliveries=deliveries,
        follow_ups=FollowUps(client, coordinator, settings),
        message_handler=handler,
        questions=QuestionHandler(coordinator, settings, receiver, handler),
        receiver=receiver,
        sender=Sender(client, coordinator, check, deliveries),
        settings=settings,
    )


async def _async_start(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Poll the account for the first time, then start what follows each poll."""
    data = entry.runtime_data
    data.deliveries.async_start()
    await asyncio.wait([data.coordinator.async_poll()])
    data.follow_ups.async_start()
    data.settings.async_start()
    async_call_when_listening(
        hass, entry, partial(_async_inform_automations, hass, entry)
    )


@callback
def _async_inform_automations(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Start everything that informs automations, once they listen."""
    data = entry.runtime_data
    data.confirmation.async_start(partial(async_report_unconfirmed, hass, entry))
    data.receiver.async_start(partial(async_report_receiving, hass, entry))
    Announcer(hass, entry).async_start()


@callback
def _async_track_name(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
    """Use a new name of an account at once, in its device and in its issues."""

    async def updated(hass: HomeAssistant, entry: GreenApiConfigEntry) -> None:
        async_rename_device(hass, entry)

    @callback
    def device_updated(_: Event[EventDeviceRegistryUpdatedData]) -> None:
        entry.runtime_data.coordinator.name = account_name(hass, entry)
        async_rename_issues(hass, entry)

    device = get_device(hass, entry)
    entry.async_on_unload(entry.add_update_listener(updated))
    entry.async_on_unload(
        async_track_device_registry_updated_event(
            hass, [device.id] if device else [], device_updated
        )
    )
    # It may have been renamed while it was not loaded.
    async_rename_issues(hass, entry)
