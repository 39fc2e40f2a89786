"""Lines of the error log that clients can cause, of which there may be any number: some of each kind are logged.

Decides nothing of what is worth a line. fastsrv/server.py makes one; connections write to it through their Context.
"""

from __future__ import annotations

from typing import Any

from fastsrv_ext.clock import TICK

LINES = 5  # of a kind in a period: enough to see whether it is one client, and what it does
PERIOD = 60.0  # seconds: a flood of one kind is some megabytes a day


class Seldom:
    """Writes to `log` no more than LINES of a kind in each PERIOD, and behind it how many were left out. At level debug
    nothing is left out."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.counts: dict[tuple[str, str], int] = {}  # by level and kind, in this period
        self.ticks = 0

    def warn(self, kind: str, message: str, *args: object) -> None:
        self.write("warning", kind, message, args)

    def info(self, kind: str, message: str, *args: object) -> None:
        self.write("info", kind, message, args)

    def write(self, level: str, kind: str, message: str, args: tuple[object, ...]) -> None:
        count = self.counts[level, kind] = self.counts.get((level, kind), 0) + 1
        getattr(self.log, level if count <= LINES else "debug")(message, *args)

    def tick(self) -> None:
        """With each tick of the worker's heartbeat."""
        self.ticks += 1
        if self.ticks * TICK >= PERIOD:
            self.sum_up()

    def sum_up(self) -> None:
        """The period ends: tell of what was left out."""
        counts, self.counts, self.ticks = self.counts, {}, 0
        for (level, kind), count in counts.items():
            if count > LINES:
                getattr(self.log, level)("%d more of the kind %s were left out", count - LINES, kind)
