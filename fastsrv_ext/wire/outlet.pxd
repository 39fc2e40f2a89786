# What leaves for a peer: a connection, or a stream of one that carries several.
# Only the names of what can be asked: sender.pyx does it for a connection.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.context cimport Context


cdef class Outlet(Timed):
    cdef readonly Context context

    cdef inline void share(self, Context context) noexcept:
        """For a constructor, in the place of Timed's: a call of that would cost each connection a percent."""
        self.context = context
        self.clock = context.clock

    cdef int write(self, bytes data) except -1
    cdef int write_parts(self, list parts) except -1        # of which large ones are not copied
    cdef bint lagging(self) except -1                       # must a writer wait for the peer, or for its end?
    cdef object caught_up(self)                             # a future, done when it no longer lags
