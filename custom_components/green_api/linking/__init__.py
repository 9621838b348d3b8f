"""Link an account to a phone, in whatever dialog."""

from .account import can_be_linked, is_gone
from .flow import CONF_PHONE_NUMBER, LinkingFlow

__all__ = ["CONF_PHONE_NUMBER", "LinkingFlow", "can_be_linked", "is_gone"]
