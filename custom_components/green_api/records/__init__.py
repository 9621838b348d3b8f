"""Records of the accounts, which are kept across restarts."""
