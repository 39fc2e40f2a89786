"""A worker's watchdog: a thread that looks whether the event loop is blocked, and answers who asks what the worker is
doing.

Changes nothing of the worker, and costs the loop nothing: it goes by the clock's ticks. fastsrv/worker.py starts one in
each, and ends it with the loop. A child that the app forks has no copy of it: a fork takes along the thread that forks,
alone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from fastsrv.board import SECOND
from fastsrv.log.aside import AsideLog
from fastsrv.log.seldom import FAR, Seldom
from fastsrv.place import Place
from fastsrv.reports import answer, is_asked
from fastsrv.stacks import stack_at, text_of
from fastsrv_ext.clock import TICK
from fastsrv_ext.pause import pause

EVERY = 0.2  # seconds between two looks: five wake-ups a second, and one at least between two ticks
PAUSE = int(EVERY * SECOND)
LAST_LINES = 0.5  # seconds that the worker's end waits for them, if the log hangs
NEVER = 1 << 63  # nanoseconds


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
        self.log = AsideLog(log)  # the loop may hang in the log itself
        self.seldom = Seldom(self.log, EVERY)
        self.report = report
        self.requests = requests
        self.slow = int(slow_callback * SECOND)
        self.thread = threading.get_ident()  # the loop's
        self.lock = threading.Lock()  # of what follows: end() is called in the loop's thread
        # Moments and times are nanoseconds of time.monotonic_ns().
        self.ticked = 0  # the last tick that was seen
        self.absent = 0  # how long the process has not run since
        self.blocked = 0  # how long the loop has been blocked since, so far; 0 if that is not too long
        self.kept = 0  # how long at a time native code has kept the GIL since
        self.tells_from = 0  # how long it must have been blocked to be told of; NEVER if it was

    def start(self) -> None:
        """A daemon: the worker's end waits for the app's threads, not for this one."""
        threading.Thread(target=self.run, name="fastsrv's watchdog", daemon=True).start()

    def run(self) -> None:
        # A signal is to wake the main thread, which runs its handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            due = time.monotonic_ns() + PAUSE
            kept = pause(EVERY)
            self.look(due, kept, time.monotonic_ns())

    def look(self, due: int, kept: int, now: int) -> None:
        """due: when this look should have come. kept: how long native code has then kept the GIL."""
        try:
            with self.lock:
                self.seldom.tick()
                self.watch(due, kept, now, self.place.slot.ticked)
            board, slot = self.place.board, self.place.slot
            if board is not None and is_asked(board, slot):
                answer(slot, self.report())
        except Exception as failure:
            self.log.error("The watchdog has failed, and goes on", exc_info=failure)

    def end(self) -> None:
        """The loop has ended just now, or will not go on: tell of it what there is to be told. May be called again.
        Who asks what the worker is doing is answered as before."""
        if self.place.slot.pid != os.getpid():
            return  # a child that the app has forked: the lock may be held by the thread that is not there
        with self.lock:
            now = time.monotonic_ns()
            self.watch(now, 0, now, now)
            self.ticked = 0
            self.seldom.sum_up()
        self.log.finish(LAST_LINES)

    # --- the loop ---

    def watch(self, due: int, kept: int, now: int, ticked: int) -> None:
        """The loop ticks every TICK. Was its last tick late, or is the next one, by more than what may be, beyond what
        the whole process was?"""
        woke, before = now - kept, self.ticked
        late = woke - due
        # Since when the process may not have run. One that was stopped for a pause or longer may have been stopped at
        # any time of it: nothing of that is taken for a stall.
        away = due if late < PAUSE else due - PAUSE
        if before and ticked and late > self.slow:
            self.seldom.info(
                "absent", "The process did not run for %.2f s: it was stopped, or the machine slept or was busy",
                late / SECOND, size=late)
        if ticked == before:
            self.absent += woke - away
        else:
            if before and ticked:
                absent = self.absent + max(0, min(woke, ticked) - away)
                self.count(ticked - before - absent, kept if ticked > woke else 0)
            if self.blocked:
                self.tell_end()
            self.ticked, self.absent = ticked, max(0, woke - max(away, ticked))
            self.blocked = self.kept = self.tells_from = 0
        if ticked:
            self.count(now - ticked - self.absent, kept if ticked <= woke else 0)
            if self.blocked > self.tells_from:
                self.tell()

    def count(self, passed: int, kept: int) -> None:
        """passed: since the tick that was seen, while the process ran. kept: of it, at a time, the GIL."""
        self.kept = max(self.kept, kept)
        blocked = passed - int(TICK * SECOND)
        if blocked > max(self.slow, self.blocked):
            slot = self.place.slot
            slot.stalls += not self.blocked
            slot.stalled += blocked - self.blocked
            self.blocked = blocked

    def tell(self) -> None:
        """Once a stall; if there is no room in the log, again when it has become far longer."""
        stack, requests = stack_at(sys._current_frames()[self.thread]), list(self.requests())
        if self.place.slot.ticked == self.ticked:  # otherwise it goes on, and these are of something else
            told = self.seldom.warn(
                "stall", "The event loop has been blocked for %.2f s%s; it runs:\n%s", self.blocked / SECOND, self.by(),
                "\n".join([text_of(stack), *requests]), size=self.blocked)
            self.tells_from = NEVER if told else FAR * self.blocked

    def tell_end(self) -> None:
        self.seldom.warn(
            "stall_end", "The event loop was blocked for %.2f s%s", self.blocked / SECOND,
            "" if self.tells_from == NEVER else self.by(), size=self.blocked)

    def by(self) -> str:
        """Why nobody could look before."""
        if self.kept < PAUSE:
            return ""
        return f", {min(self.kept, self.blocked) / SECOND:.2f} s of it by native code that kept the GIL"
