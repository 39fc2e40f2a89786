# The end of a connection: limits that have passed, half-close and close.
# Starts and answers nothing; protocol.pyx is the class that does.

from fastsrv_ext.http1.reader cimport Reader


cdef class Closing(Reader):
    cdef Py_ssize_t drained          # bytes that came and were thrown away
    cdef long long draining_since    # the tick at which DRAIN was entered, whatever has extended it

    # what protocol.pyx makes of it
    cdef object turn                 # asyncio.Handle: advance() comes with it; None
    cdef int advance(self) except -1                         # do what is to be done next

    cdef int drain(self) except -1
    cdef int begin_drain(self) except -1
    cdef int throw_away(self, Py_ssize_t size) except -1
    cdef int close(self) except -1
    cdef int discard(self, Py_ssize_t size) except -1
    cdef int throttle(self) except -1
