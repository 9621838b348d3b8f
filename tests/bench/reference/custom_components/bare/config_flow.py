"""The config flow, which Home Assistant requires to set up config entries."""

from homeassistant.config_entries import ConfigFlow


class BareConfigFlow(ConfigFlow, domain="bare"):
    """A config flow that is never started."""
