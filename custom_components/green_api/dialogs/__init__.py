"""Steps of the flows."""
