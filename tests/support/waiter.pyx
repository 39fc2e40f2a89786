# A Timed that tests can hold: what a connection is to the clock, without HTTP.
# Compiled by compiled.py.

from fastsrv_ext.state import MOVES

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.state cimport NAMES, State


cdef class Waiter(Timed):
    """on_expiry(waiter): called when its deadline has come; it should move to another state."""
    cdef object on_expiry

    def __init__(self, clock, on_expiry):
        super().__init__(clock)
        self.on_expiry = on_expiry

    def wait(self, str state, long long waited=0):
        """waited: ticks that this wait has lasted before."""
        for name in way(NAMES[self.state], state):
            self.enter(<State><int>NAMES.index(name))
        self.shorten(waited)

    cdef int expired(self) except -1:
        self.on_expiry(self)
        return 0


def way(before, state):
    """The shortest one there is by legal moves, as the names of the states behind `before`."""
    ways = [[before]]
    for known in ways:
        for move in MOVES:
            if known[-1] in move.before:
                if move.after == state:
                    return [*known[1:], state]
                ways.append([*known, move.after])
