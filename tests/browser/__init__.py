"""What people see: the real frontend of Home Assistant in a real browser."""
