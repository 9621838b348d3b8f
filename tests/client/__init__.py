"""Tests of the client of the GREEN-API HTTP API."""
