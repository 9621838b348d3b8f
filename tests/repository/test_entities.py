"""Entities have all that belongs to them."""

from pathlib import Path

import pytest

from custom_components.green_api.const import DOMAIN, PLATFORMS
from homeassistant.const import Platform

from . import ENGLISH, ICONS, MODULES, read_json
from .entities import described, module


def test_platforms() -> None:
    """Platforms are sorted and complete."""
    assert list(PLATFORMS) == sorted(PLATFORMS)
    assert {path.stem for path in MODULES} & set(Platform) == set(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parallel_updates(platform: Platform) -> None:
    """Each platform says how many of its updates may run at once."""
    assert isinstance(module(platform).PARALLEL_UPDATES, int)


def test_each_platform_is_described() -> None:
    """The checks below see an entity of every platform."""
    assert {entity.platform for entity in described()} == set(PLATFORMS)


def test_keys() -> None:
    """Unique ids, made of the keys, name neither the domain nor the platform."""
    entities = list(described())
    assert len({entity.description.key for entity in entities}) == len(entities)
    for entity in entities:
        assert DOMAIN not in entity.description.key
        assert entity.platform not in entity.description.key


def test_names_and_icons() -> None:
    """Each entity has both, of our own or from its device class, or is its device."""
    for entity in described():
        assert (
            "name" in entity.texts
            or entity.description.device_class
            or entity.description.name is None
        )
        assert entity.icons or entity.description.device_class


@pytest.mark.parametrize("path", [ENGLISH, ICONS], ids=lambda path: path.name)
def test_nothing_is_left_over(path: Path) -> None:
    """Texts and icons belong to an entity."""
    assert {
        (platform, key)
        for platform, entities in read_json(path)["entity"].items()
        for key in entities
    } <= {entity.key for entity in described()}


def test_options() -> None:
    """Every state of an enum sensor has a text and an icon, and there is no other."""
    enums = [
        (entity, set(options))
        for entity in described()
        if (options := getattr(entity.description, "options", None))
    ]
    assert enums
    for entity, options in enums:
        assert set(entity.texts["state"]) == options
        assert set(entity.icons["state"]) == options
