"""What an account is made of while its config entry is loaded."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry, ConfigEntryState

from .api import GreenApiClient
from .coordinator import GreenApiCoordinator
from .details import DetailsCoordinator
from .queue_watch import QueueWatch, WaitingMessages
from .sending import Sender
from .settings import InstanceSettings

type GreenApiConfigEntry = ConfigEntry[GreenApiData]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenApiData:
    """The runtime data of a config entry."""

    client: GreenApiClient
    coordinator: GreenApiCoordinator
    details: DetailsCoordinator
    queue: QueueWatch
    sender: Sender
    settings: InstanceSettings


def waiting_messages(entry: GreenApiConfigEntry) -> WaitingMessages | None:
    """Return the messages of an account that wait, as far as they are known."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data.queue.waiting
