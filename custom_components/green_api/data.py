"""What an account is made of while its config entry is loaded."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .api import GreenApiClient
from .coordinator import GreenApiCoordinator
from .details import DetailsCoordinator
from .sending import Sender
from .settings import InstanceSettings

type GreenApiConfigEntry = ConfigEntry[GreenApiData]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenApiData:
    """The runtime data of a config entry."""

    client: GreenApiClient
    coordinator: GreenApiCoordinator
    details: DetailsCoordinator
    sender: Sender
    settings: InstanceSettings
