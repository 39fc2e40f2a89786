"""A worker's watchdog: a thread that looks whether the event loop is blocked, and answers who asks what the worker is
doing.

Changes nothing of the worker, and costs the loop nothing: it goes by the clock's ticks. fastsrv/worker.py starts one in
each. A child that the app forks has no copy of it: a fork takes along the thread that forks, alone.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastsrv.board import SECOND
from fastsrv.log.seldom import Seldom
from fastsrv.place import Place
from fastsrv.reports import answer, is_asked
from fastsrv.stacks import stack_at
from fastsrv_ext.clock import TICK
from fastsrv_ext.pause import pause

EVERY = 0.2  # seconds between two looks: five wake-ups a second, and one at least between two ticks


class Watchdog:
    """Made in the thread of the loop.

    place: the worker's. log: one that raises nothing. report(): all that the worker is doing, in parts; requests():
    those in flight. slow_callback: seconds.
    """

    def __init__(
        self, place: Place, log: Any, *, report: Callable[[], Iterator[str]], requests: Callable[[], Iterator[str]],
        slow_callback: float,
    ) -> None:
        self.place = place
        self.log = log
        self.seldom = Seldom(log)
        self.report = report
        self.requests = requests
        self.slow = int(slow_callback * SECOND)
        self.thread = threading.get_ident()  # the loop's
        # Moments and times are nanoseconds of time.monotonic_ns().
        self.ticked = 0  # the last tick that was seen
        self.absent = 0  # how long the process has not run since
        self.blocked = 0  # how long the loop has been blocked since, so far; 0 if that is not too long
        self.kept = 0  # how long at a time native code has kept the GIL since
        self.told = False  # of the stall

    def start(self) -> None:
        """A daemon: the worker's end waits for the app's threads, not for this one."""
        threading.Thread(target=self.run, name="fastsrv's watchdog", daemon=True).start()

    def run(self) -> None:
        # A signal is to wake the main thread, which runs its handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            due = time.monotonic_ns() + int(EVERY * SECOND)
            kept = pause(EVERY)
            try:
                self.look(due, kept, time.monotonic_ns())
            except Exception:
                self.log.exception("The watchdog has failed, and goes on")

    def look(self, due: int, kept: int, now: int) -> None:
        """due: when this look should have come. kept: how long native code has then kept the GIL."""
        self.seldom.tick()
        self.watch(due, kept, now)
        board, slot = self.place.board, self.place.slot
        if board is not None and is_asked(board, slot):
            answer(slot, as_far_as_it_goes(self.report()))

    # --- the loop ---

    def watch(self, due: int, kept: int, now: int) -> None:
        """The loop ticks every TICK. Is it late by more than what may be, beyond what the whole process was?"""
        self.kept = max(self.kept, kept)
        woke, before, ticked = now - kept, self.ticked, self.place.slot.ticked
        late = woke - due
        away = due if late < EVERY * SECOND else due - int(EVERY * SECOND)  # since: it had looked right before, maybe
        if before and ticked:
            until = now if ticked == before else ticked
            absent = self.absent + max(0, min(woke, until) - away)
            self.count(until - before - int(TICK * SECOND) - absent)
            if late > self.slow:
                self.seldom.info(
                    "absent", "The process did not run for %.2f s: it was stopped, or the machine slept or was busy",
                    late / SECOND)
        if ticked != before:
            if self.blocked:
                self.tell_end()
            self.ticked, self.absent = ticked, max(0, woke - max(away, ticked))
            self.blocked = self.kept = 0
            self.told = False
        else:
            self.absent += woke - away
            if self.blocked and not self.told:
                self.tell()

    def count(self, blocked: int) -> None:
        if blocked > max(self.slow, self.blocked):
            slot = self.place.slot
            slot.stalls += not self.blocked
            slot.stalled += blocked - self.blocked
            self.blocked = blocked

    def tell(self) -> None:
        lines = [stack_at(sys._current_frames()[self.thread]), *self.requests()]
        if self.place.slot.ticked == self.ticked:  # otherwise it goes on, and these are of something else
            self.told = True
            self.seldom.warn(
                "stall", "The event loop has been blocked for %.2f s%s; it runs:\n%s", self.blocked / SECOND, self.by(),
                "\n".join(lines))

    def tell_end(self) -> None:
        self.seldom.warn(
            "stall_end", "The event loop was blocked for %.2f s%s", self.blocked / SECOND,
            "" if self.told else self.by())

    def by(self) -> str:
        """Why nobody could look before."""
        if self.kept < EVERY * SECOND:
            return ""
        return f", {self.kept / SECOND:.2f} s of it by native code that kept the GIL"


def as_far_as_it_goes(parts: Iterable[str]) -> Iterator[str]:
    """The app's objects are looked at, and may raise."""
    try:
        yield from parts
    except Exception:
        yield f"This report has failed:\n{traceback.format_exc()}"
