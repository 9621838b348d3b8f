"""Decisions based on known facts alone, independent of Home Assistant."""
