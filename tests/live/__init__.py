"""A real Home Assistant, started as a process of its own."""
