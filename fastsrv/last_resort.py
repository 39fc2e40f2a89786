"""The end of a worker that nothing holds up: threads that end the process by the earliest moment that was asked for.

Waits for nobody, and needs no loop that turns. fastsrv/worker.py says by when.
"""

from __future__ import annotations

import _thread
import os
import time
from collections.abc import Callable
from functools import reduce
from typing import Any

from fastsrv.timetable import NEVER, Timetable

LOOK = 0.1  # seconds between two looks at the time by which the process has to end
LINE = 0.2  # seconds for the line that tells of it: far more than a log takes that can be written to


class LastResort:
    """code: to exit with."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.code = 0
        self.timetables: list[Timetable] = []  # of all ends that were asked for
        self.if_it_hangs = NEVER  # of one that serves on, although it is to end, for as long as its loop turns
        self.has_begun = False

    @property
    def timetable(self) -> Timetable:
        """Of the earliest end that was asked for."""
        return reduce(Timetable.earlier, self.timetables, NEVER)

    def end_by(self, timetable: Timetable) -> None:
        """End the process for good by then. The earliest call counts. May be called by a signal's handler."""
        self.timetables.append(timetable)  # in one step: a signal may interrupt another one's handler
        self.begin()

    def end_if_it_hangs(self, timetable: Timetable) -> None:
        """End the process for good by then, unless this is called once more before, or it is called off."""
        self.if_it_hangs = timetable
        self.begin()

    def begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            # No threading.Thread: this may be a signal that has come while the app starts one, with its locks held. Two
            # of them, as the line waits for ever if the log hangs; at once, as Python starts none while it ends.
            _thread.start_new_thread(self.end, (0.0, self.tell))
            _thread.start_new_thread(self.end, (LINE, lambda: None))

    def call_off(self) -> None:
        """The process is not to end any more."""
        self.timetables.clear()
        self.if_it_hangs = NEVER

    def end(self, margin: float, last_word: Callable[[], None]) -> None:
        """margin: seconds behind the moment that was asked for."""
        while (rest := self.timetable.earlier(self.if_it_hangs).exit + margin - time.monotonic()) > 0:
            time.sleep(min(rest, LOOK))
        last_word()
        os._exit(self.code)

    def tell(self) -> None:
        self.log.warning("The app, or a thread or child process of it, does not end; the worker ends without it")
