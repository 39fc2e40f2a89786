"""Lines of the error log of which there may be any number, as clients can cause them: some of each kind are logged.

Decides nothing of what is worth a line. fastsrv/server.py makes one, to which connections write through their Context,
and fastsrv/watchdog.py another one.
"""

from __future__ import annotations

from typing import Any

from fastsrv_ext.clock import TICK

LINES = 5  # of a kind in a period: enough to see whether it is one client, and what it does
PERIOD = 60.0  # seconds: a flood of one kind is some megabytes a day
FAR = 2  # times the size of all that were logged in the period: one that is larger is logged all the same


class Kind:
    """What has come of a kind in this period."""

    def __init__(self) -> None:
        self.logged = 0
        self.largest = 0.0  # of those
        self.left_out = 0


class Seldom:
    """Writes to `log` no more than LINES of a kind in each PERIOD, and behind it how many were left out. At level debug
    nothing is left out.

    every: seconds between two calls of tick().
    """

    def __init__(self, log: Any, every: float = TICK) -> None:
        self.log = log
        self.every = every
        self.kinds: dict[tuple[str, str], Kind] = {}  # by level and kind
        self.ticks = 0

    def warn(self, kind: str, message: str, *args: object, size: float = 0.0) -> bool:
        """Returns whether it is logged, and not left out. size: of what the line tells, in any unit."""
        return self.write("warning", kind, message, args, size)

    def info(self, kind: str, message: str, *args: object, size: float = 0.0) -> bool:
        return self.write("info", kind, message, args, size)

    def write(self, level: str, kind: str, message: str, args: tuple[object, ...], size: float) -> bool:
        so_far = self.kinds.setdefault((level, kind), Kind())
        is_logged = so_far.logged < LINES or size > FAR * so_far.largest
        if is_logged:
            so_far.logged += 1
            so_far.largest = max(so_far.largest, size)
        else:
            so_far.left_out += 1
        getattr(self.log, level if is_logged else "debug")(message, *args)
        return is_logged

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks * self.every >= PERIOD:
            self.sum_up()

    def sum_up(self) -> None:
        """The period ends: tell of what was left out."""
        kinds, self.kinds, self.ticks = self.kinds, {}, 0
        for (level, kind), so_far in kinds.items():
            if so_far.left_out:
                getattr(self.log, level)("%d more of the kind %s were left out", so_far.left_out, kind)
