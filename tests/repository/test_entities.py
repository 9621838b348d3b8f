"""Entities have unique keys, texts and icons."""

from pathlib import Path

import pytest

from custom_components.green_api.const import DOMAIN, PLATFORMS
from homeassistant.const import Platform

from . import ENGLISH, ICONS, MODULES, read_json
from .entities import entity_descriptions, module


def test_platforms() -> None:
    """Platforms are sorted and complete."""
    assert list(PLATFORMS) == sorted(PLATFORMS)
    assert {path.stem for path in MODULES} & set(Platform) == set(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parallel_updates(platform: Platform) -> None:
    """Each platform sets how many of its updates may run at once."""
    assert isinstance(module(platform).PARALLEL_UPDATES, int)


def test_each_platform_has_descriptions() -> None:
    """The tests below cover at least one entity of every platform."""
    assert {entity.platform for entity in entity_descriptions()} == set(PLATFORMS)


def test_keys() -> None:
    """Keys, which are part of unique IDs, contain neither domain nor platform."""
    entities = list(entity_descriptions())
    assert len({entity.description.key for entity in entities}) == len(entities)
    for entity in entities:
        assert DOMAIN not in entity.description.key
        assert entity.platform not in entity.description.key


def test_names_and_icons() -> None:
    """Each entity has both, its own or those of its device class or its device."""
    for entity in entity_descriptions():
        assert (
            "name" in entity.texts
            or entity.description.device_class
            or entity.description.name is None
        )
        assert entity.icons or entity.description.device_class


@pytest.mark.parametrize("path", [ENGLISH, ICONS], ids=lambda path: path.name)
def test_no_unused_texts_or_icons(path: Path) -> None:
    """All texts and icons belong to an entity."""
    assert {
        (platform, key)
        for platform, entities in read_json(path)["entity"].items()
        for key in entities
    } <= {entity.key for entity in entity_descriptions()}


def test_options() -> None:
    """Exactly the states of an enum sensor have a text and an icon."""
    enums = [
        (entity, set(options))
        for entity in entity_descriptions()
        if (options := getattr(entity.description, "options", None))
    ]
    assert enums
    for entity, options in enums:
        assert set(entity.texts["state"]) == options
        assert set(entity.icons["state"]) == options
