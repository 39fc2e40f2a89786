"""The HTTP/1.1 protocol class (RFC 9112).

asyncio's callbacks, and what is in hand: one cycle at a time. It parses nothing (reader.pyx has it done), touches no
transport (wire/ does), knows no ASGI event (asgi/ does) and starts the app through `context.dispatch` alone, never
from inside a parser callback.
"""

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.asgi.call cimport FINISHED, GONE, HALF_CLOSED, THERE, Peer
from fastsrv_ext.asgi.exchange cimport BEGUN, CLIENT_CLOSED_REQUEST, FULL
from fastsrv_ext.asgi.scope cimport make_scope
from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.clock cimport seconds
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport (
    APP_FAILED, BODY_UNREAD, HEAD_LATE, KEEPALIVE_OFF, KEEPALIVE_OVER, PEER_ENDED, PERSISTS, WORKER_STOPS, Ending,
)
from fastsrv_ext.http1.reader cimport (
    BETWEEN, ENDED, IN_BODY, IN_HEAD, IN_PLAIN_BODY, REFUSED, is_acted_upon, new_reader,
)
from fastsrv_ext.http1.response cimport error_answer
from fastsrv_ext.state cimport BODY, CLOSE, CLOSED, DRAIN, HEAD, IDLE, RESPOND, SEND, State, is_ending
from fastsrv_ext.wire.connection cimport Connection

# RFC 9110, 10.2.3. Most requests take less than a second, so by then there is room again; a longer time would keep
# clients away from a worker that has room.
cdef bytes RETRY_AFTER = b"retry-after: 1\r\n"  # seconds

cdef enum:
    NOT_SEEN = -1                  # bytes: the peer's end has not been seen behind the body in hand
    MAX_LEFT_AT_WORK = 4           # apps behind answers that can take no more: HEAD to a stream is one, for seconds
    MAX_REST = 1024 * 1024         # bytes of an answered body, read for nothing so that the connection lives on
    SERVICE_UNAVAILABLE = 503      # what is told of an answer that the worker's end has cost
    LAST_LOOK = 4                  # ticks, a second: the loop reads what has come in its next turn
    SHUT_AFTER = 4                 # ticks, a second: some round trips, for the first request of a connection


