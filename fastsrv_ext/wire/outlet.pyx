"""What leaves for a peer: a connection, or a stream of one that carries several. sender.pyx does it for a connection;
who writes (asgi/, http1/cycle.pyx) needs to know no more of it.
"""


cdef class Outlet(Timed):

    cdef int write(self, bytes data) except -1:
        raise NotImplementedError

    cdef int write_parts(self, list parts) except -1:
        raise NotImplementedError

    cdef bint lagging(self) except -1:
        raise NotImplementedError

    cdef object caught_up(self):
        raise NotImplementedError
