"""A GREEN-API on loopback, for tests and development."""

from .account import Account, Messenger, Request
from .faults import Fault
from .server import Simulator

__all__ = ["Account", "Fault", "Messenger", "Request", "Simulator"]
