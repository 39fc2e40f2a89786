"""The board: a shared memory map on which all workers of one gunicorn, present and future, say how they are.

Each has a slot, which its owner alone writes and everybody reads; the compiled counters stand in it. It is made in
the arbiter, before it forks. Knows no policy: place.py says what a worker makes of the others.
"""

from __future__ import annotations

import mmap
import os
import time
from enum import IntEnum
from typing import Any

from fastsrv_ext.counters import SIZE, clear_gauges, read

SLOTS = 512  # workers at a time; more run uncounted. A HUP needs one for each old and each new one
WORD = 8  # bytes: what a processor reads and writes in one go, if it is aligned
WORDS = 32  # of a slot, before the counters; of the board, before the slots
STATE = 2  # which of its words is a worker's state
SLOT = 4096  # bytes of a slot: a page, so that no two workers write to one line of a cache
TEXT = 64 * 1024  # bytes of a slot's text, behind all slots: memory is taken when it is written
SECOND = 1_000_000_000  # nanoseconds
SILENT = 2.0  # seconds without a turn of its loop, eight ticks, behind which a worker is not counted upon
STARTS = 16  # the word of the board that counts the workers that were started; behind it one for each Exit


class State(IntEnum):
    """What a worker is at."""

    FREE = 0  # nobody is there
    FAILED = 1  # nobody is there: it has ended before it was ready
    BOOTING = 2
    READY = 3  # serves
    RETIRING = 4  # is to end, and serves until its turn has come
    DRAINING = 5  # ends


class Exit(IntEnum):
    """How a worker has ended, as far as the arbiter can tell."""

    CLEAN = 1  # it was told to, or had served max_requests
    FAILED_BOOT = 2  # before it was ready
    KILLED = 3  # by a signal, or the app has ended the process; also while it was to end
    TIMEOUT = 4  # by the arbiter, which has missed its heartbeat


class Word:
    """A whole number of 64 bits, as an attribute."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __get__(self, owner: Any, kind: type) -> int:
        number: int = owner.words[self.index]
        return number

    def __set__(self, owner: Any, number: int) -> None:
        owner.words[self.index] = number


class Slot:
    """A worker's place on the board. Moments are nanoseconds of time.monotonic_ns()."""

    age = Word(0)  # the number of the worker, counted by the arbiter: a younger one has a greater one
    pid = Word(1)  # 0 until its process has begun
    number = Word(STATE)  # of its State
    since = Word(3)  # when it came to that
    told = Word(4)  # when it was told to end (TERM); 0: it was not
    took_over = Word(5)  # the age of the older worker that has left for this one, which writes it; 0: none has
    booted = Word(6)  # when its process began
    ticked = Word(7)  # when its loop last had a turn; 0: it does not serve yet, or any more
    passes_for = Word(8)  # the age that the arbiter is told: that of a younger one, if it is in the place of that
    answered = Word(9)  # when the report that stands in `text` was begun; 0: none does, or it is just written
    length = Word(10)  # bytes of that report
    stalls = Word(11)  # how often its loop was blocked for longer than fastsrv_slow_callback
    stalled = Word(12)  # nanoseconds of all that
    accepts = Word(13)  # 1: it accepts connections, as one that is alone does also for a while as it ends
    ended = Word(14)  # 1: its process ends in order

    def __init__(self, memory: memoryview, text: memoryview) -> None:
        self.words = memory[:WORDS * WORD].cast("q")
        self.text = text
        self.counters = memory[WORDS * WORD:][:SIZE]

    @property
    def state(self) -> State:
        return State(self.number)

    @state.setter
    def state(self, state: State) -> None:
        self.since = time.monotonic_ns()
        self.number = state

    def begin(self, age: int) -> None:
        """It is another worker's now. The sums go on."""
        self.age = self.passes_for = age
        self.pid = self.told = self.took_over = self.booted = self.ticked = self.answered = 0
        self.accepts = self.ended = 0
        self.state = State.BOOTING

    def silent(self) -> float:
        """Seconds since its loop last had a turn; 0 before it serves, and behind its end."""
        ticked = self.ticked
        return (time.monotonic_ns() - ticked) / SECOND if ticked else 0.0

    def is_silent(self) -> bool:
        """Does its loop stand still for longer than a busy one does?"""
        return self.silent() > SILENT

    def is_reachable(self, within: float) -> bool:
        """Does it accept, and has its loop had a turn in so many seconds?"""
        return bool(self.accepts) and self.silent() <= within

    def is_blocked(self, after: float) -> bool:
        """Does it accept, though its loop has had no turn for so many seconds?"""
        return bool(self.accepts) and self.silent() > after

    def figures(self, number: int) -> dict[str, Any]:
        """What workers() has of it, as a new dict. number: its own, from 1 on."""
        now = time.monotonic_ns()

        def seconds_since(moment: int) -> float | None:
            return round((now - moment) / SECOND, 3) if moment else None

        return {
            "worker": number, "pid": self.pid, "age": self.age, "state": self.state.name.lower(),
            "state_seconds": seconds_since(self.since), "uptime_seconds": seconds_since(self.booted),
            "told_seconds": seconds_since(self.told), "silent_seconds": round(self.silent(), 3),
            "stalls": self.stalls, "stalled_seconds": self.stalled / SECOND, **read(self.counters),
        }

    def lives(self) -> bool:
        """Is there a worker in it?"""
        return self.number > State.FAILED

    def has_resumed(self) -> bool:
        return self.passes_for != self.age

    def serves(self) -> bool:
        """Is it at work, and not at its end? Its loop may be blocked."""
        return self.number in (State.READY, State.RETIRING)


