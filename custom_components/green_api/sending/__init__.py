"""Send the messages of an account."""
