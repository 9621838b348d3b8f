"""Strategies and settings of the tests with arbitrary data."""

from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
import pytest

set_hypothesis_home_dir(Path(__file__).parents[2] / ".cache/hypothesis")

# The harness hides references to its random generator by `gc.freeze`.
UNSEEN_GENERATOR: Final = pytest.mark.filterwarnings(
    "ignore:It looks like `register_random`"
)

# Examples are always the same: runs only fail because of changes, not by chance.
FUZZED: Final = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[*HealthCheck],
)

addresses = st.text() | st.lists(
    st.sampled_from(
        (
            *("https://", "http://", "HTTP://", "ftp://", "://", "//", ":"),
            *("api.green-api.com", "localhost", "127.0.0.1", "[::1]", "1101000001"),
            *("пример.рф", "xn--", "[", "]", "%00", "%2e", "%2F", "%25", "%3F", "%"),
            *(":8443", ":0", "@", "user", "?", "#", "/", "\\", ".", "..", " ", "\t"),
            *("/v3", "/waInstance", "/WAINSTANCE1", "%77aInstance", "secret", "é"),
            *("[]", "%2e%2e", "%5C", "\n"),
        )
    )
    | st.text(max_size=2),
    max_size=8,
).map("".join)
