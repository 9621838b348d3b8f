"""Tests against a real Home Assistant, started as its own process."""