class Board:
    """All slots, and what is nobody's own. Raises OSError where there is no memory."""

    # The arbiter alone writes these five.
    stopping = Word(0)  # when it has begun to stop, and all workers with it; 0: it has not
    failures = Word(1)  # boots that have failed, one after another
    failed = Word(2)  # when the last one did
    highest = Word(3)  # how many slots have been given, counted from the first
    lacking = Word(4)  # how many workers have died, and nobody is started in their place yet
    readied = Word(5)  # when a worker last became ready, which writes it
    asked = Word(6)  # when somebody last asked all workers for their reports, who writes it

    def __init__(self) -> None:
        self.arbiter = os.getpid()
        memory = memoryview(mmap.mmap(-1, (1 + SLOTS) * SLOT + SLOTS * TEXT))
        texts = memory[(1 + SLOTS) * SLOT:]
        self.words = memory[:WORDS * WORD].cast("q")
        self.slots = [
            Slot(memory[(1 + number) * SLOT:][:SLOT], texts[number * TEXT:][:TEXT]) for number in range(SLOTS)]

    def take(self, age: int) -> Slot:
        """A slot for the worker of that age, which is about to be forked; a private one if none is free."""
        self.stopping = 0
        self.words[STARTS] += 1
        for number, slot in enumerate(self.slots, 1):
            if not slot.lives():
                self.highest = max(self.highest, number)
                slot.begin(age)
                break
        else:
            slot = private_slot(age)
        self.lacking = max(0, self.lacking - 1)  # now: who finds nobody lacking finds this one
        return slot

    def give_back(self, slot: Slot, aborted: bool = False) -> None:
        """Its worker is dead. aborted: as its heartbeat was missed."""
        clear_gauges(slot.counters)
        failed = slot.state == State.BOOTING and not slot.told
        how = Exit.TIMEOUT if aborted else Exit.FAILED_BOOT if failed else Exit.CLEAN if slot.ended else Exit.KILLED
        self.words[STARTS + how] += 1
        self.lacking += 1
        if failed:
            now = time.monotonic_ns()
            if not self.is_failing():
                self.failures = 1
            elif now - self.failed > SECOND:  # not those of one attempt, which fail together
                self.failures += 1
            self.failed = now
            slot.state = State.FAILED
        else:
            slot.state = State.FREE

    def is_failing(self) -> bool:
        """Has no boot succeeded since the last one that failed?"""
        return self.failures > 0 and self.failed > self.readied

    @property
    def starts(self) -> int:
        """How many workers were started."""
        return self.words[STARTS]

    def exits(self) -> dict[str, int]:
        """How many have ended, by how."""
        return {how.name.lower(): self.words[STARTS + how] for how in Exit}

    def used(self) -> dict[int, Slot]:
        """The slots in which there is or was a worker, by their number from 1 on."""
        return dict(enumerate(self.slots[:self.highest], 1))

    def living(self) -> dict[int, Slot]:
        """The slots of workers that live, by their number from 1 on."""
        return {number: slot for number, slot in self.used().items() if slot.lives()}

    def taken(self) -> list[Slot]:
        """The same alone."""
        return list(self.living().values())

    def totals(self) -> dict[str, Any]:
        """What the function of this name returns."""
        used = self.used().values()
        return {
            "starts": self.starts, "exits": self.exits(), "stalls": sum(slot.stalls for slot in used),
            "stalled_seconds": sum(slot.stalled for slot in used) / SECOND, **read(*(slot.counters for slot in used)),
        }


current: Board | None = None  # this process's, once a worker was made


# --- for apps ---


def workers() -> list[dict[str, Any]]:
    """The workers that live, each as a new dict; docs/OPERATIONS.md tells what is in it. May be called in any thread.
    [] where there is no board."""
    return [] if current is None else [slot.figures(number) for number, slot in current.living().items()]


def totals() -> dict[str, Any]:
    """What all workers, also those that have ended, have counted, as a new dict; docs/OPERATIONS.md tells what is in
    it. {} where there is no board."""
    return {} if current is None else current.totals()


def private_slot(age: int) -> Slot:
    """One that is on no board."""
    slot = Slot(memoryview(bytearray(SLOT)), memoryview(bytearray()))
    slot.begin(age)
    return slot