cdef class HTTP1(Carrier):
    """One connection. context: a Context, shared by the connections of a worker."""

    def __init__(self, Context context not None):
        super().__init__(context.clock)
        self.context = context
        self.reader = new_reader(self)

    # --- asyncio's callbacks, in the order of life ---

    def connection_made(self, transport):
        if not self.open(transport):
            self.reader.stop()  # or a forger would pass for a UNIX socket's peer, whom forwarded.py believes

    def data_received(self, bytes data not None):
        cdef Reader reader = self.reader
        if not is_acted_upon(reader.input):
            self.discard(len(data))
        elif reader.unread is not None or self.turn is not None:
            reader.keep(data)
            self.throttle()  # it has had its turn, or enough to do
        elif reader.read(data):
            self.advance_soon()
            self.throttle()
        else:
            self.advance()

    def eof_received(self):
        """The peer has half-closed. True: we stay to answer what it has asked for."""
        cdef Peer peer = HALF_CLOSED if self.is_local() else FINISHED
        self.ends(PEER_ENDED)
        if is_ending(self.state) or (
            self.cycle is None and self.reader.first is None and self.refusal is None and self.state != SEND
        ):
            self.enter(CLOSE)
            return False
        self.drained = 0  # nothing more will come that a close could answer with a reset
        self.reader.end(peer)
        if self.cycle is not None:
            self.cycle.peer_is(peer)
            if self.state == BODY:
                self.enter(RESPOND)
        self.watch()
        self.look()
        return True

    def pause_writing(self):
        if self.state == BODY:
            self.await_body_no_more(self.reader.reading)  # a wait that goes on when the peer has caught up
        self.lag()

    def resume_writing(self):
        if self.lags_no_more():
            self.enter(RESPOND)
            self.wake_laggards()
            if self.cycle is None:
                self.advance_soon()
            elif self.cycle.receivers is not None:
                self.cycle.wanted()

    def connection_lost(self, exc):
        cdef Cycle cycle = self.cycle
        self.lost(exc)
        if cycle is not None:
            cycle.lose(SERVICE_UNAVAILABLE if self.ending == WORKER_STOPS else CLIENT_CLOSED_REQUEST)
            cycle.peer_is(GONE)
        self.cycle = self.refusal = None
        self.reader.forget()
        self.reader.parser = self.reader.carrier = None

    # --- the limits that have passed ---

    cdef int expired(self) except -1:
        cdef State state = self.state
        if self.turn is not None and state != SEND and state != CLOSE:
            # What has come is not judged before its turn: with the next tick, unless it has moved on by then.
            self.enter(HEAD if state == IDLE else state)
            return self.shorten(self.clock.limit(self.state) - 1)
        if state == IDLE:
            if self.has_part_of_record() or self.has_unread_bytes():
                return self.enter(HEAD)  # a request has come; the loop is about to read it, or the rest of its record
        elif state == HEAD:
            if self.reader.input == IN_HEAD:
                return self.refuse_late("the request head took longer than fastsrv_header_timeout", "header_timeout")
            # Once, or a peer that sends TLS records without data would be waited for for ever.
            if self.deadline - self.since == self.clock.limit(HEAD) and self.has_unread_bytes():
                self.enter(HEAD)
                return self.shorten(max(1, self.clock.limit(HEAD) - LAST_LOOK))
        elif state == BODY:
            return self.refuse_late("the request body took longer than fastsrv_body_timeout", "body_timeout")
        else:
            return Connection.expired(self)
        self.context.counters.expired[<int>state] += 1
        if self.context.draining:
            self.ends(self.context.drains_for)  # IDLE is shorter by then
        self.ends(HEAD_LATE if state == HEAD else KEEPALIVE_OVER)
        return self.finish()

    cdef int refuse_late(self, str reason, str kind) except -1:
        self.context.counters.expired[<int>self.state] += 1
        self.refuse(BadRequest(408, reason, kind))
        return self.advance()

    # --- what comes in (read by reader.pyx) ---

    cdef bint has_enough(self) noexcept:
        return self.reader.unread is not None or self.reader.is_crowded()

    cdef int end_seen(self) except -1:
        """Most that end their side have gone, but what they have left to read is the app's to take: only one that takes
        none of it from one look to the next has a grace period."""
        cdef Cycle cycle = self.cycle
        if cycle is not None:
            if cycle.received == self.seen:
                cycle.tell_gone()
            self.seen = cycle.received
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
            raise BadRequest(408, "the request body came slower than fastsrv_min_rate", "body_rate")
        return 0

    cdef int message_ended(self) except -1:
        cdef State state = self.state
        if state == BODY or state == DRAIN:
            self.enter(RESPOND)
        if state == DRAIN:
            self.drained = 0  # of this request; the next one's end is to know nothing of it
            if self.backlog > 0:
                self.lag()
        return 0

    # --- what is in hand: one cycle at a time, in order ---

    cdef int advance(self) except -1:
        """Start what can be started, within the budget of a turn; then rest. Not entered twice: a cycle that completes
        within start() returns to this loop."""
        cdef Reader reader = self.reader
        cdef bint started = False, spent = False, waits = False
        cdef double began = 0
        if self.advancing or self.state == CLOSED:
            return 0
        self.advancing = True
        try:
            while not is_ending(self.state):
                if reader.unread is not None and reader.first is None and not reader.is_crowded():
                    spent = reader.read_unread()
                    if spent:
                        break
                elif self.cycle is not None or self.state == SEND:
                    break
                elif reader.first is not None and self.left_at_work >= MAX_LEFT_AT_WORK:
                    waits = True
                    break
                elif reader.first is not None:
                    if started:
                        if began == 0:
                            began = monotonic()
                        spent = self.context.budget.is_spent(began)
                        if spent:
                            break
                    self.start(reader.dequeue())
                    started = True
                elif self.refusal is not None:
                    self.answer_refusal()
                else:
                    break
        finally:
            self.advancing = False
        if waits:
            self.respond()  # for apps: app_ended() goes on
        elif spent:
            self.advance_soon()
        elif started and self.cycle is not None and self.corked is not None and not self.context.eager:
            # The app's first step comes with the loop's next turn; its answer may leave with the others, if it is soon.
            if self.corked_since == 0:
                self.corked_since = monotonic()
            self.advance_soon()
            if not self.context.budget.is_spent(self.corked_since):
                self.throttle()
                return 0
        self.corked_since = 0
        self.flush()
        if self.state != CLOSED:
            if self.cycle is None and not spent and not waits:
                self.rest()
            self.throttle()
        return 0

    cdef int start(self, Cycle cycle) except -1:
        """RESPOND: scope and app."""
        cdef Context context = self.context
        cdef dict scope
        self.cycle = cycle
        self.seen = NOT_SEEN
        self.respond()
        if self.reader.first is not None and self.corked is None:
            self.corked = []
        if context.counters.in_flight >= context.max_in_flight:
            return self.refuse_cycle(cycle, BadRequest(
                503, f"{context.max_in_flight} requests are in flight (fastsrv_limit_concurrency)", "concurrency",
                RETRY_AFTER))
        scope = make_scope(context, cycle.head, self.client, self.server)
        if cycle.head.is_forwarded() and context.forwarded is not None:
            try:
                context.forwarded(scope, cycle.head.is_underscored())
            except BadRequest as refusal:
                return self.refuse_cycle(cycle, refusal)
        cycle.begin(scope, self.client)
        context.dispatch(cycle)
        return 0

    cdef int respond(self) except -1:
        """RESPOND; SEND, if what TLS has written by itself waits for the peer."""
        self.enter(RESPOND)
        if self.backlog > 0:
            self.lag()
        return 0

    cdef int rest(self) except -1:
        """Nothing is owed. Wait for the next request, unless there is none to come."""
        if self.state == SEND or is_ending(self.state):
            pass  # resume_writing, or the peer's end, comes first
        elif self.reader.input == REFUSED:
            self.drain()
        elif self.reader.input == ENDED:
            self.finish()
        elif self.reader.input == IN_BODY or self.reader.input == IN_PLAIN_BODY:
            # The answer came before the request's body did; behind it is the next request.
            self.begin_drain()
        elif self.reader.input == IN_HEAD:
            if self.state != HEAD:
                self.enter(HEAD)
        elif self.state == RESPOND:
            self.enter(IDLE)
            self.settle()
        return 0

    cdef int drain(self) except -1:
        """Our answer was the last: end our side, and wait for the peer's end."""
        self.reader.stop()
        return 0 if self.state == SEND else self.linger()  # in SEND it is not out yet: rest() comes back to this

    cdef int finish(self) except -1:
        """Nothing is owed any more, and nothing will be."""
        cdef bint peer_knows = self.reader.input == ENDED and self.drained == 0
        self.reader.stop()
        return self.close(peer_knows)

    # --- what is no request, or one that is not served ---

    cdef int refuse(self, object refusal) except -1:
        """Answer `refusal` when what came before is answered: what the reader has read is no request, or breaks a rule
        of its own."""
        cdef Cycle cycle = self.reader.reading
        refusal.bodiless = self.reader.reads_method_head()
        self.reader.stop()
        if cycle is not None and cycle is self.cycle:
            self.refuse_body(cycle, refusal)
        elif cycle is not None and cycle.outlet is None:
            self.count_refusal(refusal)
            self.drain()  # it has been answered before its body came
        else:
            self.refusal = refusal
        return 0

    cdef int refuse_body(self, Cycle cycle, object refusal) except -1:
        """That of the request in hand. An answer that has begun cannot become another one."""
        cycle.lose(refusal.status)
        if cycle.progress < BEGUN:
            self.refusal = refusal
        else:
            self.count_refusal(refusal)
            self.cut_off(cycle)
        cycle.peer_is(GONE)
        self.cycle = None
        if self.state == BODY:
            self.enter(RESPOND)
        return 0

    cdef int refuse_cycle(self, Cycle cycle, object refusal) except -1:
        """Its turn has come, and its app will not see it. What was read behind it is dropped."""
        refusal.bodiless = cycle.head.is_head
        self.reader.forget()
        return self.refuse_body(cycle, refusal)

    cdef int count_refusal(self, object refusal) except -1:
        self.ends(self.context.counters.refuse(refusal.kind))
        return 0

    cdef int answer_refusal(self) except -1:
        refusal, self.refusal = self.refusal, None
        self.count_refusal(refusal)
        self.respond()
        self.write(error_answer(
            refusal.status, refusal.reason, self.context.default_fields + refusal.fields, refusal.bodiless))
        self.flush()
        if self.context.refused is not None:
            self.context.refused(self.client, refusal.status, refusal.reason)
        return 0  # advance() rests in DRAIN, as soon as the peer does not lag

    # --- what a cycle asks for ---

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

    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept:
        if not self.context.keepalive:
            return KEEPALIVE_OFF
        if self.context.draining:
            return self.context.drains_for  # what was read behind it is dropped (RFC 9112, 9.6)
        if cycle.peer != THERE and self.reader.first is None and self.refusal is None:
            return PEER_ENDED  # it was the last
        if final and cycle is self.reader.reading and not self.is_worth_draining(cycle):
            return BODY_UNREAD  # the rest comes before the next request; it is worth reading if it is small
        return PERSISTS

    cdef bint is_worth_draining(self, Cycle cycle) noexcept:
        return cycle.head.expect is None and 0 < self.reader.body_left <= min(MAX_REST, self.context.limits.drain)

    cdef int response_complete(self, Cycle cycle) except -1:
        cdef Reader reader = self.reader
        cdef bint last = cycle.ending != PERSISTS
        self.context.counters.responses += 1
        self.cycle = None
        cycle.outlet = None
        if cycle.progress == FULL:  # it is in flight until the app has said that it has ended, or ends
            cycle.lose(cycle.status)  # the time that it took; of it is told in the app's context, when that has ended
            cycle.left = self
            self.left_at_work += 1
        else:
            cycle.end()
        if last:
            self.ends(cycle.ending)
        if cycle is reader.reading:
            cycle.pieces = None
            cycle.buffered = 0
            if last or not self.is_worth_draining(cycle):
                self.ends(BODY_UNREAD)
                reader.stop()
        if last:
            self.act_no_more()
        if self.advancing:
            return 0
        if reader.first is not None or reader.unread is not None or self.refusal is not None:
            # Never start an app from within another.
            self.advance_soon()
        else:
            self.advance()
        return 0

    cdef int app_ended(self) except -1:
        self.left_at_work -= 1
        if self.state != CLOSED and self.reader.first is not None:
            self.advance_soon()
        return 0

    cdef int response_failed(self, Cycle cycle) except -1:
        self.cycle = None
        cycle.outlet = None
        self.ends(APP_FAILED)
        self.act_no_more()
        cycle.end()
        self.cut_off(cycle)
        return self.advance()

    cdef int cut_off(self, Cycle cycle) except -1:
        """The rest of a response never comes."""
        return self.reset() if cycle.is_until_close() else 0  # an orderly end would make the body look whole

    cdef int act_no_more(self) except -1:
        """No later byte is acted upon, nor what has been read (CVE-2024-49768)."""
        self.refusal = None
        return self.reader.forget()

    # --- for fastsrv/server.py ---

    def shut(self, long long since):
        """An idle connection gets the time of one for the request that it was made for; one with an answer in hand
        closes behind it (`context.draining`)."""
        cdef Reader reader = self.reader
        if self.state == HEAD and reader.input == BETWEEN:
            since = max(since, self.since)
            if self.clock.now - since < max(SHUT_AFTER, self.clock.limit(IDLE)):
                return
            if self.turn is None and not (self.has_part_of_record() or self.has_unread_bytes()):
                self.ends(self.context.drains_for)
                self.finish()
        elif not is_acted_upon(reader.input):
            Connection.shut(self, since)

    def describe(self):
        """For a human: 'GET /path of 127.0.0.1:4321', or the peer alone with no request in hand."""
        peer = Connection.describe(self)
        return peer if self.cycle is None else f"{self.cycle.describe()} of {peer}"
