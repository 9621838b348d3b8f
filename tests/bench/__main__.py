"""Measure what the integration costs and print a table; scripts/bench starts it."""

import argparse
from collections.abc import Callable, Mapping
import sys
from typing import Final

from . import (
    accounts,
    alarm,
    calls,
    changes,
    growth,
    house,
    imports,
    message_queue,
    poll,
    receiving,
    sending,
    start,
)
from .table import Row, table

MEASURES: Final[Mapping[str, Callable[[], list[Row]]]] = {
    "imports": imports.measure,
    "start": start.measure,
    "poll": poll.measure,
    "house": house.measure,
    "alarm": alarm.measure,
    "growth": growth.measure,
    "queue": message_queue.measure,
    "calls": calls.measure,
    "changes": changes.measure,
    "sending": sending.measure,
    "receiving": receiving.measure,
    "accounts": accounts.measure,
}


def main() -> None:
    """Run the selected measurements and print their table."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="What the integration costs, measured."
    )
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}"
    )
    selected = parser.parse_args().measures or [*MEASURES]
    if unknown := {*selected} - {*MEASURES}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    rows = []
    for name in selected:
        sys.stderr.write(f"==> {name}\n")
        rows += MEASURES[name]()
    sys.stdout.write(f"{table(rows)}\n")


if __name__ == "__main__":
    main()
