# What leaves for a peer: a connection, or a stream of one that carries several.
# Only the names of what can be asked: sender.pyx does it for a connection.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport PERSISTS, Ending


cdef class Outlet(Timed):
    cdef readonly Context context
    cdef Ending ending                                      # why it ends; PERSISTS

    cdef inline void share(self, Context context) noexcept:
        """For a constructor, in the place of Timed's: a call of that would cost each connection a percent."""
        self.context = context
        self.clock = context.clock

    cdef inline void ends(self, Ending ending) noexcept:
        """Note why it ends. The first reason counts."""
        if self.ending == PERSISTS:
            self.ending = ending

    cdef int write(self, bytes data) except -1
    cdef int write_parts(self, list parts) except -1        # of which large ones are not copied
    cdef bint lagging(self) except -1                       # must a writer wait for the peer, or for its end?
    cdef object caught_up(self)                             # a future, done when it no longer lags
