"""Growth of measured values, as rows of the table."""

from collections.abc import Iterator, Mapping

from .table import Row

type Growth = Mapping[str, tuple[str, Mapping[str, float]]]
"""The unit of each measured value, and the value for each amount."""


def growth_rows(growth: Growth) -> Iterator[Row]:
    """Yield the first of all values of a kind, then the others as multiples of it.

    If the first one is zero, the others are as they are.
    """
    for what, (unit, values) in growth.items():
        (first_amount, first), *others = values.items()
        yield Row(f"growth: {what}, {first_amount}", first, unit)
        for amount, value in others:
            if first:
                yield Row(f"  {amount}", value / first, "x")
            else:
                yield Row(f"  {amount}", value, unit)


def amount(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
