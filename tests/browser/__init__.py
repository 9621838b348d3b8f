"""Tests of the user interface: Home Assistant's frontend in a real browser."""
