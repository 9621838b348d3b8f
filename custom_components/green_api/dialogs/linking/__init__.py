"""Link an account to a phone in any flow."""

from .account_to_link import can_be_linked
from .flow import LinkingFlow
from .forms import CONF_PHONE_NUMBER
from .open_dialog import is_gone

__all__ = ["CONF_PHONE_NUMBER", "LinkingFlow", "can_be_linked", "is_gone"]
