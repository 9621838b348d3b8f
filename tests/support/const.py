"""The credentials of the account of the tests."""

from typing import Final

INSTANCE_ID: Final = "1101000001"

# With a character that URLs encode, so that both spellings can be searched for.
TOKEN: Final = "d75b3a66374942c5+b3c019c698abc2067e151558acbd412345"
