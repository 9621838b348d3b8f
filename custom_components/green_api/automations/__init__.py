"""Triggers, conditions, and targets of automations."""
