"""Receiving messages of people who may write to Home Assistant."""
