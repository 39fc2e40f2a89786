# What leaves through a transport, several writes as one, and a peer that lags behind it. Knows no HTTP.
# connection.pyx says when the transport comes and goes.

from fastsrv_ext.wire.outlet cimport Outlet


cdef class Backlog:
    # What a peer that lags behind has to take.
    cdef list writers                # futures of those who wait for it, or None
    cdef Py_ssize_t size             # bytes, 0: it keeps up
    cdef Py_ssize_t last             # bytes that were left for it in our kernel when it was last asked towards the end,
    cdef long long asked             # in which tick that was; -1: it never was
    cdef double credit               # bytes that it has taken beyond what fastsrv_min_rate asks for


cdef class Sender(Outlet):
    cdef object transport            # None before connection_made and after connection_lost
    cdef list corked                 # bytes that leave in one write, or None
    cdef Py_ssize_t corked_size
    cdef Backlog backlog             # None until the peer has lagged behind, or the transport has failed
    cdef int descriptor              # the socket's, for writes past the transport; -1: by way of it

    cdef inline bint has_backlog(self) noexcept:
        return self.backlog is not None and self.backlog.size > 0

    cdef int cork(self) except -1
    cdef int settle(self) except -1
    cdef int flush(self) except -1
    cdef bint is_direct(self) noexcept
    cdef int transmit(self, bytes data) except -1
    cdef int transmit_parts(self, list parts) except -1
    cdef int queue(self, object data) except -1
    cdef int lag(self) except -1
    cdef bint lags_no_more(self) except -1
    cdef int wake_writers(self) except -1
    cdef int count_what_was_taken(self) except -1
    cdef bint still_reads(self) except -1
    cdef Py_ssize_t unsent(self) except -1
    cdef Py_ssize_t untaken(self) except -1
    cdef int fileno(self) except -2
