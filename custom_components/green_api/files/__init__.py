"""Files to send from any source in Home Assistant."""
