"""The HTTP/1.1 protocol class (RFC 9112): asyncio's callbacks, and the limits of time.

What has come gets its turn in pipeline.pyx, the other half of the class.
"""

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.asgi.call cimport FINISHED, GONE, HALF_CLOSED, Peer
from fastsrv_ext.asgi.exchange cimport CLIENT_CLOSED_REQUEST
from fastsrv_ext.clock cimport seconds
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport BYTES_RECEIVED, HEADER_TIMEOUT, KEEPALIVE, PEER_ENDED, WORKER_STOPS
from fastsrv_ext.http1.cycle cimport Cycle
from fastsrv_ext.http1.reader cimport BETWEEN, IN_HEAD, Reader, is_acted_upon, new_reader
from fastsrv_ext.state cimport BODY, CLOSE, DRAIN, HEAD, IDLE, RESPOND, SEND, State, is_ending
from fastsrv_ext.wire.connection cimport SHUT_AFTER, Connection

cdef enum:
    SERVICE_UNAVAILABLE = 503      # what is told of an answer that the worker's end has cost
    LAST_LOOK = 4                  # ticks, a second: the loop reads what has come in its next turn


cdef class HTTP1(Pipeline):
    """One connection. context: a Context, shared by the connections of a worker."""

    def __init__(self, Context context not None):
        self.share(context)
        self.reader = new_reader(self)

    # --- asyncio's callbacks, in the order of life ---

    def connection_made(self, transport):
        if not self.open(transport):
            self.reader.stop()  # or a forger would pass for a UNIX socket's peer, whom forwarded.py believes

    def data_received(self, bytes data not None):
        cdef Reader reader = self.reader
        self.context.counters.now.counts[<int>BYTES_RECEIVED] += len(data)
        if not is_acted_upon(reader.input):
            self.discard(len(data))
        elif reader.unread is not None or self.in_line:
            reader.keep(data)
            self.throttle()  # it has had its turn, or enough to do
        elif reader.read(data):
            self.advance_soon()
            self.throttle()
        else:
            self.advance()

    def eof_received(self):
        """The peer has half-closed. True: we stay to answer what it has asked for."""
        cdef Peer peer = HALF_CLOSED if self.is_local else FINISHED
        self.ends(PEER_ENDED)
        if is_ending(self.state) or (
            self.cycle is None and self.reader.first is None and self.refusal is None and self.state != SEND
        ):
            self.enter(CLOSE)
            return False
        self.drained = 0  # nothing more will come that a close could answer with a reset
        self.reader.end(peer)
        if self.cycle is not None:
            self.await_body_no_more(self.cycle)
            self.cycle.peer_is(peer)
        self.watch()
        self.look()
        return True

    def connection_lost(self, exc):
        if self.cycle is not None:
            self.await_body_no_more(self.cycle)
        Connection.connection_lost(self, exc)

    def pause_writing(self):
        if self.state == BODY:
            self.await_body_no_more(self.cycle)  # a wait that goes on when the peer has caught up
        self.lag()

    def resume_writing(self):
        if self.lags_no_more():
            self.enter(RESPOND)
            self.wake_writers()
            if self.cycle is None:
                self.advance_soon()
            elif self.cycle.receivers is not None:
                self.cycle.wanted()

    cdef int forget(self) except -1:
        cdef Cycle cycle = self.cycle
        if cycle is not None:
            cycle.lose(SERVICE_UNAVAILABLE if self.ending == WORKER_STOPS else CLIENT_CLOSED_REQUEST)
            cycle.peer_is(GONE)
        self.cycle = self.refusal = None
        self.reader.forget()
        self.reader.parser = self.reader.carrier = None  # which refer to each other, and to us
        return 0

    # --- the limits that have passed ---

    cdef int expired(self) except -1:
        cdef State state = self.state
        if self.in_line and state != SEND and state != CLOSE:
            # What has come is not judged before its turn: with the next tick, unless it has moved on by then.
            self.enter(HEAD if state == IDLE else state)
            return self.shorten(self.clock.limit(self.state) - 1)
        if state == IDLE:
            if self.has_part_of_record() or self.has_unread_bytes():
                return self.enter(HEAD)  # a request has come; the loop is about to read it, or the rest of its record
        elif state == HEAD:
            if self.in_preface:
                return self.refuse_late("the first bytes took too long", "header_timeout")
            if self.reader.input == IN_HEAD:
                return self.refuse_late("the request head took too long", "header_timeout")
            # Once, or a peer that sends TLS records without data would be waited for for ever.
            if self.deadline - self.since == self.clock.limit(HEAD) and self.has_unread_bytes():
                self.enter(HEAD)
                return self.shorten(max(1, self.clock.limit(HEAD) - LAST_LOOK))
        elif state == BODY:
            return self.refuse_late("the request body took too long", "body_timeout")
        else:
            return Connection.expired(self)
        self.context.counters.now.expired[<int>state] += 1
        if self.context.draining:
            self.ends(self.context.drains_for)  # IDLE is shorter by then
        self.ends(HEADER_TIMEOUT if state == HEAD else KEEPALIVE)
        return self.finish()

    cdef int refuse_late(self, str reason, str kind) except -1:
        cdef Cycle cycle
        refusal = BadRequest(408, reason, kind)
        self.context.counters.now.expired[<int>self.state] += 1
        self.refuse(refusal)
        if self.state == HEAD:
            cycle = refusal.call
            cycle.took = seconds(self.clock.now - self.since)
        return self.advance()

    # --- what comes in (read by reader.pyx) ---

    cdef bint has_enough(self) noexcept:
        return self.reader.unread is not None or self.reader.is_crowded()

    cdef int end_seen(self) except -1:
        """Most that end their side have gone, but what they have left to read is the app's to take: only one that takes
        none of it from one look to the next has a grace period."""
        cdef Cycle cycle = self.cycle
        if cycle is not None:
            if cycle.received == cycle.seen:
                cycle.tell_gone()
            cycle.seen = cycle.received
        elif is_ending(self.state):
            self.drained = 0  # what the kernel holds is the last: read it, or our close is a reset
            self.throttle()
        return 0

    cdef int body_came(self, Cycle cycle, Py_ssize_t size) except -1:
        if self.state == BODY:
            self.await_body_no_more(cycle)
            self.judge_pace(cycle)
        elif self.state == DRAIN:
            self.throw_away(size)
        cycle.heard = cycle.waited
        return 0

    cdef int judge_pace(self, Cycle cycle) except -1:
        """Bytes came while the app waited for them: its turn, unless they come too slowly in all."""
        cdef double late = seconds(cycle.waited - self.clock.limit(BODY))
        if late > 0 and cycle.received < late * self.context.limits.min_rate:
            raise BadRequest(408, "the request body came too slowly", "body_rate")
        return 0

    cdef int message_ended(self) except -1:
        cdef State state = self.state
        if state == BODY or state == DRAIN:
            self.enter(RESPOND)
        if state == DRAIN:
            self.drained = 0  # of this request; the next one's end is to know nothing of it
            if self.has_backlog():
                self.lag()
        return 0

    # --- an app that waits for a body (a cycle says) ---

    cdef int await_body(self, Cycle cycle) except -1:
        if self.state == RESPOND:
            self.enter(BODY)
            self.shorten(cycle.waited - cycle.heard)  # an app may ask, give up, and ask again
        return self.throttle()

    cdef int await_body_no_more(self, Cycle cycle) except -1:
        if self.state == BODY:
            cycle.waited += self.clock.now - self.since
            self.enter(RESPOND)
        return 0

    cdef int body_taken(self) except -1:
        if self.reader.unread is not None:
            self.advance_soon()
        return self.throttle()

    # --- for fastsrv/proxy/layer.py: what a proxy says before the first request ---

    def preface_began(self):
        """A part of it has come."""
        self.in_preface = True

    def preface_ended(self):
        self.in_preface = False

    def refuse_preface(self, str reason not None):
        """It is not what it has to be: 400, and no request of this connection is served."""
        self.in_preface = False
        if is_acted_upon(self.reader.input):
            self.refuse(BadRequest(400, reason, "proxy_protocol"))
            self.advance()

    # --- for fastsrv/server.py ---

    def shut(self, long long since):
        """An idle connection gets the time of one for the request that it was made for; one with an answer in hand
        closes behind it (`context.draining`)."""
        cdef Reader reader = self.reader
        if self.state == HEAD and reader.input == BETWEEN:
            since = max(since, self.since)
            if self.clock.now - since < max(SHUT_AFTER, self.clock.limit(IDLE)):
                return
            if not self.in_line and not (self.has_part_of_record() or self.has_unread_bytes()):
                self.ends(self.context.drains_for)
                self.finish()
        elif not is_acted_upon(reader.input):
            Connection.shut(self, since)

    def describe(self):
        """For a human: 'GET /path of 127.0.0.1:4321', or the peer alone with no request in hand."""
        peer = Connection.describe(self)
        return peer if self.cycle is None else f"{self.cycle.describe()} of {peer}"
