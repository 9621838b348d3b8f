"""How cost grows: each value as a multiple of the one in its first row."""

from . import growing_accounts, growing_lists, growing_messages, growing_recipients
from .certificates import own_authority
from .growth_table import growth_rows
from .processes import fresh_processes
from .table import Row

MEASURES = (
    growing_accounts.measure,
    growing_recipients.measure,
    growing_messages.measure,
    growing_lists.measure,
)


def measure() -> list[Row]:
    """Measure all that may become many, each amount in a new process."""
    with own_authority(), fresh_processes() as processes:
        return [
            row
            for measure_growth in MEASURES
            for row in growth_rows(measure_growth(processes))
        ]
