# One clock a worker: a first-in-first-out list of waits per state, judged by a tick.
# Knows no HTTP and no transport; who waits (wire/, grace.pyx) is a Timed, fastsrv/server.py ticks.

from fastsrv_ext.budget cimport Budget
from fastsrv_ext.state cimport State


cdef class Link:
    """A place in a ring. A Link outside of every ring has no neighbours."""
    cdef Link previous
    cdef Link next

    cdef inline void unlink(self) noexcept:
        if self.next is not None:
            self.previous.next = self.next
            self.next.previous = self.previous
            self.previous = self.next = None

    cdef inline void link_behind(self, Link link) noexcept:
        self.previous = link
        self.next = link.next
        link.next.previous = self
        link.next = self


cdef class Queue(Link):
    """Waits in order of deadline, of one state or with one deadline; the Queue itself is the ring's fixed point."""
    cdef readonly long long limit      # ticks; 0: no deadline

    cdef inline void append(self, Link link) noexcept:
        link.link_behind(self.previous)


cdef class Timed(Link):
    """Somebody who may wait: a state and the deadline that belongs to it."""
    cdef Clock clock
    cdef State state
    cdef int deadline                  # in the clock's ticks: 32 bits, as each idle connection has them
    cdef int since                     # the tick at which the state was entered

    cdef int enter(self, State state) except -1
    cdef int shorten(self, long long ticks) except -1
    cdef int expired(self) except -1   # overridden: what to do when the peer kept us waiting


cdef class Clock:
    cdef readonly long long now        # ticks since the clock was made
    cdef tuple queues                  # a Queue per State
    cdef dict early                    # by deadline: a Queue of those whose wait was shortened, whatever their state

    cdef long long limit(self, State state) noexcept
    cdef bint judge_queue(self, Queue queue, Budget budget, double began) except -1
    cdef list members(self, int state)


cdef double seconds(long long ticks) noexcept
