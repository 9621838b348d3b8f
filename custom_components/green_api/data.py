"""Runtime data of a config entry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .api import GreenApiClient
from .coordinator import GreenApiCoordinator
from .decisions.freshness import is_informative
from .decisions.problem import AccountResponse
from .files.waiting_files import WaitingFiles
from .follow_ups import FollowUps
from .receiving.message_handler import MessageHandler
from .receiving.questions import QuestionHandler
from .receiving.receiver import Receiver
from .records.account_record import AccountRecord
from .records.store import async_get_store
from .sending.confirmation import Confirmation
from .sending.deliveries import Deliveries
from .sending.sender import Sender
from .settings import InstanceSettings

type GreenApiConfigEntry = ConfigEntry[GreenApiData]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenApiData:
    """Runtime data of a config entry."""

    client: GreenApiClient
    confirmation: Confirmation
    coordinator: GreenApiCoordinator
    deliveries: Deliveries
    follow_ups: FollowUps
    message_handler: MessageHandler
    questions: QuestionHandler
    receiver: Receiver
    sender: Sender
    settings: InstanceSettings
    files: WaitingFiles = field(default_factory=WaitingFiles)


async def async_record_response(
    hass: HomeAssistant, entry: GreenApiConfigEntry, response: AccountResponse
) -> None:
    """Record a response about an account that a flow received.

    Nothing is recorded if the response says nothing about the account, or if its config
    entry was removed.
    """
    coordinator = _live_coordinator(entry)
    is_removed = hass.config_entries.async_get_entry(entry.entry_id) is None
    if is_removed or not is_informative(response):
        return
    if coordinator:
        coordinator.async_handle_response(response)
        return
    now, moment = hass.loop.time(), dt_util.utcnow()
    await async_change_record(
        hass, entry, AccountRecord.with_response, response, now, moment
    )


async def async_change_record[**P](
    hass: HomeAssistant,
    entry: GreenApiConfigEntry,
    change: Callable[Concatenate[AccountRecord, P], AccountRecord],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Change the record of an account by a method with these arguments.

    The config entry may be loaded or not. If it was removed meanwhile, nothing happens.
    """
    store = await async_get_store(hass)
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        return
    if coordinator := _live_coordinator(entry):
        coordinator.async_apply(change, *args, **kwargs)
    else:
        record = store.async_get(entry.entry_id)
        store.async_set(entry.entry_id, change(record, *args, **kwargs))


def _live_coordinator(entry: GreenApiConfigEntry) -> GreenApiCoordinator | None:
    """Return the coordinator that keeps the record of an account, None if none does.

    It already does so while the config entry is being set up, and still does while it
    is being unloaded.
    """
    data: GreenApiData | None = getattr(entry, "runtime_data", None)
    return None if data is None or data.coordinator.is_shut_down else data.coordinator
