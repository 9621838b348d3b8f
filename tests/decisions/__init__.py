"""Tests of the decisions, which do not need Home Assistant."""
