"""A stream to the peer: the only file that touches a transport.

Knows no HTTP. What leaves (also several answers in one write), a peer that lags behind it, and the ends of a
connection: half-close, reset, a look at what has come in. protocol.pyx says when; reader.pyx reads what comes.
"""

from fastsrv_ext.clock cimport seconds
from fastsrv_ext.counters cimport LOST, READER_LATE, WORKER_STOPS
from fastsrv_ext.wire.kernel cimport (
    HAS_CLOSED, HAS_ENDED, HAS_GONE, MAX_PARTS, NO_END, Sight, end_both_sides, end_our_side, has_unread, look_at,
    reset_now, send_now, send_parts_now, unacknowledged,
)
from fastsrv_ext.state cimport CLOSE, CLOSED, RESPOND, SEND, WATCH, is_ending, is_owed

cdef enum:
    MAX_CORKED = 256 * 1024        # bytes kept back to leave in one write
    MAX_JOINED = 64 * 1024         # bytes up to which one copy costs less than a write of many buffers
    # How many send_timeouts a peer that has read faster than it must may then read nothing. Its kernel tells of room in
    # steps, of 95 KB on a Linux of today: by default, who reads 1,000 bytes a second is silent for three of them.
    PATIENCE = 3


cdef class Stream(Connection):

    # --- what protocol.pyx makes of it ---

    cdef int end_seen(self) except -1:
        raise NotImplementedError

    # --- the transport comes and goes ---

    cdef bint open(self, object transport) except -1:
        """For connection_made(). Is anybody there? A TCP client that resets while it waits to be accepted is accepted
        all the same, and its bytes can be read; it has no address any more. A UNIX socket's peer never has one."""
        self.transport = transport
        self.descriptor = -1
        # Any byte that the kernel does not take counts as a peer that lags; the kernel's own buffer is
        # large enough to keep the wire busy until the app is woken.
        transport.set_write_buffer_limits(0, 0)
        self.client = address(transport.get_extra_info("peername"))
        server = transport.get_extra_info("sockname")
        self.server = self.context.scope.one_server((server, None) if isinstance(server, str) else address(server))
        return self.client is not None or isinstance(server, (str, bytes))

    cdef int lost(self) except -1:
        """For connection_lost(): nobody waits for the peer any more."""
        cdef int fd = self.fileno() if self.context.forked else -1
        if fd >= 0:
            end_both_sides(fd)  # the transport's close() tells the peer nothing while a child process has a copy
        self.transport = self.corked = None
        self.watch_no_more()
        self.descriptor = -1  # the transport closes it when connection_lost() has returned
        self.wake_laggards()
        return 0

    cdef int read_on(self, bint reading) except -1:
        """The only place that pauses and resumes reading."""
        if reading == self.throttled and self.transport is not None:
            self.throttled = not reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()
                self.watch()
        return 0

    # --- a peer that the loop does not listen to ---

    cdef int watch(self) except -1:
        """Reading is paused, or the peer has ended its side: no callback will tell of its reset, or of its end
        behind what is not read. Look from time to time, for as long as something is owed."""
        if self.watcher is None:
            self.watcher = Watch(self.clock)
            self.watcher.stream = self
            self.watcher.enter(WATCH)
        return 0

    cdef int look(self) except -1:
        cdef int fd = self.fileno()
        cdef Sight sight = look_at(fd) if fd >= 0 else NO_END
        if sight == HAS_GONE:
            self.ends(LOST)
            self.abort()
        elif self.throttled and (sight == HAS_CLOSED or (sight == HAS_ENDED and not self.is_local())):
            self.end_seen()  # otherwise the loop tells of it, or has
        return 0

    cdef int watch_no_more(self) except -1:
        if self.watcher is not None:
            self.watcher.enter(CLOSED)
            self.watcher.stream = None
            self.watcher = None
        return 0

    # --- what leaves ---

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
        if self.corked is None:
            self.corked = []
            self.context.loop.call_soon(self.uncork)
        for part in parts:
            self.corked.append(part)
            self.corked_size += len(part)
        if self.corked_size > MAX_CORKED:
            self.flush()
        return 0

    def uncork(self):
        """In the same turn of the loop, if nobody has been faster."""
        self.flush()

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
        if self.is_direct():
            data = send_now(self.descriptor, data)
        return self.queue(data) if data else 0

    cdef int transmit_parts(self, list parts) except -1:
        cdef Py_ssize_t sent
        if self.is_direct():
            sent = send_parts_now(self.descriptor, parts)
            for part in parts:
                if sent < len(part):
                    self.queue(memoryview(part)[sent:])
                sent = max(0, sent - len(part))
        elif self.context.gathers:
            if self.state == SEND:
                for part in parts:
                    self.backlog += len(part)
            self.transport.writelines(parts)
        else:
            self.queue(b"".join(parts))
        return 0

    cdef int queue(self, object data) except -1:
        """By way of the transport, which keeps what the kernel does not take."""
        if self.state == SEND:
            self.backlog += len(data)
        self.transport.write(data)
        return 0

    # --- a peer that lags behind ---

    cdef int lag(self) except -1:
        """The transport keeps bytes that the kernel has not taken. Where nothing is owed they are TLS's own: the state
        goes on, with its limit, and they are waited for when something is."""
        if self.state == RESPOND:
            self.backlog = self.untaken()
            self.enter(SEND)
        elif self.state != SEND and self.transport is not None:
            self.backlog = self.transport.get_write_buffer_size()
        return 0

    cdef bint lags_no_more(self) except -1:
        """The transport keeps nothing any more. Was the peer waited for?"""
        cdef bint waited = self.state == SEND
        if waited and self.clock.now > self.since:
            self.count_what_was_taken()
            self.credit = max(0, self.credit)
        self.backlog = 0
        return waited

    cdef bint lagging(self) except -1:
        # A transport that is closing has failed, and connection_lost is on its way.
        return self.state == SEND or self.transport.is_closing()

    cdef object caught_up(self):
        future = self.context.loop.create_future()
        if self.laggards is None:
            self.laggards = []
        self.laggards.append(future)
        return future

    cdef int wake_laggards(self) except -1:
        if self.laggards is not None:
            laggards, self.laggards = self.laggards, None
            for future in laggards:
                if not future.done():
                    future.set_result(None)
        return 0

    cdef int count_what_was_taken(self) except -1:
        """Since the wait began, or the last count: more than fastsrv_min_rate asks for is to the peer's credit."""
        cdef Py_ssize_t left = self.untaken()
        cdef double rate = self.context.limits.min_rate
        self.credit += self.backlog - left - rate * seconds(self.clock.now - self.since)
        self.credit = min(self.credit, rate * seconds(PATIENCE * self.clock.limit(SEND)))
        self.backlog = left
        return 0

    cdef int judge_laggard(self) except -1:
        """A peer that has read at fastsrv_min_rate, on average since it lags behind, gets another send_timeout; another
        one is reset."""
        self.count_what_was_taken()
        if self.credit >= 0:
            self.enter(SEND)
        else:
            self.context.counters.expired[<int>self.state] += 1
            self.ends(READER_LATE)
            self.reset()
        return 0

    # --- the ends ---

    cdef int half_close(self) except -1:
        try:
            self.transport.write_eof()
        except OSError:  # the peer was faster
            self.transport.abort()
            return 0
        cdef int fd = self.fileno()
        if fd >= 0 and self.unsent() == 0:
            # Now: uvloop does so in its next turn, and a request that comes until then gets no answer.
            end_our_side(fd)
        return 0

    cdef int hang_up(self) except -1:
        """Close when what was written has left."""
        self.transport.close()
        return 0

    def abort(self):
        """Drop the connection, whatever is owed. The app gets http.disconnect."""
        self.ends(WORKER_STOPS)
        self.descriptor = -1
        if self.transport is not None:
            self.transport.abort()

    cdef int reset(self) except -1:
        """The opposite of an orderly end: what the peer has got is not all."""
        self.flush()
        cdef int fd = self.fileno()
        if fd >= 0:
            reset_now(fd)
        self.enter(CLOSE)
        self.transport.abort()
        return 0

    cdef Py_ssize_t unsent(self) except -1:
        """Bytes that the kernel has not taken yet."""
        return 0 if self.fileno() < 0 else self.transport.get_write_buffer_size()

    cdef Py_ssize_t untaken(self) except -1:
        """Bytes that have not come to the peer yet: those that the transport keeps, and those in our kernel."""
        cdef int fd = self.fileno()
        return 0 if fd < 0 else self.transport.get_write_buffer_size() + unacknowledged(fd)

    cdef bint has_unread_bytes(self) except -1:
        """A look into the kernel: have bytes come that the loop has not read?"""
        cdef int fd = self.fileno()
        return fd >= 0 and has_unread(fd)

    cdef bint has_part_of_record(self) except -1:
        """With TLS: has a part of a record been read? What it holds is not known before its end."""
        return self.transport.get_extra_info("part_of_record", False)

    cdef int fileno(self) except -2:
        """The socket's descriptor; -1: it is closed, and connection_lost() is about to be called."""
        sock = self.transport.get_extra_info("socket")
        return -1 if sock is None else sock.fileno()


cdef class Watch(Timed):

    cdef int expired(self) except -1:
        cdef Stream stream = self.stream
        if is_owed(stream.state) or stream.throttled:
            self.enter(WATCH)
            stream.look()
        else:
            stream.watch_no_more()
        return 0


cdef tuple address(object name):
    """(host, port) of a socket's name; None for a UNIX socket, which has no port."""
    return (name[0], name[1]) if isinstance(name, tuple) else None
