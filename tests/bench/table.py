"""The table of results."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value, with its maximum if there is a goal."""

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
        """Return the cells of the row as they are printed."""
        goal = "" if self.at_most is None else f"≤ {self._quantity(self.at_most)}"
        return self.what, self._quantity(self.measured), goal, self.verdict

    def _quantity(self, number: float) -> str:
        """Return a number with three significant digits and its unit."""
        digits = f"{number:.0f}" if number >= 100 else f"{number:.3g}"
        return f"{digits} {self.unit}".strip()


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table."""
    lines = [("", "measured", "goal", ""), *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {goal:<{widths[2]}}  {verdict}"
        for what, measured, goal, verdict in lines
    )
