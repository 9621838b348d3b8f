"""Tests of the GREEN-API integration."""
