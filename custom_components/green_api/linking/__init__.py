"""Link an account to a phone, in whatever dialog."""

from .account import is_gone
from .flow import CONF_PHONE_NUMBER, LinkingFlow

__all__ = ["CONF_PHONE_NUMBER", "LinkingFlow", "is_gone"]
