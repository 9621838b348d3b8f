"""Sequences of responses, and the expected problem of the account after each of them.

A line contains the time, the event, and the problem that is confirmed then:

    2:00           notAuthorized  logged_out
    3:00-9:00      502            logged_out   every minute
    3:00-9:00/10   starting       -            every ten seconds

An event is a state of the account (in the spelling of `getStateInstance`; `null` while
the instance is being created), a failed request (see `FAILURES_BY_NAME`), a reboot of
the instance by the user (`REBOOT`), or a restart of Home Assistant (`RESTART`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
import re
from typing import Final

from custom_components.green_api.api import (
    BadResponseError,
    CannotConnectError,
    GreenApiError,
    InstanceDeletedError,
    InstanceExpiredError,
    InvalidCredentialsError,
    RateLimitedError,
    WrongAddressError,
)
from custom_components.green_api.decisions.problem import Problem
from tests.simulator import Fault

REBOOT: Final = "REBOOT"
RESTART: Final = "RESTART"

# The error that the decision gets, and the fault of the simulator that causes it.
FAILURES_BY_NAME: Final[dict[str, tuple[type[GreenApiError], Fault]]] = {
    "401": (InvalidCredentialsError, Fault.UNAUTHORIZED),
    "403": (WrongAddressError, Fault.FORBIDDEN_HTML),
    "404": (WrongAddressError, Fault.NOT_FOUND_HTML),
    "429": (RateLimitedError, Fault.RATE_LIMITED),
    "502": (CannotConnectError, Fault.BAD_GATEWAY),
    "deleted": (InstanceDeletedError, Fault.DELETED),
    "expired": (InstanceExpiredError, Fault.EXPIRED_TEXT),
    "garbage": (BadResponseError, Fault.NOT_JSON),
    "html": (WrongAddressError, Fault.HTML_200),
}

_LINE: Final = re.compile(
    r"(?P<first>[\d:]+)(-(?P<last>[\d:]+)(/(?P<every>\d+))?)?"
    r"\s+(?P<event>\S+)\s+(?P<problem>\w+|-)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """An event, and the problem of the account after it."""

    at: timedelta
    event: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Replay:
    """A named sequence of steps."""

    name: str
    text: str

    @property
    def steps(self) -> list[Step]:
        """The steps in chronological order."""
        return [
            step
            for line in self.text.strip().splitlines()
            for step in _steps(line.strip())
        ]


def _steps(line: str) -> Iterator[Step]:
    """Yield the steps of a line."""
    match = _LINE.fullmatch(line)
    if match is None:
        message = f"not a line of a replay: {line!r}"
        raise ValueError(message)
    first, last = _time(match["first"]), _time(match["last"] or match["first"])
    every = timedelta(seconds=int(match["every"] or 60))
    problem = None if match["problem"] == "-" else Problem(match["problem"])
    for number in range((last - first) // every + 1):
        yield Step(first + number * every, match["event"], problem)


def _time(text: str) -> timedelta:
    """Return the time of a text with hours, minutes and seconds."""
    hours, minutes, seconds = map(int, f"0:{text}".split(":")[-3:])
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


# With the intervals of the coordinator: 60 seconds, 10 seconds while an instance starts
# or has just been rebooted, and 120 seconds after a 429.
POLLED_REPLAYS: Final = (
    Replay(
        "logged out: certain at the second response, ends with the first good one",
        """
        0:00       authorized     -
        1:00       notAuthorized  -
        2:00-5:00  notAuthorized  logged_out
        6:00       authorized     -
        7:00       notAuthorized  -
        8:00       notAuthorized  logged_out
        """,
    ),
    Replay(
        "logged out: waiting for a code or a password is the same problem",
        """
        0:00  authorized       -
        1:00  notAuthorized    -
        2:00  pendingCode      logged_out
        3:00  pendingPassword  logged_out
        4:00  authorized       -
        """,
    ),
    Replay(
        "logged out: from the first poll on",
        """
        0:00  notAuthorized  -
        1:00  notAuthorized  logged_out
        """,
    ),
    Replay(
        "restricted: the old name of the state and the new one are one problem",
        """
        0:00  authorized  -
        1:00  yellowCard  -
        2:00  suspended   restricted
        3:00  yellowCard  restricted
        4:00  authorized  -
        """,
    ),
    Replay(
        "blocked: certain at the second response",
        """
        0:00  authorized  -
        1:00  blocked     -
        2:00  blocked     blocked
        3:00  authorized  -
        """,
    ),
    Replay(
        "asleep: certain after five minutes",
        """
        0:00       authorized  -
        1:00-5:00  sleepMode   -
        6:00-7:00  sleepMode   asleep
        8:00       authorized  -
        """,
    ),
    Replay(
        "stuck starting: certain after more than five minutes",
        """
        0:00          authorized  -
        1:00-6:00/10  starting    -
        6:10          starting    stuck_starting
        7:00          starting    stuck_starting
        8:00          authorized  -
        """,
    ),
    Replay(
        "stuck starting: a start that comes to its end is none",
        """
        0:00          authorized  -
        1:00-5:50/10  starting    -
        6:00          authorized  -
        """,
    ),
    Replay(
        "stuck after a reboot: a reboot is no recovery, "
        "and has failed after five minutes",
        """
        0:00-5:00/10    starting    -
        5:10            starting    stuck_starting
        5:10            REBOOT      stuck_starting
        5:10-10:00/10   starting    stuck_starting
        10:10-10:20/10  starting    stuck_after_reboot
        11:00           starting    stuck_after_reboot
        12:00           authorized  -
        """,
    ),
    Replay(
        "expired: certain at the second response",
        """
        0:00       authorized  -
        1:00       expired     -
        2:00-4:00  expired     expired
        5:00       authorized  -
        """,
    ),
    Replay(
        "expired: an outage in the middle changes nothing",
        """
        0:00  authorized  -
        1:00  expired     -
        2:00  502         -
        3:00  expired     expired
        4:00  502         expired
        5:00  authorized  -
        """,
    ),
    Replay(
        "deleted: certain at the second response",
        """
        0:00       authorized  -
        1:00       deleted     -
        2:00-4:00  deleted     deleted
        """,
    ),
    Replay(
        "wrong address: certain after ten minutes, whatever page the server shows",
        """
        0:00         authorized  -
        1:00-4:00    403         -
        5:00-7:00    404         -
        8:00-10:00   html        -
        11:00-12:00  403         wrong_address
        13:00        authorized  -
        """,
    ),
    Replay(
        "outage: of an hour, raises nothing and clears nothing",
        """
        0:00             authorized     -
        1:00-3:00        502            -
        4:00             notAuthorized  -
        5:00             notAuthorized  logged_out
        6:00-1:06:00     502            logged_out
        1:07:00          notAuthorized  logged_out
        1:08:00          502            logged_out
        1:09:00          authorized     -
        1:10:00-2:10:00  502            -
        2:11:00          authorized     -
        """,
    ),
    Replay(
        "storm of 429: raises nothing and clears nothing",
        """
        0:00             authorized     -
        1:00             notAuthorized  -
        2:00             notAuthorized  logged_out
        3:00-33:00/120   429            logged_out
        35:00            authorized     -
        36:00-46:00/120  429            -
        48:00            authorized     -
        """,
    ),
    Replay(
        "rejected token: raises nothing here and clears nothing",
        """
        0:00       authorized     -
        1:00       notAuthorized  -
        2:00       notAuthorized  logged_out
        3:00-6:00  401            logged_out
        7:00       authorized     -
        """,
    ),
    Replay(
        "responses that make no sense: raise nothing and clear nothing",
        """
        0:00       authorized  -
        1:00       blocked     -
        2:00       blocked     blocked
        3:00-9:00  garbage     blocked
        10:00      authorized  -
        """,
    ),
    Replay(
        "created: null, then starting, then ready to be linked",
        """
        0:00-3:00/10  null           -
        3:10-6:00/10  starting       -
        6:10          notAuthorized  -
        7:10          notAuthorized  logged_out
        8:10          authorized     -
        """,
    ),
    Replay(
        "unknown state: replaces what was before once it has lasted ten minutes",
        """
        0:00         notAuthorized  -
        1:00         notAuthorized  logged_out
        2:00-11:00   hibernating    logged_out
        12:00-13:00  hibernating    unknown_state
        14:00        authorized     -
        """,
    ),
    Replay(
        "flap: a single odd response raises nothing, over and over",
        """
        0:00  authorized     -
        1:00  notAuthorized  -
        2:00  authorized     -
        3:00  blocked        -
        4:00  authorized     -
        5:00  expired        -
        6:00  authorized     -
        7:00  suspended      -
        8:00  authorized     -
        """,
    ),
    Replay(
        "single odd response: clears nothing in the middle of problem",
        """
        0:00  notAuthorized  -
        1:00  notAuthorized  logged_out
        2:00  blocked        logged_out
        3:00  notAuthorized  logged_out
        4:00  hibernating    logged_out
        5:00  notAuthorized  logged_out
        """,
    ),
    Replay(
        "change of problem: the new one replaces the old one",
        """
        0:00  suspended      -
        1:00  suspended      restricted
        2:00  blocked        restricted
        3:00  blocked        blocked
        4:00  notAuthorized  blocked
        5:00  notAuthorized  logged_out
        6:00  expired        logged_out
        7:00  expired        expired
        8:00  authorized     -
        """,
    ),
    Replay(
        "restart: a problem is one again at the first response that confirms it",
        """
        0:00  notAuthorized  -
        1:00  notAuthorized  logged_out
        1:30  RESTART        -
        1:30  notAuthorized  logged_out
        2:30  RESTART        -
        2:30  authorized     -
        3:30  notAuthorized  -
        """,
    ),
    Replay(
        "restart: a single response has to be confirmed as usual",
        """
        0:00  authorized     -
        1:00  notAuthorized  -
        1:30  RESTART        -
        1:30  notAuthorized  -
        2:30  notAuthorized  logged_out
        """,
    ),
    Replay(
        "restart: with another response after it begins anew",
        """
        0:00  notAuthorized  -
        1:00  notAuthorized  logged_out
        1:30  RESTART        -
        1:30  blocked        -
        2:30  blocked        blocked
        """,
    ),
    Replay(
        "reboot: of an account that is logged out leaves it logged out",
        """
        0:00          notAuthorized  -
        1:00          notAuthorized  logged_out
        1:00          REBOOT         logged_out
        1:00-2:00/10  starting       logged_out
        2:10-6:00/10  notAuthorized  logged_out
        7:00          notAuthorized  logged_out
        """,
    ),
    Replay(
        "reboot: excuses everything for five minutes",
        """
        0:00-1:00     authorized     -
        1:00          REBOOT         -
        1:00-2:00/10  starting       -
        2:10-5:50/10  notAuthorized  -
        6:00          notAuthorized  logged_out
        """,
    ),
)

# At any other time: edges of the times, polls closer or further apart, a computer
# that was asleep, several reboots and restarts.
OTHER_REPLAYS: Final = (
    Replay(
        "two in a row: at least fifty seconds apart",
        """
        0:00  notAuthorized  -
        0:49  notAuthorized  -
        0:50  notAuthorized  logged_out
        """,
    ),
    Replay(
        "two in a row: polls a second early are a poll apart",
        """
        0:00  authorized     -
        0:59  notAuthorized  -
        1:58  notAuthorized  logged_out
        2:57  authorized     -
        """,
    ),
    Replay(
        "two in a row: polls a second late are a poll apart",
        """
        0:00  authorized  -
        1:01  suspended   -
        2:02  suspended   restricted
        3:03  authorized  -
        """,
    ),
    Replay(
        "two in a row: asking more often does not make it longer",
        """
        0:00-0:40/10  blocked     -
        0:50-2:00/10  blocked     blocked
        2:10          authorized  -
        """,
    ),
    Replay(
        "two in a row: a flap of half a minute is none, however often one asks",
        """
        0:00          authorized     -
        0:10-0:50/10  notAuthorized  -
        1:00          authorized     -
        1:10-1:50/10  notAuthorized  -
        2:00          authorized     -
        """,
    ),
    Replay(
        "two in a row: the good response in between begins it anew",
        """
        0:00  expired     -
        0:49  expired     -
        0:50  authorized  -
        0:51  expired     -
        1:40  expired     -
        1:41  expired     expired
        """,
    ),
    Replay(
        "asleep: not a second before five minutes",
        """
        0:00-4:00  sleepMode   -
        4:59       sleepMode   -
        5:00       sleepMode   asleep
        5:01       authorized  -
        """,
    ),
    Replay(
        "asleep: any other response begins the five minutes anew",
        """
        0:00-4:00  sleepMode      -
        4:30       notAuthorized  -
        4:31-8:31  sleepMode      -
        9:30       sleepMode      -
        9:31       sleepMode      asleep
        """,
    ),
    Replay(
        "stuck starting: five minutes are allowed, one second more is not",
        """
        0:00-4:00  starting    -
        4:59       starting    -
        5:00       starting    -
        5:01       starting    stuck_starting
        5:02       authorized  -
        """,
    ),
    Replay(
        "stuck starting: a break begins the five minutes anew, but ten are enough",
        """
        0:00-4:50/10  starting  -
        5:00          null      -
        5:10-9:50/10  starting  -
        10:00         starting  stuck_starting
        """,
    ),
    Replay(
        "wrong address: not a second before ten minutes",
        """
        0:00-9:00  403         -
        9:59       403         -
        10:00      403         wrong_address
        10:01      authorized  -
        """,
    ),
    Replay(
        "wrong address: a gateway that fails now and then does not hide it",
        """
        0:00         404  -
        1:00-4:00    404  -
        5:00         502  -
        6:00-10:00   404  -
        11:00        404  wrong_address
        12:00-20:00  502  wrong_address
        21:00        404  wrong_address
        """,
    ),
    Replay(
        "wrong address: a page shown for nine minutes while they work on it",
        """
        0:00       authorized  -
        1:00-9:00  html        -
        10:00      authorized  -
        """,
    ),
    Replay(
        "expired: every other response is a failure on the way",
        """
        0:00  502      -
        1:00  expired  -
        2:00  502      -
        3:00  expired  expired
        4:00  502      expired
        5:00  expired  expired
        6:00  502      expired
        """,
    ),
    Replay(
        "expired: then deleted, which is another problem",
        """
        0:00  expired  -
        1:00  expired  expired
        2:00  deleted  expired
        3:00  502      expired
        4:00  deleted  deleted
        """,
    ),
    Replay(
        "deleted: looks like a rejected token later on, and stays",
        """
        0:00        deleted  -
        1:00        deleted  deleted
        2:00-60:00  401      deleted
        """,
    ),
    Replay(
        "expired: a new free instance looks so for an hour, then works",
        """
        0:00        null        -
        1:00        expired     -
        2:00-60:00  expired     expired
        61:00       authorized  -
        """,
    ),
    Replay(
        "outage: half an hour of it is no half hour of problem",
        """
        0:00-1:00    starting  -
        2:00-30:00   502       -
        31:00-34:00  starting  -
        35:00        starting  stuck_starting
        """,
    ),
    Replay(
        "outage: before problem is not a part of it",
        """
        0:00-9:00  502            -
        10:00      notAuthorized  -
        10:49      notAuthorized  -
        10:50      notAuthorized  logged_out
        """,
    ),
    Replay(
        "outage: single bad responses in it are two in a row only together",
        """
        0:00       authorized     -
        1:00       502            -
        2:00       notAuthorized  -
        3:00-5:00  502            -
        6:00       notAuthorized  logged_out
        7:00       502            logged_out
        8:00       authorized     -
        """,
    ),
    Replay(
        "outage: a bad response before it and a good one after it are a flap",
        """
        0:00        authorized     -
        1:00        notAuthorized  -
        2:00-30:00  502            -
        31:00       authorized     -
        32:00       notAuthorized  -
        """,
    ),
    Replay(
        "storm of 429: in the middle of a start",
        """
        0:00-2:00/10  starting    -
        2:10          429         -
        4:10-7:00/10  starting    -
        7:10          starting    stuck_starting
        7:20          429         stuck_starting
        9:20          authorized  -
        """,
    ),
    Replay(
        "laptop asleep: what was reported before the night "
        "proves no start that is stuck",
        """
        0:00             authorized  -
        1:00             starting    -
        9:00:00-9:05:00  starting    -
        9:06:00          starting    stuck_starting
        """,
    ),
    Replay(
        "laptop asleep: a problem from before the night needs no new proof",
        """
        0:00     notAuthorized  -
        1:00     notAuthorized  logged_out
        9:00:00  502            logged_out
        9:01:00  notAuthorized  logged_out
        9:02:00  authorized     -
        """,
    ),
    Replay(
        "laptop asleep: a night does not make a wrong address",
        """
        0:00             403  -
        9:00:00          403  -
        9:01:00-9:07:00  403  -
        9:08:00          403  wrong_address
        """,
    ),
    Replay(
        "unknown state: from the start is a problem after ten minutes",
        """
        0:00-9:00    hibernating  -
        10:00-20:00  hibernating  unknown_state
        21:00        authorized   -
        """,
    ),
    Replay(
        "unknown state: not a second before ten minutes, "
        "and the reason before it comes back after ten",
        """
        0:00        blocked      -
        1:00        blocked      blocked
        2:00-11:00  hibernating  blocked
        11:59       hibernating  blocked
        12:00       hibernating  unknown_state
        12:01-21:01 blocked      unknown_state
        22:01-23:01 blocked      blocked
        """,
    ),
    Replay(
        "unknown states: several of them, and null, count as one",
        """
        0:00        suspended    -
        1:00        suspended    restricted
        2:00-3:00   hibernating  restricted
        4:00-5:00   dreaming     restricted
        6:00-11:00  null         restricted
        12:00       null         unknown_state
        """,
    ),
    Replay(
        "unknown state: an outage in the middle does not make it last longer",
        """
        0:00         notAuthorized  -
        1:00         notAuthorized  logged_out
        2:00         hibernating    logged_out
        3:00-20:00   502            logged_out
        21:00-29:00  hibernating    logged_out
        30:00        hibernating    unknown_state
        """,
    ),
    Replay(
        "created: null is a problem if it lasts ten minutes",
        """
        0:00-9:50/10   null        -
        10:00-30:00    null        unknown_state
        30:10          starting    unknown_state
        30:20          authorized  -
        """,
    ),
    Replay(
        "created: rejects its token now and then",
        """
        0:00-1:00/10  null           -
        1:10-1:30/10  401            -
        1:40-3:00/10  null           -
        3:10-4:00/10  starting       -
        4:10          notAuthorized  -
        5:10          notAuthorized  logged_out
        """,
    ),
    Replay(
        "reboot: comes back",
        """
        0:00-5:00/10  starting    -
        5:10          starting    stuck_starting
        5:12          REBOOT      stuck_starting
        5:12          starting    stuck_starting
        5:22-6:52/10  starting    stuck_starting
        7:02          authorized  -
        8:02          authorized  -
        """,
    ),
    Replay(
        "reboot: nothing is stuck at five minutes sharp",
        """
        0:00          authorized  -
        0:10          REBOOT      -
        0:10          authorized  -
        0:20-5:20/20  starting    -
        5:21          starting    stuck_after_reboot
        5:22          authorized  -
        """,
    ),
    Replay(
        "reboot: excuses nothing a second longer",
        """
        0:00  notAuthorized  -
        0:01  REBOOT         -
        5:00  notAuthorized  -
        5:01  notAuthorized  logged_out
        """,
    ),
    Replay(
        "reboot: the second one opens five new minutes",
        """
        0:00-5:00/10    starting    -
        5:10            starting    stuck_starting
        5:10            REBOOT      stuck_starting
        5:20-10:00/10   starting    stuck_starting
        10:10-10:20/10  starting    stuck_after_reboot
        10:30           REBOOT      stuck_after_reboot
        10:30-15:40/10  starting    stuck_after_reboot
        15:50           authorized  -
        """,
    ),
    Replay(
        "reboot: a second one within the five minutes prolongs them",
        """
        0:00          notAuthorized  -
        0:10          REBOOT         -
        0:20-4:00/10  notAuthorized  -
        4:10          REBOOT         -
        4:20-9:00/10  notAuthorized  -
        9:10          notAuthorized  logged_out
        """,
    ),
    Replay(
        "reboot: one after the other excuses nothing after twenty minutes",
        """
        0:00            notAuthorized  -
        0:10            REBOOT         -
        1:00-5:00       notAuthorized  -
        5:05            REBOOT         -
        6:00-10:00      starting       -
        10:05           REBOOT         -
        11:00-15:00     notAuthorized  -
        15:05           REBOOT         -
        16:00-19:00     starting       -
        20:00           starting       logged_out
        20:05           REBOOT         logged_out
        21:00-22:00     starting       logged_out
        23:00           authorized     -
        """,
    ),
    Replay(
        "reboot: of a restricted account lifts it until the next message",
        """
        0:00          yellowCard  -
        1:00          yellowCard  restricted
        1:10          REBOOT      restricted
        1:10-2:00/10  starting    restricted
        2:10-4:00/10  authorized  -
        4:10-6:00/10  yellowCard  -
        6:10          yellowCard  restricted
        """,
    ),
    Replay(
        "reboot: of an account that is asleep ends as it ends",
        """
        0:00-4:00     sleepMode   -
        5:00          sleepMode   asleep
        5:10          REBOOT      asleep
        5:20-6:00/10  starting    asleep
        6:10          authorized  -
        """,
    ),
    Replay(
        "reboot: a change of problem waits for the end of the five minutes",
        """
        0:00          notAuthorized  -
        1:00          notAuthorized  logged_out
        1:10          REBOOT         logged_out
        1:20-6:00/10  blocked        logged_out
        6:10          blocked        blocked
        """,
    ),
    Replay(
        "reboot: one in the middle of an outage",
        """
        0:00-5:00/10   starting  -
        5:10           starting  stuck_starting
        5:20-6:00/10   502       stuck_starting
        6:05           REBOOT    stuck_starting
        6:05           502       stuck_starting
        6:15-7:55/10   502       stuck_starting
        8:05-11:00/10  starting  stuck_starting
        11:05          starting  stuck_after_reboot
        """,
    ),
    Replay(
        "reboot: long ago has nothing to do with the next start",
        """
        0:00           authorized  -
        1:00           REBOOT      -
        1:10-1:50/10   starting    -
        2:00-9:00      authorized  -
        9:10-14:10/10  starting    -
        14:20          starting    stuck_starting
        """,
    ),
    Replay(
        "reboot: what starts within two minutes of it, it did not cure",
        """
        0:00           REBOOT      -
        0:00-1:50/10   authorized  -
        2:00-7:00/10   starting    -
        7:10-12:00/10  starting    stuck_after_reboot
        """,
    ),
    Replay(
        "reboot: what starts later, it may cure",
        """
        0:00           REBOOT      -
        0:00-2:00/10   authorized  -
        2:01-7:01/10   starting    -
        7:11-12:01/10  starting    stuck_starting
        """,
    ),
    Replay(
        "restart: in the middle of a start goes on with it",
        """
        0:00-3:00/10  starting  -
        3:05          RESTART   -
        3:35-5:35/10  starting  -
        5:45          starting  stuck_starting
        """,
    ),
    Replay(
        "restart: a reboot is remembered",
        """
        0:00-5:00/10   starting  -
        5:10           starting  stuck_starting
        5:20           REBOOT    stuck_starting
        5:30-7:20/10   starting  stuck_starting
        7:25           RESTART   -
        7:50-10:10/10  starting  stuck_starting
        10:20-10:50/10 starting  stuck_after_reboot
        11:05          RESTART   -
        11:30          starting  stuck_after_reboot
        """,
    ),
    Replay(
        "alternation: of bad states is a problem after ten minutes, the most specific",
        """
        0:00   authorized     -
        1:00   notAuthorized  -
        2:00   blocked        -
        3:00   notAuthorized  -
        4:00   blocked        -
        5:00   notAuthorized  -
        6:00   blocked        -
        7:00   notAuthorized  -
        8:00   blocked        -
        9:00   notAuthorized  -
        10:00  blocked        -
        11:00  notAuthorized  blocked
        12:00  blocked        blocked
        13:00  notAuthorized  blocked
        14:00  authorized     -
        """,
    ),
    Replay(
        "alternation: of starts with the true state between them",
        """
        0:00-3:00/10   starting       -
        3:10           notAuthorized  -
        3:20-6:20/10   starting       -
        6:30           notAuthorized  -
        6:40-9:40/10   starting       -
        9:50           notAuthorized  -
        10:00-13:00/10 starting       logged_out
        13:10          notAuthorized  logged_out
        """,
    ),
    Replay(
        "alternation: failures that say nothing only pause the ten minutes",
        """
        0:00         blocked        -
        1:00         notAuthorized  -
        2:00-9:00    502            -
        10:00-15:00  403            -
        16:00        blocked        -
        17:00        notAuthorized  -
        18:00        blocked        -
        19:00        notAuthorized  -
        20:00        blocked        -
        21:00        notAuthorized  -
        22:00        blocked        -
        23:00        notAuthorized  -
        24:00        blocked        blocked
        """,
    ),
    Replay(
        "alternation: reasons that are certain by turns settle on the last one",
        """
        0:00         suspended      -
        1:00         suspended      restricted
        2:00         notAuthorized  restricted
        3:00         notAuthorized  logged_out
        4:00-5:00    suspended      logged_out
        6:00-7:00    notAuthorized  logged_out
        8:00-17:00   suspended      logged_out
        18:00        suspended      restricted
        """,
    ),
    Replay(
        "restart: a single response after it is not the reason of 20 minutes before",
        """
        0:00         authorized     -
        1:00         notAuthorized  -
        2:00-21:00   notAuthorized  logged_out
        21:30        RESTART        -
        22:00        blocked        -
        23:00-40:00  notAuthorized  logged_out
        41:00        authorized     -
        """,
    ),
    Replay(
        "restart: a reason that was reported twice after it is another problem",
        """
        0:00         notAuthorized  -
        1:00-20:00   notAuthorized  logged_out
        20:30        RESTART        -
        21:00        blocked        -
        22:00-23:00  blocked        blocked
        """,
    ),
    Replay(
        "restart: what was reported once, before a problem was certain, is forgotten",
        """
        0:00         authorized     -
        1:00         expired        -
        2:00         notAuthorized  -
        3:00-22:00   notAuthorized  logged_out
        23:00        starting       logged_out
        23:30        RESTART        -
        23:30        starting       logged_out
        24:00-40:00  notAuthorized  logged_out
        """,
    ),
    Replay(
        "restart: a problem of minutes needs its own response, whatever else there is",
        """
        0:00        expired        -
        1:00        notAuthorized  -
        2:00-4:00   notAuthorized  logged_out
        4:30        RESTART        -
        5:00        starting       -
        6:00        null           -
        7:00        notAuthorized  logged_out
        """,
    ),
    Replay(
        "restart: another alternation takes ten minutes again",
        """
        0:00         notAuthorized  -
        1:00-20:00   notAuthorized  logged_out
        20:30        RESTART        -
        21:00        blocked        -
        22:00        suspended      -
        23:00        blocked        -
        24:00        suspended      -
        25:00        blocked        -
        26:00        suspended      -
        27:00        blocked        -
        28:00        suspended      -
        29:00        blocked        -
        30:00        suspended      -
        31:00        blocked        blocked
        32:00        suspended      blocked
        """,
    ),
    Replay(
        "restart: odd responses around it do not hide what was before",
        """
        0:00  notAuthorized  -
        1:00  notAuthorized  logged_out
        2:00  null           logged_out
        2:30  RESTART        -
        3:00  502            -
        4:00  starting       -
        5:00  notAuthorized  logged_out
        """,
    ),
    Replay(
        "restart: within the quiet minutes of a reboot hides no other problem",
        """
        0:00  blocked    -
        1:00  blocked    blocked
        1:10  REBOOT     blocked
        1:20  starting   blocked
        2:00  RESTART    -
        2:30  starting   -
        3:00  blocked    blocked
        """,
    ),
    Replay(
        "restart: what was reported towards a problem is not forgotten",
        """
        0:00-9:00  403      -
        9:10       RESTART  -
        9:40       403      -
        10:40      403      wrong_address
        """,
    ),
    Replay(
        "disabled for a month: a start that was stuck once is no evidence",
        """
        0:00-5:00/10           starting       -
        5:10                   starting       stuck_starting
        5:15                   RESTART        -
        720:00:00-720:05:00/10 starting       -
        720:05:10              starting       stuck_starting
        """,
    ),
    Replay(
        "disabled for a month: a logged out account is found like a new one",
        """
        0:00       notAuthorized  -
        1:00       notAuthorized  logged_out
        1:15       RESTART        -
        720:00:00  notAuthorized  -
        720:01:00  notAuthorized  logged_out
        """,
    ),
    Replay(
        "restart: into an outage shows nothing until a response comes",
        """
        0:00           blocked     -
        1:00           blocked     blocked
        1:30           RESTART     -
        1:40-10:00/20  502         -
        10:20          blocked     blocked
        10:30          RESTART     -
        10:40          502         -
        11:40          authorized  -
        12:40          blocked     -
        """,
    ),
    Replay(
        "restart: twice without a response in between",
        """
        0:00  suspended  -
        1:00  suspended  restricted
        1:30  RESTART    -
        1:40  RESTART    -
        2:00  suspended  restricted
        """,
    ),
)

REPLAYS: Final = POLLED_REPLAYS + OTHER_REPLAYS
