# How long one turn of the loop may take for what peers can repeat: pipelined requests, messages, TLS records, limits
# that pass, apps. Knows no connection: who has spent it lets others go first, and stands in line for another turn.

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef inline double monotonic() noexcept:
    """Seconds of the system's monotonic clock, for what is measured and never waited for."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef class Budget:
    cdef double seconds              # of one turn, for all together who have had too much of one
    cdef object line                 # a deque of (callable, sharing): who has more to do, in the order of their turns
    cdef Py_ssize_t sharing          # how many of them have had too much; the others have not begun
    cdef bint is_used_up             # an app took all of this turn: who has one to start stands in line
    cdef bint has_accepted           # a connection, in this turn
    cdef int turns_given             # to who waits to be accepted, one after another
    cdef long long turn              # a number for this one; see this_turn()
    cdef bint turn_ends              # next_turn() comes with the next one
    cdef object context              # contextvars.Context of nobody's request: next_turn() runs in it

    cdef inline bint is_spent(self, double since) noexcept:
        """By one that has been at work since then?"""
        return (monotonic() - since) * (1 + self.sharing) >= self.seconds

    cdef int app_ran(self, loop, double since) except -1
    cdef int stand_in_line(self, loop, go_on) except -1
    cdef long long this_turn(self, loop) except -1
    cdef int ask_for_turn(self, loop) except -1
