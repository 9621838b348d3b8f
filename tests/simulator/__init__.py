"""A simulated GREEN-API server on loopback, for tests and development."""

from .account import Account, Request
from .contacts import Contact
from .faults import Fault
from .messengers import Messenger
from .server import Simulator

__all__ = ["Account", "Contact", "Fault", "Messenger", "Request", "Simulator"]
