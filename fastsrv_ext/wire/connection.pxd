# A stream to the peer: what leaves, a peer that lags behind it, the ends. Knows no HTTP.
# The only module that touches a transport.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.counters cimport PERSISTS, Ending
from fastsrv_ext.http1.cycle cimport Connection


cdef class Stream(Connection):
    cdef object transport            # None before connection_made and after connection_lost
    cdef tuple client                # the peer: (host, port) or None
    cdef tuple server                # (host, port) or (path, None)
    cdef bint throttled              # reading is paused
    cdef Watch watcher               # None, unless the loop does not listen to the peer, or did not lately
    cdef Ending ending               # why it ends; PERSISTS

    # what leaves
    cdef int descriptor              # the socket's, for writes past the transport; -1: by way of it
    cdef list corked                 # bytes that leave in one write, or None
    cdef Py_ssize_t corked_size

    # a peer that lags behind
    cdef list laggards               # futures of parked send() calls
    cdef Py_ssize_t backlog          # bytes that the peer has to take, 0: it keeps up
    cdef double credit               # bytes that it has taken beyond what fastsrv_min_rate asks for

    cdef inline void ends(self, Ending ending) noexcept:
        """Note why the connection ends. The first reason counts."""
        if self.ending == PERSISTS:
            self.ending = ending

    # what protocol.pyx makes of it
    cdef int end_seen(self) except -1                        # the peer may have gone, behind what waits to be read

    cdef inline bint is_local(self) noexcept:
        """Is it a UNIX socket's peer, which has no address? Its end is a half-close: look() sees when it has gone."""
        return self.client is None

    cdef bint open(self, object transport) except -1
    cdef int lost(self) except -1
    cdef int read_on(self, bint reading) except -1
    cdef int watch(self) except -1
    cdef int look(self) except -1
    cdef int watch_no_more(self) except -1
    cdef int settle(self) except -1
    cdef int flush(self) except -1
    cdef bint is_direct(self) noexcept
    cdef int transmit(self, bytes data) except -1
    cdef int transmit_parts(self, list parts) except -1
    cdef int queue(self, object data) except -1
    cdef int wake_laggards(self) except -1
    cdef int lag(self) except -1
    cdef bint lags_no_more(self) except -1
    cdef int count_what_was_taken(self) except -1
    cdef int judge_laggard(self) except -1
    cdef int half_close(self) except -1
    cdef int hang_up(self) except -1
    cdef int reset(self) except -1
    cdef Py_ssize_t unsent(self) except -1
    cdef Py_ssize_t untaken(self) except -1
    cdef bint has_unread_bytes(self) except -1
    cdef bint has_part_of_record(self) except -1
    cdef int fileno(self) except -2


cdef class Watch(Timed):
    cdef Stream stream               # None when nobody has to watch any more
