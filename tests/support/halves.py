"""Share long lists of test cases between the two ends of Home Assistant."""

from collections.abc import Iterable
from itertools import product
from typing import Final

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

# The newest end and later versions test one half, all earlier versions the other one.
_END: Final = int((MAJOR_VERSION, MINOR_VERSION) < (2026, 11))


def every_other[T](cases: Iterable[T]) -> list[T]:
    """Return every other case of a list of long ones.

    The other cases are tested with the other version of Home Assistant.
    """
    return [case for i, case in enumerate(cases) if i % 2 == _END]


def half_of[T, U](first: Iterable[T], second: Iterable[U]) -> list[tuple[T, U]]:
    """Return every other pair of two lists of cases.

    The other pairs are tested with the other version of Home Assistant. Each version
    tests all cases of each list.
    """
    pairs = product(enumerate(first), enumerate(second))
    return [(one, other) for (i, one), (j, other) in pairs if (i + j) % 2 == _END]
