# How long one turn of the loop may take for what peers can repeat: pipelined requests, messages, TLS records, limits
# that pass. Knows no connection: who has spent it lets others go first, and asks the loop for a turn.

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef inline double monotonic() noexcept:
    """Seconds of the system's monotonic clock, for what is measured and never waited for."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef class Budget:
    cdef double seconds              # of one turn, for all who wait for one together
    cdef Py_ssize_t waiting          # connections that have asked for a turn
    cdef long long turn              # a number for this one; see this_turn()
    cdef bint turn_ends              # next_turn() comes with the next one

    cdef inline bint is_spent(self, double since) noexcept:
        """By one that has been at work since then? Those that wait for a turn share it."""
        return (monotonic() - since) * (1 + self.waiting) >= self.seconds

    cdef long long this_turn(self, loop) except -1
