"""A connection to a peer: it comes, is read or not, ends, and may be handed over to another protocol.

Knows no HTTP. What leaves is sender.pyx's; a protocol (http1/protocol.pyx) is a Connection that knows what comes in,
and when nothing more is owed.
"""

from ssl import SSLError

from fastsrv_ext.counters cimport DRAIN_TIMEOUT, LOST, SEND_TIMEOUT, TLS_FAILED, WORKER_STOPS
from fastsrv_ext.state cimport CLOSE, CLOSED, DRAIN, HEAD, RESPOND, SEND, WATCH, is_ending, is_owed
from fastsrv_ext.wire.kernel cimport (
    HAS_CLOSED, HAS_GONE, IS_LINUX, NO_END, end_both_sides, end_our_side, has_unread, look_at, reset_now,
)

ON_LINUX = bool(IS_LINUX)  # if not, the kernel tells less of a peer (docs/PLATFORMS.md): the tests ask

cdef enum:
    DRAIN_LIMITS = 6               # of DRAIN that what comes may make of one, 30 s as nginx's lingering_time
    SHUT_FOR_GOOD = 12             # ticks, three seconds: the same for a peer that goes on sending


cdef class Connection(Sender):

    # --- what a protocol makes of it ---

    cdef int advance(self) except -1:
        raise NotImplementedError

    cdef bint has_enough(self) noexcept:
        return False

    cdef int end_seen(self) except -1:
        return 0

    cdef int taken_over(self, bytes unread) except -1:
        raise NotImplementedError

    cdef int forget(self) except -1:
        return 0

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
        self.server = self.context.one_server((server, None) if isinstance(server, str) else address(server))
        self.is_local = self.client is None
        self.enter(HEAD)
        self.context.connection_opened()
        if self.client is not None or isinstance(server, (str, bytes)):
            return True
        self.ends(LOST)
        self.enter(CLOSE)
        self.abort()
        return False

    def connection_lost(self, exc):
        """asyncio's callback: nobody waits for the peer any more."""
        self.enter(CLOSED)
        self.ends(TLS_FAILED if isinstance(exc, SSLError) else LOST)
        self.context.connection_closed(self.ending)
        cdef int fd = self.fileno() if self.context.forked else -1
        if fd >= 0:
            end_both_sides(fd)  # the transport's close() tells the peer nothing while a child process has a copy
        self.transport = self.corked = None
        self.watch_no_more()
        self.descriptor = -1  # the transport closes it when connection_lost() has returned
        self.forget()
        self.wake_writers()  # which find out that nobody is there

    def introduce(self, tuple client not None, tuple server, bint secure):
        """A proxy has told who is at its other side, by which address of its own, and whether by TLS: see open().
        server: None if it has not told that."""
        self.client = client
        self.is_secure = secure
        if server is not None:
            self.server = self.context.one_server(server)

    def negotiated(self, str name not None):
        """TLS has agreed with the peer on the protocol of this name (ALPN, RFC 7301)."""
        make = self.context.alpn.get(name)
        if make is not None:
            self.hand_over(make(self.context), b"")

    def hand_over(self, Connection successor not None, bytes unread not None):
        """Another protocol goes on with this connection: with its transport, its clock and its place among the open
        ones, and with `unread` bytes, which this one had been given and are not its own. Nothing may be owed here.
        Allowed within data_received(): who calls it touches the connection no more. False: it has ended, or ends."""
        if self.is_unreachable() or is_ending(self.state):
            return False
        self.flush()
        transport, self.transport = self.transport, None
        successor.transport = transport
        successor.client, successor.server = self.client, self.server
        successor.is_local, successor.is_secure = self.is_local, self.is_secure
        successor.descriptor, self.descriptor = self.descriptor, -1
        successor.throttled = self.throttled
        successor.ending = self.ending
        self.watch_no_more()
        self.enter(CLOSED)
        transport.set_protocol(successor)
        self.forget()
        successor.enter(RESPOND)
        if successor.throttled:
            successor.watch()
        if transport.get_write_buffer_size() > 0:
            successor.lag()
        successor.taken_over(unread)
        return True

    # --- turns of the loop ---

    cdef int advance_soon(self) except -1:
        """In another turn of the loop: there is more to do than the caller's stack, or a turn, should carry."""
        if not self.in_line:
            self.in_line = True
            self.context.budget.stand_in_line(self.context.loop, self.go_on)
        return 0

    def go_on(self):
        """The turn that advance_soon() asked for."""
        self.in_line = False
        if self.state != CLOSED:
            self.advance()

    # --- what comes in ---

    cdef int throttle(self) except -1:
        """Read on, or pause until enough has been taken. Who has sent more than is thrown away is not closed upon,
        which would be a reset: its kernel takes no more from it, and a peer that can read while it writes does."""
        return self.read_on(not (self.has_enough() or self.drained > self.context.limits.drain))

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

    cdef bint has_unread_bytes(self) except -1:
        """A look into the kernel: have bytes come that the loop has not read?"""
        cdef int fd = self.fileno()
        return fd >= 0 and has_unread(fd)

    cdef bint has_part_of_record(self) except -1:
        """With TLS: has a part of a record been read? What it holds is not known before its end."""
        return self.transport.get_extra_info("part_of_record", False)

    cdef bint can_be_answered(self) except -1:
        """Not before TLS has shaken hands."""
        return not self.transport.get_extra_info("is_unready")

    cdef bint is_unreachable(self) except -1:
        """Has its transport been closed, by us or by a write that has failed?"""
        return self.transport is None or self.transport.is_closing()

    cdef dict tls_extension(self):
        """With TLS: what apps are told of it (ASGI), the same for all requests."""
        return self.transport.get_extra_info("tls_extension")

    # --- a peer that the loop does not listen to ---

    cdef int watch(self) except -1:
        """Reading is paused, or the peer has ended its side: no callback will tell of its reset, or of its end
        behind what is not read. Look from time to time, for as long as something is owed."""
        if self.watcher is None:
            self.watcher = Watch(self.clock)
            self.watcher.connection = self
            self.watcher.enter(WATCH)
        return 0

    cdef int look(self) except -1:
        cdef int sight = self.sight()
        if sight == HAS_GONE:
            self.ends(LOST)
            self.abort()
        elif self.throttled and sight != NO_END:  # otherwise the loop tells of it, or has
            # A local peer that has half-closed waits for what is owed: its close would be seen as one.
            if sight == HAS_CLOSED or not self.is_local or is_ending(self.state):
                self.end_seen()
        return 0

    cdef int sight(self) except -1:
        """A look into the kernel: a Sight."""
        cdef int fd = self.fileno()
        return look_at(fd) if fd >= 0 else NO_END

    cdef bint has_unseen_end(self) except -1:
        """Has the peer ended its side, or gone?"""
        return self.sight() != NO_END

    cdef int watch_no_more(self) except -1:
        if self.watcher is not None:
            self.watcher.enter(CLOSED)
            self.watcher.connection = None
            self.watcher = None
        return 0

    # --- a peer that lags behind: asyncio's callbacks, and the limit of its time ---

    def pause_writing(self):
        self.lag()

    def resume_writing(self):
        if self.lags_no_more():
            self.enter(RESPOND)
            self.wake_writers()
            self.advance_soon()

    cdef int expired(self) except -1:
        """The clock's word that the peer has kept us waiting for as long as the state allows. A protocol judges the
        states of its own first."""
        if self.state == SEND:
            return self.judge_laggard()
        if is_ending(self.state) and self.still_reads():
            return self.enter(self.state)
        self.context.counters.now.expired[<int>self.state] += 1
        if self.state == DRAIN:
            self.ends(DRAIN_TIMEOUT)
            self.close(False)
        else:
            self.abort()
            self.enter(CLOSE)  # until connection_lost comes
        return 0

    cdef int judge_laggard(self) except -1:
        """A peer that has read at fastsrv_min_rate, on average since it lags behind, gets another send_timeout; another
        one is reset."""
        self.count_what_was_taken()
        if self.backlog.credit >= 0:
            self.enter(SEND)
        else:
            self.context.counters.now.expired[<int>self.state] += 1
            self.ends(SEND_TIMEOUT)
            if self.context.callbacks.warn is not None:
                self.context.callbacks.warn(
                    "send_timeout", "Reset the connection of %s: it reads too slowly "
                    "(fastsrv_send_timeout, fastsrv_min_rate)", Connection.describe(self))
            self.reset()
        return 0

    # --- the ends ---

    cdef int linger(self) except -1:
        """Our last byte is out; read what is still on its way, so that no reset overtakes it."""
        self.flush()
        self.begin_drain()
        self.half_close()
        return self.throttle()

    cdef int begin_drain(self) except -1:
        self.drained = 0
        self.draining_since = self.clock.now
        return self.enter(DRAIN)

    cdef int discard(self, Py_ssize_t size) except -1:
        """Nothing that comes now is acted upon; it is read so that our close is no reset, and since some peers read
        only what they are answered when they have sent all they have."""
        self.throw_away(size)
        if self.drained > self.context.limits.drain:
            self.throttle()
        return 0

    cdef int throw_away(self, Py_ssize_t size) except -1:
        self.drained += size
        if self.state == DRAIN and self.clock.now - self.draining_since <= (DRAIN_LIMITS - 1) * self.clock.limit(DRAIN):
            self.enter(DRAIN)
        return 0

    cdef int close(self, bint peer_knows) except -1:
        """Nothing is owed any more. peer_knows: it has said, or been told, that nothing follows."""
        self.flush()
        if self.state == DRAIN or peer_knows:
            self.enter(CLOSE)
            self.hang_up()
        else:
            # Something may be on its way: end our side first, and see the peer's end.
            self.drained = 0
            self.enter(CLOSE)
            self.half_close()
            self.throttle()
        return 0

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

    cdef int reset(self) except -1:
        """The opposite of an orderly end: what the peer has got is not all."""
        self.flush()
        cdef int fd = self.fileno()
        if fd >= 0:
            reset_now(fd)
        self.enter(CLOSE)
        self.transport.abort()
        return 0

    # --- for fastsrv/server.py and drain.py ---

    def abort(self):
        """Drop the connection, whatever is owed. The app gets http.disconnect."""
        self.ends(WORKER_STOPS)
        self.descriptor = -1
        if self.transport is not None:
            self.transport.abort()

    def is_standing(self):
        """Does it last until it is told to end, as nothing that it does would be its last?"""
        return False

    def is_lingering(self):
        """Is all of it said and sent, and its peer, whose end alone is missing, sends nothing more?"""
        return is_ending(self.state) and self.unsent() == 0 and (self.state == CLOSE or self.drained == 0)

    def shut(self, long long since):
        """To be called time and again while the worker drains, which it does `since` that tick, for a connection in a
        state whose time is up sooner then: one that has ended gets a moment for the peer's end."""
        cdef bint had_its_moment = self.clock.now - self.since >= SHUT_AFTER
        if is_ending(self.state) and self.unsent() == 0:
            if self.state == DRAIN and self.clock.now - self.draining_since >= SHUT_FOR_GOOD:
                had_its_moment = True
            if had_its_moment:
                self.abort()

    def describe(self):
        """The peer, for a human: '127.0.0.1:4321'."""
        return "{}:{}".format(*self.client) if self.client is not None else "a local socket"


cdef class Watch(Timed):

    cdef int expired(self) except -1:
        cdef Connection connection = self.connection
        if is_owed(connection.state) or connection.throttled:
            self.enter(WATCH)
            connection.look()
        else:
            connection.watch_no_more()
        return 0


cdef tuple address(object name):
    """(host, port) of a socket's name; None for a UNIX socket, which has no port."""
    return (name[0], name[1]) if isinstance(name, tuple) else None
