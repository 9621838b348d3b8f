"""Checks of a queue, and the expected problem of the account after each of them.

The lines are those of a `Replay`. An event is a check of the queue of an authorized
account: `5a` is five messages, which are named `a` to `e` and all listed; `5ace` is
five messages, of which the list contains these three. `5?` is a list that fails, `5!`
one that is too large, `5-` one that is empty although messages wait; `?` is a count
that cannot be read. Other events have the names of a `Replay`. The order of a list does
not matter.
"""

from typing import Final

from custom_components.green_api.decisions.problem import Problem

from .replays import Replay

QUEUE_PROBLEMS: Final = frozenset(
    {Problem.NOT_SENDING, Problem.NOT_SENDING_AFTER_REBOOT}
)

QUEUE_REPLAYS: Final = (
    Replay(
        "certain: after ten minutes, and ends with the first message that is sent",
        """
        0:00         0   -
        5:00-14:00   5a  -
        15:00-20:00  5a  not_sending
        21:00-30:00  4b  -
        31:00-32:00  4b  not_sending
        33:00        0   -
        """,
    ),
    Replay(
        "certain: from the first check, with a single message",
        """
        0:00-9:00  1a  -
        10:00      1a  not_sending
        """,
    ),
    Replay(
        "certain: while more and more messages come",
        """
        0:00  1a   -
        1:00  2a   -
        2:00  4a   -
        3:00  9a   -
        4:00-9:00  20a  -
        10:00 80a  not_sending
        11:00 99a  not_sending
        """,
    ),
    Replay(
        "moves: a queue that drains as fast as it fills",
        """
        0:00-9:00    5a  -
        10:00        5b  -
        11:00-19:00  5b  -
        20:00        5c  -
        30:00        5d  -
        """,
    ),
    Replay(
        "moves: a queue that grows while it drains",
        """
        0:00   5a   -
        1:00   6b   -
        2:00   9c   -
        3:00-9:00  20d  -
        10:00  21e  -
        11:00-19:00  22f  -
        20:00  30g  -
        """,
    ),
    Replay(
        "moves: a busy sender whose queue is never empty",
        """
        0:00-4:00    9a  -
        5:00         8b  -
        6:00-10:00   9b  -
        11:00        8c  -
        12:00-20:00  9c  -
        21:00        8d  -
        """,
    ),
    Replay(
        "moves again: seen by a message that is missing twice, "
        "while the count still grows",
        """
        0:00-9:00    5a   -
        10:00-12:00  5a   not_sending
        13:00        7b   not_sending
        14:00        8b   -
        """,
    ),
    Replay(
        "moves again: a message that is missing once and comes back has not gone out",
        """
        0:00-9:00    5a       -
        10:00-12:00  5a       not_sending
        13:00        6bcdefg  not_sending
        14:00        7a       not_sending
        15:00        7b       not_sending
        16:00-20:00  8a       not_sending
        """,
    ),
    Replay(
        "moves again: seen by the only message, where the list holds it",
        """
        0:00-9:00    1a  -
        10:00        1a  not_sending
        11:00        1b  not_sending
        12:00-20:00  1b  -
        21:00        1b  not_sending
        """,
    ),
    Replay(
        "moves again: a queue with a message less "
        "begins anew from the first list of it",
        """
        0:00-9:00    5a  -
        10:00        5b  -
        11:00-19:00  5b  -
        20:00        5b  not_sending
        """,
    ),
    Replay(
        "too large: the count alone proves it in twice the time",
        """
        0:00-19:00   5000!  -
        20:00        5000!  not_sending
        21:00        4999!  -
        """,
    ),
    Replay(
        "too large: only when it is to be confirmed",
        """
        0:00-9:00    5a     -
        10:00-19:00  5000!  -
        20:00        5000!  not_sending
        """,
    ),
    Replay(
        "too large: begins anew when the count falls",
        """
        0:00-19:00   5000!  -
        19:30        4990!  -
        19:40-39:20/60  4990!  -
        39:40        4990!  not_sending
        """,
    ),
    Replay(
        "list: is empty although one message waits, as it happens at the vendor's",
        """
        0:00-19:00  1-  -
        20:00       1-  not_sending
        """,
    ),
    Replay(
        "list: cannot be read once, which takes one more check",
        """
        0:00       5a  -
        1:00       5?  -
        2:00-10:00 5a  -
        11:00      5a  not_sending
        """,
    ),
    Replay(
        "list: cannot be read when it is to be confirmed",
        """
        0:00-9:00    5a  -
        10:00-14:00  5?  -
        15:00        5a  not_sending
        16:00        5?  not_sending
        17:00        5b  not_sending
        18:00        5b  -
        """,
    ),
    Replay(
        "list: leaves out other messages now and then, which is no movement",
        """
        0:00-3:00   5a     -
        4:00        5bcde  -
        5:00        5a     -
        6:00        5ace   -
        7:00        5e     -
        8:00-9:00   9a     -
        10:00       9a     not_sending
        11:00-20:00 9bcd   not_sending
        """,
    ),
    Replay(
        "list: is complete only after the time, which takes the checks until then",
        """
        0:00-3:00    5a    -
        4:00-13:00   5bde  -
        14:00        5a    not_sending
        """,
    ),
    Replay(
        "list: never holds all, and the count alone proves it in twice the time",
        """
        0:00   5abc  -
        1:00   5bcd  -
        2:00   5cde  -
        3:00   5abd  -
        4:00   5ade  -
        5:00   5ace  -
        6:00   5bde  -
        7:00-13:00   5abc  -
        14:00-19:00  5cde  -
        20:00  5abc  not_sending
        """,
    ),
    Replay(
        "list: a part of it that stays the same is as good as all of it",
        """
        0:00-9:00   700abc  -
        10:00       700abc  not_sending
        """,
    ),
    Replay(
        "list: what it leaves out has not gone out until two lists are complete",
        """
        0:00-9:00    5a     -
        10:00        5a     not_sending
        11:00-19:00  5bcde  not_sending
        20:00        5b     not_sending
        21:00-22:00  5bcdf  not_sending
        23:00        5b     -
        """,
    ),
    Replay(
        "list: a message missing when it is to be confirmed takes one more check",
        """
        0:00-9:00  5a       -
        10:00      6bcdefg  -
        11:00      7a       not_sending
        """,
    ),
    Replay(
        "count: cannot be read now and then",
        """
        0:00        5a  -
        1:00        ?   -
        2:00-3:00   5a  -
        4:00-5:00   ?   -
        6:00-9:00   5a  -
        10:00       ?   -
        11:00-12:00 5a  not_sending
        13:00-40:00 ?   not_sending
        """,
    ),
    Replay(
        "count: cannot be read for long, and nobody knows what was meanwhile",
        """
        0:00-8:00    5a  -
        9:00-12:00   ?   -
        13:00-22:00  5a  -
        23:00        5a  not_sending
        """,
    ),
    Replay(
        "outage: raises nothing and ends nothing",
        """
        0:00-8:00    5a   -
        9:00-30:00   502  -
        31:00-40:00  5a   -
        41:00        5a   not_sending
        42:00-60:00  502  not_sending
        61:00        5a   not_sending
        62:00        4b   -
        """,
    ),
    Replay(
        "outage: in which all messages went out and as many new ones came",
        """
        0:00-9:00    5a   -
        10:00        5a   not_sending
        11:00-20:00  502  not_sending
        21:00        5f   not_sending
        22:00-30:00  5f   -
        31:00        5f   not_sending
        """,
    ),
    Replay(
        "outage: before the problem is certain, in which all messages went out",
        """
        0:00-4:00    5a   -
        5:00-14:00   502  -
        15:00-24:00  5f   -
        25:00        5f   not_sending
        """,
    ),
    Replay(
        "laptop asleep: a night does not make a standstill",
        """
        0:00-1:00        5a  -
        9:00:00-9:09:00  5a  -
        9:10:00          5a  not_sending
        """,
    ),
    Replay(
        "restart: in the middle begins anew",
        """
        0:00-9:00    5a       -
        9:30         RESTART  -
        10:00-19:00  5a       -
        20:00        5a       not_sending
        """,
    ),
    Replay(
        "restart: a problem before still is one, until the queue says otherwise",
        """
        0:00-9:00   5a          -
        10:00       5a          not_sending
        10:30       RESTART     -
        10:40       502         -
        11:00       authorized  not_sending
        11:01       5a          not_sending
        11:30       RESTART     -
        12:00       authorized  not_sending
        12:01       4b          -
        """,
    ),
    Replay(
        "restart: after half an hour it has to be found like a new one",
        """
        0:00-9:00    5a          -
        10:00        5a          not_sending
        10:30        RESTART     -
        41:00        authorized  -
        41:01-50:01  5a          -
        51:01        5a          not_sending
        """,
    ),
    Replay(
        "another problem: takes its place, and the queue begins anew",
        """
        0:00-9:00    5a             -
        10:00        5a             not_sending
        11:00        notAuthorized  not_sending
        12:00        notAuthorized  logged_out
        13:00        authorized     -
        13:01-22:01  5a             -
        23:01        5a             not_sending
        """,
    ),
    Replay(
        "another problem: that is reported by failures takes its place as well",
        """
        0:00-9:00    5a          -
        10:00        5a          not_sending
        11:00        expired     not_sending
        12:00        expired     expired
        13:00-22:00  5a          -
        23:00        5a          not_sending
        """,
    ),
    Replay(
        "not authorized: for a moment, after which messages have ten minutes again",
        """
        0:00-8:00    5a        -
        9:00         starting  -
        10:00-19:00  5a        -
        20:00        5a        not_sending
        """,
    ),
    Replay(
        "reboot: sets the messages in motion",
        """
        0:00-9:00   5a          -
        10:00       5a          not_sending
        10:10       REBOOT      not_sending
        10:20-11:00/10  starting  not_sending
        11:10       authorized  not_sending
        11:11       5a          not_sending
        12:00       2d          -
        """,
    ),
    Replay(
        "reboot: sets the messages in motion, and as many new ones come",
        """
        0:00-9:00   5a          -
        10:00       5a          not_sending
        10:10       REBOOT      not_sending
        10:20-11:00/10  starting  not_sending
        11:10       authorized  not_sending
        11:11       5f          not_sending
        12:11       5g          -
        """,
    ),
    Replay(
        "not authorized: for a while, in which all messages went out",
        """
        0:00-9:00    5a        -
        10:00        5a        not_sending
        11:00-13:00  starting  not_sending
        14:00        6f        not_sending
        15:00        6f        -
        """,
    ),
    Replay(
        "reboot: does not help, which is certain after another ten minutes",
        """
        0:00-9:00   5a          -
        10:00       5a          not_sending
        10:10       REBOOT      not_sending
        10:20-11:00/10  starting  not_sending
        11:10       authorized  not_sending
        11:11-20:11 5a          not_sending
        21:11       5a          not_sending_after_reboot
        22:11       5a          not_sending_after_reboot
        22:20       REBOOT      not_sending_after_reboot
        22:30       starting    not_sending_after_reboot
        23:00       authorized  not_sending_after_reboot
        23:01       3c          -
        """,
    ),
    Replay(
        "reboot: of an account that sends makes nothing certain",
        """
        0:00-5:00   5a          -
        5:10        REBOOT      -
        5:20-6:00/10  starting  -
        6:10        authorized  -
        6:11-15:11  5a          -
        16:11       5a          not_sending
        """,
    ),
)

# The delay between two messages, in seconds, if it is longer than usual.
SLOW_QUEUE_REPLAYS: Final = (
    Replay(
        "slow: five minutes between messages are given fifteen",
        """
        0:00-4:00    3a  -
        5:00-9:00    2b  -
        10:00-24:00  1c  -
        25:00        1c  not_sending
        """,
    ),
    Replay(
        "slow: twice the fifteen minutes by the count alone",
        """
        0:00-29:00  5000!  -
        30:00       5000!  not_sending
        """,
    ),
)
