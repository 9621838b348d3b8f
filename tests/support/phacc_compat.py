"""Early pytest plugin that lets the newest harness run on Home Assistant 2026.11."""

import homeassistant  # noqa: F401  # must come before respx, which imports httpx
from homeassistant.components import logger
from homeassistant.components.logger import helpers

if not hasattr(logger, "_clear_logger_overwrites"):
    logger._clear_logger_overwrites = helpers._clear_logger_overwrites  # type: ignore[attr-defined]
