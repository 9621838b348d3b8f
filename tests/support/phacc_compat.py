"""An early pytest plugin that adapts Home Assistant's test harness."""

from types import ModuleType

import homeassistant  # noqa: F401  # must come before respx, which imports httpx
from homeassistant.components import logger
from homeassistant.components.logger import helpers

if not hasattr(logger, "_clear_logger_overwrites"):
    logger._clear_logger_overwrites = helpers._clear_logger_overwrites  # type: ignore[attr-defined]


def pytest_configure() -> None:
    """Let freezegun recognize a module that it knows by the number of its names.

    It searches all modules for functions to replace whenever a test freezes the time.
    The harness hashes all their names, which takes three times as long.
    """
    from pytest_homeassistant_custom_component import patch_time  # noqa: PLC0415

    patch_time.ha_get_module_attributes_hash = _module_key


def _module_key(module: ModuleType) -> str:
    """Return a text that changes with the number of names in a module."""
    return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"
