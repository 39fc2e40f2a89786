"""The end of a connection: a limit that has passed, what still comes when nothing is owed, half-close and close.

Starts and answers nothing: protocol.pyx does, and says when a response was the last. The clock calls expired(), which
says what each limit means; connection.pyx does what is to be done to the transport.
"""

from fastsrv_ext.http.request import BadRequest

from fastsrv_ext.counters cimport HEAD_LATE, KEEPALIVE_OVER, REST_LATE
from fastsrv_ext.http1.reader cimport BETWEEN, ENDED, IN_HEAD, REFUSED, is_acted_upon
from fastsrv_ext.state cimport BODY, CLOSE, DRAIN, HEAD, IDLE, SEND, is_ending

cdef enum:
    DRAIN_LIMITS = 6               # of DRAIN that what comes may make of one, 30 s as nginx's lingering_time
    SHUT_AFTER = 4                 # ticks, a second: some round trips, and soon enough for who waits for our end
    SHUT_FOR_GOOD = 12             # ticks, three seconds: the same for a peer that goes on sending
    LAST_LOOK = 4                  # ticks, a second: the loop reads what has come in its next turn


cdef class Closing(Reader):

    cdef int advance(self) except -1:
        raise NotImplementedError

    cdef int expired(self) except -1:
        """The clock's word that the peer has kept us waiting for as long as the state allows."""
        if self.state == SEND:
            return self.judge_laggard()
        if self.turn is not None and self.state != CLOSE:
            # What has come is not judged before its turn: with the next tick, unless it has moved on by then.
            self.enter(HEAD if self.state == IDLE else self.state)
            return self.shorten(self.clock.limit(self.state) - 1)
        if self.state == IDLE:
            if self.has_part_of_record() or self.has_unread_bytes():
                return self.enter(HEAD)  # a request has come; the loop is about to read it, or the rest of its record
        elif self.state == HEAD and self.input != IN_HEAD and self.deadline - self.since == self.clock.limit(HEAD):
            # Once, or a peer that sends TLS records without data would be waited for for ever.
            if self.has_unread_bytes():
                self.enter(HEAD)
                return self.shorten(max(1, self.clock.limit(HEAD) - LAST_LOOK))
        self.context.counters.expired[<int>self.state] += 1
        if self.state == HEAD and self.input == IN_HEAD:
            self.refuse(BadRequest(408, "the request head took longer than fastsrv_header_timeout", "header_timeout"))
            self.advance()
        elif self.state == HEAD or self.state == IDLE:
            if self.context.draining:
                self.ends(self.context.drains_for)  # IDLE is shorter by then
            self.ends(HEAD_LATE if self.state == HEAD else KEEPALIVE_OVER)
            self.close()
        elif self.state == BODY:
            self.refuse(BadRequest(408, "the request body took longer than fastsrv_body_timeout", "body_timeout"))
            self.advance()
        elif self.state == DRAIN:
            self.ends(REST_LATE)
            self.close()
        else:
            self.abort()
            self.enter(CLOSE)  # until connection_lost comes
        return 0

    cdef int drain(self) except -1:
        """Our answer is out; read what is still on its way, so that no reset overtakes the answer."""
        self.input = REFUSED
        self.reading = None
        if self.state == SEND:
            return 0  # it is not out yet: rest() comes back to this
        self.begin_drain()
        self.half_close()
        self.throttle()
        return 0

    cdef int begin_drain(self) except -1:
        self.drained = 0
        self.draining_since = self.clock.now
        return self.enter(DRAIN)

    cdef int close(self) except -1:
        """Nothing is owed any more."""
        cdef bint peer_knows = self.input == ENDED and self.drained == 0
        self.stop()
        self.head = self.reading = None
        if self.state == DRAIN or peer_knows:
            self.enter(CLOSE)
            self.hang_up()
        else:
            # A request may be on its way: end our side first, and see the peer's end.
            self.drained = 0
            self.enter(CLOSE)
            self.half_close()
            self.throttle()
        return 0

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

    cdef int throttle(self) except -1:
        """Read on, or pause until enough has been taken. Who has sent more than is thrown away is not closed upon,
        which would be a reset: its kernel takes no more from it, and a peer that can read while it writes does."""
        self.read_on(not (
            self.unread is not None or self.is_crowded() or self.drained > self.context.limits.drain
        ))
        return 0

    # --- for fastsrv/server.py ---

    def shut(self, long long since):
        """To be called time and again while the worker drains, which it does `since` that tick: a connection gets the
        time of an idle one for the request that it was made for, and one that has ended a moment for the peer's end. An
        idle one has the clock's time, one with an answer in hand closes behind it (`context.draining`).
        """
        cdef bint had_its_moment = self.clock.now - self.since >= SHUT_AFTER
        if self.state == HEAD and self.input == BETWEEN:
            since = max(since, self.since)
            if self.clock.now - since < max(SHUT_AFTER, self.clock.limit(IDLE)):
                return
            if self.turn is None and not (self.has_part_of_record() or self.has_unread_bytes()):
                self.ends(self.context.drains_for)
                self.close()
        elif is_ending(self.state) and not is_acted_upon(self.input) and self.unsent() == 0:
            if self.state == DRAIN and self.clock.now - self.draining_since >= SHUT_FOR_GOOD:
                had_its_moment = True
            if had_its_moment:
                self.abort()
