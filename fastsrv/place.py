"""A worker's place among the others: when one that is to end may leave, and what becomes of one that cannot start.

Decides by what the board says, and writes there what its worker is at; fastsrv/worker.py asks, and ends or serves on.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from enum import Enum

from fastsrv.board import SECOND, STATE, Board, Slot, State, private_slot
from fastsrv_ext.share import PEERS

RECENTLY = 10 * SECOND  # a boot that has failed so long before a TERM belongs to the same HUP
LOOK = 0.1  # seconds between two looks at the others
UNDECIDED = SECOND // 2  # behind a TERM: others may not have heard theirs yet, nor the board of a stop
STARTED = 5 * SECOND  # before a TERM, at most: a worker that the same HUP has started
PAUSES = (1, 2, 4, 8, 15, 30)  # seconds before the next boot, by how many have failed one after another


class Verdict(Enum):
    """Of a worker that is to end."""

    STAY = 1
    LEAVE = 2
    RESUME = 3  # it is not to end any more


class Successor(Enum):
    """Who serves when a worker has ended?"""

    NOBODY = 1  # as far as it knows
    SERVES = 2  # others do already
    TO_COME = 3  # one that is started when it has ended


class Place:
    """Made in the arbiter; from begin() on its worker's own.

    board: None where there is none. shares_sockets: False with reuse_port, where each worker has listening sockets of
    its own: the arbiter has none whose end would tell that it stops, so each TERM may be one, after which it kills.
    """

    def __init__(self, board: Board | None, age: int, shares_sockets: bool = True) -> None:
        self.board = board
        self.slot = private_slot(age) if board is None else board.take(age)
        self.shares_sockets = shares_sockets
        self.readied = 0  # when it became ready
        self.full_since = 0  # when max_requests was reached

    # --- in the arbiter ---

    def give_back(self, aborted: bool = False) -> None:
        """The worker is dead; aborted: as its heartbeat was missed. Once: its slot may be another's by then."""
        board, self.board = self.board, None
        slot, self.slot = self.slot, private_slot(self.slot.age)
        if board is not None:
            board.give_back(slot, aborted)

    # --- in the worker: the order of life ---

    def begin(self, pid: int) -> None:
        self.slot.pid = pid
        self.slot.booted = time.monotonic_ns()

    def wait_behind_failures(self, goes_on: Callable[[], bool]) -> None:
        """Boots have failed: the next one waits, longer each time, while there are others that serve."""
        while self.pauses() and goes_on() and self.others_are_there():
            time.sleep(LOOK)

    def pauses(self) -> bool:
        """Has a boot failed so lately that the next one is to wait?"""
        board = self.board
        if board is None or not board.is_failing():
            return False
        return time.monotonic_ns() < board.failed + PAUSES[min(board.failures, len(PAUSES)) - 1] * SECOND

    def ready(self) -> bool:
        """It serves from now on. Is it the first one that does?"""
        is_first = self.board is None or not self.board.readied
        self.slot.state = State.RETIRING if self.slot.told else State.READY
        self.slot.accepts = 1
        self.readied = time.monotonic_ns()
        if self.board is not None:
            self.board.readied = self.readied
        return is_first

    def lasted(self) -> float:
        """Seconds since its process began."""
        return (time.monotonic_ns() - self.slot.booted) / SECOND

    def beat(self) -> None:
        """Its loop has a turn."""
        self.slot.ticked = time.monotonic_ns()

    def rest(self) -> None:
        """Its loop's turns are of no account any more."""
        self.slot.ticked = 0

    def end(self) -> None:
        """Its process ends in order."""
        self.slot.ended = 1

    def tell(self) -> None:
        """It is told to end, maybe once more. From a signal's handler, which may interrupt any other step."""
        self.slot.told = self.slot.told or time.monotonic_ns()

    def fill(self) -> None:
        """It has reached max_requests."""
        self.full_since = time.monotonic_ns()
        if self.slot.state == State.READY:  # not one that ends already
            self.slot.state = State.RETIRING

    def is_retiring(self) -> bool:
        """Is it to end, and serves on?"""
        if self.slot.state == State.READY and self.slot.told:
            self.slot.state = State.RETIRING
        return self.slot.state == State.RETIRING

    def leave(self) -> None:
        """It ends."""
        self.slot.state = State.DRAINING

    def accept_no_more(self) -> None:
        """It has closed its listening sockets."""
        self.slot.accepts = 0

    def resume(self) -> None:
        """It is not to end any more, and in the place of those that have failed: while it seemed older than they were,
        the arbiter would wait for its end, deaf for as long as graceful_timeout."""
        self.slot.passes_for = max([slot.age for slot in self.failed()], default=self.slot.passes_for)
        self.slot.told = 0
        self.slot.state = State.RETIRING if self.full_since else State.READY

    def is_booting(self) -> bool:
        return self.slot.state == State.BOOTING

    # --- the others ---

    def others(self) -> list[Slot]:
        """Those that live."""
        return [] if self.board is None else [slot for slot in self.board.taken() if slot is not self.slot]

    def others_serve(self) -> bool:
        """Does one that can be counted upon? One whose loop stands still cannot."""
        return any(slot.serves() and not slot.is_silent() for slot in self.others())

    def others_are_there(self) -> bool:
        """Is there one that has something to lose? What one whose loop stands still has accepted is its to answer."""
        return any(slot.serves() for slot in self.others())

    def peers(self) -> list[tuple[memoryview, memoryview]]:
        """Others to which a connection can be left, PEERS at most: those that are ready, and accept from the same
        sockets. Of each the state and the counters, as Share.look_at() takes them."""
        if not self.shares_sockets:
            return []
        ready = [(slot.words[STATE:STATE + 1], slot.counters) for slot in self.others() if slot.number == State.READY]
        return ready if len(ready) <= PEERS else random.sample(ready, PEERS)

    def is_stopping(self) -> bool:
        """Does the arbiter end all workers?"""
        return self.board is not None and bool(self.board.stopping)

    def successor(self) -> Successor:
        if self.board is None or self.board.stopping or os.getppid() != self.board.arbiter:
            return Successor.NOBODY  # without its arbiter nobody is started any more
        return Successor.SERVES if self.others_serve() else Successor.TO_COME

    # --- one that is to end ---

    def judge(self, timeout: float, delay: float) -> Verdict:
        """May it leave? timeout: seconds after which it does, if but one other serves. delay: seconds for which it
        stays when all stop."""
        if self.board is None:
            return Verdict.LEAVE
        if self.board.stopping:
            return self.judge_stop(self.board.stopping, delay)
        if self.slot.told:
            return self.judge_told(self.board, self.slot.told + int(timeout * SECOND), delay)
        return self.judge_full(self.board, self.full_since + int(timeout * SECOND))

    def judge_stop(self, since: int, delay: float) -> Verdict:
        """The delay is for those that served when it began."""
        stays = self.readied < since and time.monotonic_ns() < since + int(delay * SECOND)
        return Verdict.STAY if stays else Verdict.LEAVE

    def judge_told(self, board: Board, bound: int, delay: float) -> Verdict:
        """By a HUP younger ones are started, and then the older ones told to end: as many leave, by age, as young ones
        are ready. If all of these fail, nobody is to leave. Without young ones it was no HUP."""
        others = sorted(self.others(), key=lambda slot: slot.age)
        younger = [slot for slot in others if slot.age > self.slot.age and not slot.told]
        boots = any(slot.state == State.BOOTING for slot in younger)
        ready = [slot for slot in younger if self.is_followed_by(slot)]
        failed = self.failed()
        if not boots and not failed:
            return self.judge_alone(delay)
        if not boots and not ready:
            return Verdict.RESUME
        if boots and time.monotonic_ns() >= bound and not board.is_failing():
            return self.claim()
        if any(slot.told and slot.serves() and slot.age < self.slot.age for slot in others):
            return Verdict.STAY  # that one is older, and leaves first
        for slot in ready:
            if not slot.took_over:
                slot.took_over = self.slot.age
                return Verdict.LEAVE
        # gunicorn starts another one for one that has failed when an old one has left: one after the other.
        tries_again = not (boots or self.pauses() or any(slot.state == State.DRAINING for slot in others))
        return Verdict.LEAVE if tries_again else Verdict.STAY

    def judge_alone(self, delay: float) -> Verdict:
        """It was told to end, and no HUP has started others."""
        if not self.shares_sockets:
            return self.judge_stop(self.slot.told, delay)
        # Whoever stops the service may tell all its processes at once, and the arbiter is not the first to act upon it.
        waits = delay > 0 and time.monotonic_ns() < self.slot.told + UNDECIDED
        return Verdict.STAY if waits else Verdict.LEAVE

    def is_followed_by(self, slot: Slot) -> bool:
        """Does it serve in this one's place, as the HUP has started it that told this one to end? Another that is to
        end may not have heard it yet."""
        told = self.slot.told
        if not slot.serves() or slot.has_resumed():
            return False
        return slot.since > told or (slot.booted > told - STARTED and time.monotonic_ns() > told + UNDECIDED)

    def failed(self) -> list[Slot]:
        """The younger ones that have failed to start, of the HUP that told this one to end. Not those that it resumed
        for: another TERM is no part of that HUP."""
        mine = self.slot
        return [] if self.board is None else [
            slot for slot in self.board.slots[:self.board.highest]
            if slot.state == State.FAILED and slot.age > mine.passes_for and slot.since > mine.told - RECENTLY]

    def judge_full(self, board: Board, bound: int) -> Verdict:
        """One after another: while one ends, and the next one starts, the others serve. While boots fail nobody can
        be replaced."""
        others = self.others()
        if board.is_failing() or board.lacking:
            return Verdict.STAY
        if not others and not self.others():  # again: one may have been started since the first look
            return Verdict.LEAVE
        if time.monotonic_ns() >= bound:
            return self.claim()
        changes = any(slot.state in (State.BOOTING, State.DRAINING) for slot in others)
        is_next = all(slot.age > self.slot.age for slot in others if slot.state == State.RETIRING)
        return self.claim() if is_next and not changes else Verdict.STAY

    def claim(self) -> Verdict:
        """Leave, if others serve. Of two that would in the same moment, counting on each other, the older one does."""
        if not self.others_serve():
            return Verdict.STAY
        self.slot.number = State.DRAINING
        older = any(slot.state == State.DRAINING and slot.age < self.slot.age for slot in self.others())
        if self.others_serve() and not older:
            return Verdict.LEAVE
        self.slot.number = State.RETIRING
        return Verdict.STAY
