"""What a piece of code costs in memory, in a process that others use, too.

The interpreter's figures are of all its threads, and a test runs beside the one by which xdist is told, now and then,
of some hundred tests at once. What the code itself takes, it takes each time: so the least of a few goes counts.
"""

import sys
import tracemalloc

GOES = 3


def blocks_kept(run):
    """The blocks of memory that each of a few calls of `run` has left behind, at least."""
    def go():
        before = sys.getallocatedblocks()
        run()
        return sys.getallocatedblocks() - before

    return min(go() for _ in range(GOES))


def peak(run):
    """The most bytes that were in use at once in each of a few calls of `run`, at least."""
    def go():
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return min(go() for _ in range(GOES))
