"""The table that is printed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, and what it may be at most if there is a goal."""

    what: str
    measured: float
    unit: str = ""
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """Return whether the goal is met."""
        if self.at_most is None:
            return ""
        return "met" if self.measured <= self.at_most else "MISSED"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Return the row as it is printed."""
        goal = "" if self.at_most is None else f"≤ {self._quantity(self.at_most)}"
        return self.what, self._quantity(self.measured), goal, self.verdict

    def _quantity(self, number: float) -> str:
        """Return a number with three digits and its unit."""
        digits = f"{number:.0f}" if number >= 100 else f"{number:.3g}"
        return f"{digits} {self.unit}".strip()


def table(rows: Iterable[Row]) -> str:
    """Return the rows below each other."""
    lines = [("", "measured", "goal", ""), *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {goal:<{widths[2]}}  {verdict}"
        for what, measured, goal, verdict in lines
    )
