"""Measure what the integration costs and print a table; scripts/bench starts it."""

import argparse
from collections.abc import Callable, Mapping
import sys
from typing import Final

from . import accounts, changes, imports, looks, poll, sending, start
from .table import Row, table

MEASURES: Final[Mapping[str, Callable[[], list[Row]]]] = {
    "imports": imports.measure,
    "start": start.measure,
    "poll": poll.measure,
    "looks": looks.measure,
    "changes": changes.measure,
    "sending": sending.measure,
    "accounts": accounts.measure,
}


def main() -> None:
    """Measure all that is asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="What the integration costs, measured."
    )
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}"
    )
    wanted = parser.parse_args().measures or [*MEASURES]
    if unknown := {*wanted} - {*MEASURES}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    rows = []
    for name in wanted:
        sys.stderr.write(f"==> {name}\n")
        rows += MEASURES[name]()
    sys.stdout.write(f"{table(rows)}\n")


if __name__ == "__main__":
    main()
