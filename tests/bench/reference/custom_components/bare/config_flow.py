"""The dialog, which Home Assistant looks for before it sets anything up."""

from homeassistant.config_entries import ConfigFlow


class BareConfigFlow(ConfigFlow, domain="bare"):
    """A dialog that nobody opens."""
