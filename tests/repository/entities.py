"""The descriptions of the entities, with their texts and icons."""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from custom_components.green_api.const import DOMAIN, PLATFORMS
from homeassistant.const import Platform
from homeassistant.helpers.entity import EntityDescription

from . import ENGLISH, ICONS, read_json


@dataclass(frozen=True, slots=True)
class DescribedEntity:
    """An entity description with its platform."""

    platform: Platform
    description: EntityDescription

    @property
    def key(self) -> tuple[str, str | None]:
        """Return the key of its texts and icons."""
        return self.platform, self.description.translation_key

    @property
    def texts(self) -> dict[str, Any]:
        """Return its English texts."""
        return self._below(read_json(ENGLISH))

    @property
    def icons(self) -> dict[str, Any]:
        """Return its icons."""
        return self._below(read_json(ICONS))

    @property
    def name(self) -> str:
        """Return its English name; without one, that of its device class or its key."""
        other = self.description.device_class or self.description.key
        return str(self.texts.get("name", other.replace("_", " ")))

    def _below(self, tree: dict[str, Any]) -> dict[str, Any]:
        platform, key = self.key
        found: dict[str, Any] = tree["entity"].get(platform, {}).get(key, {})
        return found


def module(platform: Platform) -> ModuleType:
    """Return the module of a platform."""
    return import_module(f"custom_components.{DOMAIN}.{platform}")


def entity_descriptions() -> Iterator[DescribedEntity]:
    """Yield the entity descriptions in the modules of the platforms."""
    for platform in PLATFORMS:
        for value in vars(module(platform)).values():
            for description in value if isinstance(value, tuple) else (value,):
                if _is_description(description):
                    yield DescribedEntity(platform, description)


def _is_description(value: object) -> bool:
    """Return whether a value is a description, which may be of a generated class."""
    return (
        is_dataclass(value)
        and not isinstance(value, type)
        and hasattr(value, "entity_registry_enabled_default")
    )
