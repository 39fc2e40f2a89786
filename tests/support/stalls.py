"""A machine that stands still for a moment, as a busy one does: what it has a worker say, and what it has a test find.

A test waits for conditions, and so bears it. Some cannot, as they are about moments: `@timed`.
"""

import functools
import os
import re
import threading
import time

import pytest

RECORD = re.compile(r"\[[^\]]+\] \[\d+\] \[(\w+)\] (.*)")
STALLS = ("The event loop (has been|was) blocked for ",)
LOOK = 0.05  # seconds between two looks at whether a core runs what it should
LATE = 0.15  # seconds by which a look may be late: the least that tests of moments leave is a quarter of a second
GOES = 4


def without_stalls(output):
    """gunicorn's output without the records of stalls, and the stacks that follow them: a test that looks for
    complaints leaves them out."""
    kept, of_a_stall = [], False
    for line in output.splitlines(keepends=True):
        record = RECORD.match(line)
        if record is not None:
            of_a_stall = any(re.match(pattern, record[2]) for pattern in STALLS)
        elif of_a_stall:
            of_a_stall = line.startswith((" ", "In flight ", "..."))
        if not of_a_stall:
            kept.append(line)
    return "".join(kept)


def timed(test):
    """Of a test that is about a moment: by when a process ends, say. It has to pass; but where it fails while the
    machine stood still, that says nothing, and it is run again."""
    @functools.wraps(test)
    def run(*args, **fixtures):
        for _ in range(GOES - 1):
            with Cores() as cores:
                try:
                    return test(*args, **fixtures)
                except (Exception, pytest.fail.Exception):
                    if not cores.stood_still():
                        raise
        return test(*args, **fixtures)

    return run


class Cores:
    """A thread on each core, which looks at the clock time and again until the end of `with`."""

    def __enter__(self):
        self.over, self.latest = threading.Event(), 0.0
        self.threads = [threading.Thread(target=self.look, args=[core]) for core in os.sched_getaffinity(0)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def look(self, core):
        os.sched_setaffinity(0, {core})  # of this thread alone
        due = time.monotonic() + LOOK
        while not self.over.wait(max(0.0, due - time.monotonic())):
            now = time.monotonic()
            self.latest = max(self.latest, now - due)
            due = now + LOOK

    def stood_still(self):
        """So far, for longer than LATE."""
        return self.latest > LATE
