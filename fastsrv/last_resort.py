"""The end of a worker that nothing holds up: a thread that ends the process by the earliest moment that was asked for.

Waits for nobody, and needs no loop that turns. fastsrv/worker.py says by when.
"""

from __future__ import annotations

import _thread
import os
import time
from functools import reduce
from typing import Any

from fastsrv.timetable import NEVER, Timetable

LOOK = 0.1  # seconds between two looks at the time by which the process has to end


class LastResort:
    """code: to exit with."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.code = 0
        self.timetables: list[Timetable] = []  # of all ends that were asked for
        self.thread: int | None = None

    @property
    def timetable(self) -> Timetable:
        """Of the earliest end that was asked for."""
        return reduce(Timetable.earlier, self.timetables, NEVER)

    def end_by(self, timetable: Timetable) -> None:
        """End the process for good by then. The earliest call counts. May be called by a signal's handler."""
        self.timetables.append(timetable)  # in one step: a signal may interrupt another one's handler
        if self.thread is None:
            # No threading.Thread: this may be a signal that has come while the app starts one, with its locks held.
            self.thread = _thread.start_new_thread(self.run, ())

    def call_off(self) -> None:
        """The process is not to end any more."""
        self.timetables.clear()

    def run(self) -> None:
        while (rest := self.timetable.exit - time.monotonic()) > 0:
            time.sleep(min(rest, LOOK))
        self.log.warning("The app, or a thread or child process of it, does not end; the worker ends without it")
        os._exit(self.code)
