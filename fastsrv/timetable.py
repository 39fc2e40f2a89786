"""The end of a worker as moments: by when each of its steps begins, so that all of them fit.

Arithmetic alone: it waits for nothing and ends nobody. fastsrv/worker.py makes one when a signal comes,
fastsrv/server.py goes by it.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

RESERVE_SHARE = 1 / 4  # of graceful_timeout is kept for what comes behind the drain: with a second, a quarter of one
RESERVE = 5.0  # seconds of it at most: an app that closes its database needs no more
NOTICE = 1.0  # seconds, at most, for an answer to end by itself before its task is cancelled
LAST_WORD = 1.0  # seconds for what was cancelled to clean up; for all behind the drain, if graceful_timeout is less
QUICK = 5.0  # seconds that a quick end may take
QUICKER = 1.5  # the same behind a graceful one: the arbiter kills two seconds after an INT behind a TERM


def reserve(timeout: float) -> float:
    """Seconds of graceful_timeout that are kept for what comes behind the drain."""
    return min(timeout * RESERVE_SHARE, RESERVE)


class Timetable(NamedTuple):
    """Moments of time.monotonic(): each step begins then at the latest, whatever the one before it has come to."""

    disconnect: float  # receive() of what is still in hand says http.disconnect
    cancel: float  # its tasks are cancelled
    shutdown: float  # lifespan shutdown
    cleanup: float  # the app's lifespan, own tasks and generators are cancelled
    leave: float  # the loop ends: gunicorn's worker_exit, Python's wait for threads and child processes
    exit: float  # the process ends, whatever holds it up

    @classmethod
    def graceful(cls, since: float, timeout: float) -> Timetable:
        """For an end that was asked for at `since` and may take `timeout` (graceful_timeout) seconds: the arbiter
        kills then, after a TERM."""
        rest = reserve(timeout)
        cancel = since + timeout - rest
        return cls.behind(cancel - min(NOTICE, rest / 2), cancel, since + max(timeout, LAST_WORD) - cancel)

    @classmethod
    def quick(cls, since: float, seconds: float) -> Timetable:
        """For an end in which nothing is waited for that is still in hand."""
        return cls.behind(since, since, seconds)

    @classmethod
    def behind(cls, disconnect: float, cancel: float, rest: float) -> Timetable:
        """The `rest` seconds in equal parts, the last one with a margin for who counts from a little earlier."""
        return cls(disconnect, cancel, *(cancel + rest * part for part in (1 / 4, 1 / 2, 3 / 4, 7 / 8)))

    def earlier(self, other: Timetable) -> Timetable:
        return Timetable(*map(min, self, other))


NEVER = Timetable(*[inf] * 6)
