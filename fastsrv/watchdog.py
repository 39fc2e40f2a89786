"""A worker's watchdog: a thread that answers who asks what the worker is doing, whatever its loop is at.

Changes nothing of the worker. fastsrv/worker.py starts one in each; a child that the app forks has no copy of it, as a
fork takes along the thread that forks, alone.
"""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastsrv.place import Place
from fastsrv.reports import answer, is_asked
from fastsrv_ext.pause import pause

EVERY = 0.2  # seconds between two looks: five wake-ups a second


class Watchdog:
    """place: the worker's. log: one that raises nothing. report(): all that the worker is doing, in parts."""

    def __init__(self, place: Place, log: Any, report: Callable[[], Iterator[str]]) -> None:
        self.place = place
        self.log = log
        self.report = report

    def start(self) -> None:
        """A daemon: the worker's end waits for the app's threads, not for this one."""
        threading.Thread(target=self.run, name="fastsrv's watchdog", daemon=True).start()

    def run(self) -> None:
        # A signal is to wake the main thread, which runs its handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            pause(EVERY)
            try:
                self.look()
            except Exception:
                self.log.exception("The watchdog has failed, and goes on")

    def look(self) -> None:
        board, slot = self.place.board, self.place.slot
        if board is not None and is_asked(board, slot):
            answer(slot, as_far_as_it_goes(self.report()))


def as_far_as_it_goes(parts: Iterable[str]) -> Iterator[str]:
    """The app's objects are looked at, and may raise."""
    try:
        yield from parts
    except Exception:
        yield f"This report has failed:\n{traceback.format_exc()}"
