# A connection to a peer: it comes, is read or not, ends, and may be handed over to another protocol. Knows no HTTP.
# With sender.pyx and tls.pyx the only code that touches a transport.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.wire.sender cimport Sender

cdef enum:
    SHUT_AFTER = 4                   # ticks, a second: some round trips, and soon enough for who waits for our end


cdef class Connection(Sender):
    cdef tuple client                # the peer: (host, port) or None
    cdef tuple server                # (host, port) or (path, None)
    cdef bint is_local               # a UNIX socket's peer: its end is a half-close, look() sees when it has gone
    cdef bint is_secure              # TLS is between the peer and a proxy, which has told
    cdef Watch watcher               # None, unless the loop does not listen to the peer, or did not lately
    cdef bint in_line                # for a turn of the loop, with which advance() comes
    cdef Py_ssize_t drained          # bytes that came and were thrown away
    cdef int draining_since          # the tick at which DRAIN was entered, whatever has extended it
    cdef bint throttled              # reading is paused

    # what a protocol makes of it
    cdef int advance(self) except -1                         # do what is to be done next
    cdef bint has_enough(self) noexcept                      # has enough been read ahead of what was taken?
    cdef int end_seen(self) except -1                        # the peer may have gone, behind what waits to be read
    cdef int taken_over(self, bytes unread) except -1        # the connection is its own from now on, and these bytes
    cdef int forget(self) except -1                          # it has been handed over, or lost

    cdef bint open(self, object transport) except -1
    cdef int advance_soon(self) except -1

    cdef int read_on(self, bint reading) except -1
    cdef int throttle(self) except -1
    cdef int watch(self) except -1
    cdef int look(self) except -1
    cdef int watch_no_more(self) except -1
    cdef bint has_unread_bytes(self) except -1
    cdef int sight(self) except -1
    cdef bint has_unseen_end(self) except -1
    cdef bint has_part_of_record(self) except -1
    cdef bint can_be_answered(self) except -1
    cdef bint is_unreachable(self) except -1
    cdef dict tls_extension(self)

    cdef int judge_laggard(self) except -1
    cdef int linger(self) except -1
    cdef int begin_drain(self) except -1
    cdef int throw_away(self, Py_ssize_t size) except -1
    cdef int discard(self, Py_ssize_t size) except -1
    cdef int close(self, bint peer_knows) except -1
    cdef int half_close(self) except -1
    cdef int hang_up(self) except -1
    cdef int reset(self) except -1


cdef class Watch(Timed):
    cdef Connection connection       # None when nobody has to watch any more
