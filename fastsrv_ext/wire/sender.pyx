"""What leaves through a transport: several writes as one, past it where that is cheaper, and a peer that lags behind.

Knows no HTTP, and neither reads nor ends a connection: connection.pyx does. With it the only file that touches a
transport.
"""

from fastsrv_ext.clock cimport seconds
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport BYTES_SENT
from fastsrv_ext.state cimport SEND, is_ending, may_lag
from fastsrv_ext.wire.kernel cimport MAX_PARTS, send_now, send_parts_now, unacknowledged

cdef enum:
    MAX_CORKED = 256 * 1024        # bytes kept back to leave in one write
    MAX_JOINED = 64 * 1024         # bytes up to which one copy costs less than a write of many buffers
    # How many send_timeouts a peer that has read faster than it must may then read nothing. Its kernel tells of room in
    # steps, of 95 KB on a Linux of today: by default, who reads 1,000 bytes a second is silent for three of them.
    PATIENCE = 3


cdef class Backlog:

    def __cinit__(self):
        self.asked = -1


cdef class Sender(Outlet):

    # --- writes ---

    cdef int settle(self) except -1:
        """More than one answer will leave here: worth the look for the socket."""
        if self.context.direct and self.descriptor < 0 and not self.transport.is_closing():
            self.descriptor = self.fileno()
        return 0

    cdef int write(self, bytes data) except -1:
        if self.corked is None:
            self.transmit(data)
        else:
            self.corked.append(data)
            self.corked_size += len(data)
            if self.corked_size > MAX_CORKED:
                self.flush()
        return 0

    cdef int write_parts(self, list parts) except -1:
        """Large parts, none of which is copied. What an app sends without a wait leaves in one write: each wakes the
        peer up, which costs both more than what it carries."""
        if self.state == SEND and self.corked is None:
            return self.transmit_parts(parts)
        self.cork()
        for part in parts:
            self.corked.append(part)
            self.corked_size += len(part)
        if self.corked_size > MAX_CORKED:
            self.flush()
        return 0

    cdef int cork(self) except -1:
        """What is written from now on leaves in one write, in the same turn of the loop."""
        if self.corked is None:
            self.corked = []
            if self.context.corked is None:
                self.context.corked = []
                self.context.loop.call_soon(uncork, self.context)
            self.context.corked.append(self)
        return 0

    cdef int flush(self) except -1:
        """Let what was kept back leave in one write."""
        cdef list corked = self.corked
        cdef Py_ssize_t size = self.corked_size
        self.corked = None
        self.corked_size = 0
        if corked and self.transport is not None:
            if len(corked) == 1:
                self.transmit(corked[0])
            elif size <= MAX_JOINED or len(corked) > MAX_PARTS:
                self.transmit(b"".join(corked))
            else:
                self.transmit_parts(corked)
        return 0

    cdef bint is_direct(self) noexcept:
        """May bytes go to the kernel past the transport? Whatever it holds itself makes the state SEND."""
        return self.descriptor >= 0 and self.state != SEND and not is_ending(self.state)

    cdef int transmit(self, bytes data) except -1:
        self.context.counters.now.counts[<int>BYTES_SENT] += len(data)
        if self.is_direct():
            data = send_now(self.descriptor, data)
        return self.queue(data) if data else 0

    cdef int transmit_parts(self, list parts) except -1:
        cdef Py_ssize_t sent
        for part in parts:
            self.context.counters.now.counts[<int>BYTES_SENT] += len(part)
        if self.is_direct():
            sent = send_parts_now(self.descriptor, parts)
            for part in parts:
                if sent < len(part):
                    self.queue(memoryview(part)[sent:])
                sent = max(0, sent - len(part))
        elif self.context.gathers:
            if self.state == SEND:
                for part in parts:
                    self.backlog.size += len(part)
            self.transport.writelines(parts)
        else:
            self.queue(b"".join(parts))
        return 0

    cdef int queue(self, object data) except -1:
        """By way of the transport, which keeps what the kernel does not take."""
        if self.state == SEND:
            self.backlog.size += len(data)
        self.transport.write(data)
        return 0

    # --- a peer that lags behind ---

    cdef int lag(self) except -1:
        """The transport keeps bytes that the kernel has not taken. Where nothing is owed they are TLS's own: the state
        goes on, with its limit, and they are waited for when something is."""
        if self.backlog is None:
            self.backlog = Backlog()
        if may_lag(self.state):
            self.backlog.size = self.untaken()
            self.enter(SEND)
        elif self.state != SEND and self.transport is not None:
            self.backlog.size = self.transport.get_write_buffer_size()
        return 0

    cdef bint lags_no_more(self) except -1:
        """The transport keeps nothing any more. Was the peer waited for?"""
        cdef bint waited = self.state == SEND
        if waited and self.clock.now > self.since:
            self.count_what_was_taken()
            self.backlog.credit = max(0, self.backlog.credit)
        if self.backlog is not None:
            self.backlog.size = 0
        return waited

    cdef bint lagging(self) except -1:
        # A transport that is closing has failed, and connection_lost is on its way.
        return self.state == SEND or self.transport.is_closing()

    cdef object caught_up(self):
        future = self.context.loop.create_future()
        if self.backlog is None:  # the transport has failed before the peer lagged
            self.backlog = Backlog()
        if self.backlog.writers is None:
            self.backlog.writers = []
        self.backlog.writers.append(future)
        return future

    cdef int wake_writers(self) except -1:
        if self.backlog is not None and self.backlog.writers is not None:
            writers, self.backlog.writers = self.backlog.writers, None
            for future in writers:
                if not future.done():
                    future.set_result(None)
        return 0

    cdef int count_what_was_taken(self) except -1:
        """Since the wait began, or the last count: more than fastsrv_min_rate asks for is to the peer's credit."""
        cdef Py_ssize_t left = self.untaken()
        cdef double rate = self.context.limits.min_rate
        cdef Backlog backlog = self.backlog
        backlog.credit += backlog.size - left - rate * seconds(self.clock.now - self.since)
        backlog.credit = min(backlog.credit, rate * seconds(PATIENCE * self.clock.limit(SEND)))
        backlog.size = left
        return 0

    cdef bint still_reads(self) except -1:
        """Towards the end: does our kernel hold bytes, and has the peer taken some since this was last asked, at
        fastsrv_min_rate? One that sends meanwhile would get a reset in the place of the rest."""
        cdef Py_ssize_t left = self.untaken() if self.transport is not None else 0
        cdef Py_ssize_t before
        if left == 0:
            return False
        if self.backlog is None:
            self.backlog = Backlog()
        cdef bint is_first = self.backlog.asked != self.since  # in this state
        before, self.backlog.last = self.backlog.last, left
        self.backlog.asked = self.clock.now
        return is_first or before - left > self.context.limits.min_rate * seconds(self.clock.limit(self.state))

    cdef Py_ssize_t unsent(self) except -1:
        """Bytes that the kernel has not taken yet."""
        return 0 if self.fileno() < 0 else self.transport.get_write_buffer_size()

    cdef Py_ssize_t untaken(self) except -1:
        """Bytes that have not come to the peer yet: those that the transport keeps, and those in our kernel."""
        cdef int fd = self.fileno()
        return 0 if fd < 0 else self.transport.get_write_buffer_size() + unacknowledged(fd)

    cdef int fileno(self) except -2:
        """The socket's descriptor; -1: it is closed, and connection_lost() is about to be called."""
        sock = self.transport.get_extra_info("socket")
        return -1 if sock is None else sock.fileno()


def uncork(Context context not None):
    """Flush all that were corked in this turn of the loop. In one callback: one for each would cost a broadcast as much
    as the frames do."""
    senders, context.corked = context.corked, None
    for sender in senders:
        try:
            (<Sender>sender).flush()
        except Exception as failure:  # as asyncio does with a callback: the others are not to wait for ever
            context.loop.call_exception_handler({"message": "A write has failed", "exception": failure})
