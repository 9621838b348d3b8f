"""What the integration costs, measured: scripts/bench."""
