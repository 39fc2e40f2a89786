"""Has this worker clearly more connections than another?

Asked with each connection, hence compiled; reads the other workers' memory, and writes nothing. context.pyx asks,
fastsrv/server.py says with each tick which workers to look at, and leaves the next connection to others.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE

from fastsrv_ext.counters cimport CONNECTED, Numbers, address_of

PEERS = MAX_PEERS  # for who chooses them

cdef enum:
    EIGHTH = 8           # of what the least has: so many more are clearly more, and one in any case
    NOBODY = -1          # takes connections beside us


@cython.final
cdef class Share:
    """ready: the state of a worker that takes connections."""

    def __init__(self, long long ready):
        self.ready = ready

    def look_at(self, list peers not None):
        """From now on at these, PEERS at most: of each the word that is its state, and its counters, as buffers that
        stay where they are."""
        cdef const Numbers* numbers
        self.count = 0
        self.memory = peers
        for number, (state, counters) in enumerate(peers[:MAX_PEERS]):
            self.peers[number].state = <const long long*>address_of(state, sizeof(long long), PyBUF_SIMPLE)
            numbers = <const Numbers*>address_of(counters, sizeof(Numbers), PyBUF_SIMPLE)
            self.peers[number].connected = &numbers.counts[<int>CONNECTED]
            self.count = number + 1

    def least(self):
        """The connections of the one that has the fewest; None: no other worker takes any."""
        cdef long long lowest = self.lowest()
        return None if lowest == NOBODY else lowest

    cdef long long lowest(self) noexcept:
        cdef long long found = NOBODY, connected
        cdef int i
        for i in range(self.count):
            if self.peers[i].state[0] == self.ready:
                connected = self.peers[i].connected[0]
                if found == NOBODY or connected < found:
                    found = connected
        return found

    cpdef bint is_exceeded(self, long long connected) noexcept:
        """By one that has so many?"""
        cdef long long lowest = self.lowest()
        return lowest != NOBODY and connected > lowest + max(1, lowest // EIGHTH)
