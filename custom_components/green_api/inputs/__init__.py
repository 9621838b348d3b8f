"""Parse user input in linear time."""
