"""The HTTP/1.1 protocol class (RFC 9112).

asyncio's callbacks, and what is in hand: one cycle at a time. It parses nothing (reader.pyx has it done), writes to
no transport (connection.pyx does), knows no ASGI event (cycle.pyx does) and starts the app through
`context.calls.dispatch` alone, never from inside a parser callback. When nothing more is owed, closing.pyx goes on.
"""

from ssl import SSLError

from fastsrv_ext.http.request import BadRequest

from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.clock cimport seconds
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport (
    APP_FAILED, BODY_UNREAD, KEEPALIVE_OFF, LOST, PEER_ENDED, PERSISTS, TLS_FAILED, WORKER_STOPS, Ending,
)
from fastsrv_ext.http1.cycle cimport BEGUN, CLIENT_CLOSED_REQUEST, FINISHED, FULL, GONE, HALF_CLOSED, THERE, Peer
from fastsrv_ext.http1.reader cimport ENDED, IN_BODY, IN_HEAD, IN_PLAIN_BODY, REFUSED, is_acted_upon
from fastsrv_ext.http1.response cimport UNTIL_CLOSE, error_answer
from fastsrv_ext.asgi.scope cimport make_scope
from fastsrv_ext.state cimport BODY, CLOSE, CLOSED, DRAIN, HEAD, IDLE, RESPOND, SEND, State, is_ending

# RFC 9110, 10.2.3. Most requests take less than a second, so by then there is room again; a longer time would keep
# clients away from a worker that has room.
cdef bytes RETRY_AFTER = b"retry-after: 1\r\n"  # seconds

cdef enum:
    NOT_SEEN = -1                  # bytes: the peer's end has not been seen behind the body in hand
    MAX_LEFT_AT_WORK = 4           # apps behind answers that can take no more: HEAD to a stream is one, for seconds
    MAX_REST = 1024 * 1024         # bytes of an answered body, read for nothing so that the connection lives on
    SERVICE_UNAVAILABLE = 503      # what is told of an answer that the worker's end has cost


cdef class HTTP(Closing):
    """One connection. context: a Context, shared by the connections of a worker."""

    def __init__(self, Context context not None):
        super().__init__(context.clock)
        self.context = context

    # --- asyncio's callbacks, in the order of life ---

    def connection_made(self, transport):
        cdef bint is_peer_there = self.open(transport)
        self.enter(HEAD)
        self.context.connection_opened()
        if not is_peer_there:
            self.input = REFUSED  # or a forger would pass for a UNIX socket's peer, whom forwarded.py believes
            self.ends(LOST)
            self.enter(CLOSE)
            self.abort()

    def data_received(self, bytes data not None):
        if not is_acted_upon(self.input):
            self.discard(len(data))
        elif self.unread is not None or self.turn is not None:
            self.keep_unread(data)
            self.throttle()  # it has had its turn, or enough to do
        elif self.read(data, 0):
            self.advance_soon()
            self.throttle()
        else:
            self.advance()

    def eof_received(self):
        """The peer has half-closed. True: we stay to answer what it has asked for."""
        cdef Cycle cycle
        cdef Peer peer = HALF_CLOSED if self.is_local() else FINISHED
        self.ends(PEER_ENDED)
        if is_ending(self.state) or (
            self.cycle is None and self.first is None and self.refusal is None and self.state != SEND
        ):
            self.enter(CLOSE)
            return False
        self.input = ENDED
        self.drained = 0  # nothing more will come that a close could answer with a reset
        self.head = None
        self.reading = None
        cycle = self.first
        while cycle is not None:
            cycle.peer_is(peer)
            cycle = cycle.following
        if self.cycle is not None:
            self.cycle.peer_is(peer)
            if self.state == BODY:
                self.enter(RESPOND)
        self.watch()
        self.look()
        return True

    def pause_writing(self):
        if self.state == BODY:
            self.body_unwanted(self.reading)  # a wait that goes on when the peer has caught up
        self.lag()

    def resume_writing(self):
        if self.lags_no_more():
            self.enter(RESPOND)
            self.wake_laggards()
            if self.cycle is None:
                self.advance_soon()
            elif self.cycle.receivers is not None and not self.cycle.body_complete:
                self.want_body(self.cycle)

    def connection_lost(self, exc):
        cdef Cycle cycle
        self.enter(CLOSED)
        self.ends(TLS_FAILED if isinstance(exc, SSLError) else LOST)
        self.context.connection_closed(self.ending)
        if self.cycle is not None:
            cycle = self.cycle
            cycle.lose(SERVICE_UNAVAILABLE if self.ending == WORKER_STOPS else CLIENT_CLOSED_REQUEST)
            cycle.peer_is(GONE)
        self.lost()
        self.input = REFUSED
        self.parser = self.head = self.reading = self.cycle = None
        self.refusal = self.unread = self.line = None
        self.forget_pipeline()

    # --- what comes in (read by reader.pyx) ---

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

    cdef int body_came(self, Py_ssize_t size) except -1:
        cdef Cycle cycle = self.reading
        if self.state == BODY:
            self.stop_waiting_for_body()
        elif self.state == DRAIN:
            self.throw_away(size)
        cycle.heard = cycle.waited
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

    cdef int stop_waiting_for_body(self) except -1:
        """Bytes came while the app waited for them: its turn, unless they come too slowly in all."""
        cdef Cycle cycle = self.reading
        self.body_unwanted(cycle)
        cdef double late = seconds(cycle.waited - self.clock.limit(BODY))
        if late > 0 and cycle.received < late * self.context.limits.min_rate:
            raise BadRequest(408, "the request body came slower than fastsrv_min_rate", "body_rate")
        return 0

    # --- what is in hand: one cycle at a time, in order ---

    cdef int advance_soon(self) except -1:
        """In the loop's next turn: there is more to do than the caller's stack should carry."""
        if self.turn is None:
            self.turn = self.context.loop.call_soon(self.go_on)
            self.context.budget.waiting += 1
        return 0

    def go_on(self):
        """The turn that advance_soon() asked for."""
        self.turn = None
        self.context.budget.waiting -= 1
        self.advance()

    cdef int advance(self) except -1:
        """Start what can be started, within the budget of a turn; then rest. Not entered twice: a cycle that completes
        within start() returns to this loop."""
        cdef bint started = False, spent = False, waits = False
        cdef double began = 0
        if self.advancing or self.state == CLOSED:
            return 0
        self.advancing = True
        try:
            while not is_ending(self.state):
                if self.unread is not None and self.first is None and not self.is_crowded():
                    data, self.unread = self.unread, None
                    spent = self.read(data, self.parsed)
                    if spent:
                        break
                elif self.cycle is not None or self.state == SEND:
                    break
                elif self.first is not None and self.left_at_work >= MAX_LEFT_AT_WORK:
                    waits = True
                    break
                elif self.first is not None:
                    if started:
                        if began == 0:
                            began = monotonic()
                        spent = self.context.budget.is_spent(began)
                        if spent:
                            break
                    self.start(self.dequeue())
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
        self.cycle = cycle
        self.seen = NOT_SEEN
        self.respond()
        if self.first is not None and self.corked is None:
            self.corked = []
        if context.counters.in_flight >= context.service.max_in_flight:
            return self.refuse_cycle(cycle, BadRequest(
                503, f"{context.service.max_in_flight} requests are in flight (fastsrv_limit_concurrency)",
                "concurrency", RETRY_AFTER))
        cycle.client = self.client
        cycle.scope = make_scope(context, cycle.head, self.client, self.server)
        if cycle.head.forwarded and context.calls.forwarded is not None:
            try:
                context.calls.forwarded(cycle.scope, cycle.head.underscored)
            except BadRequest as refusal:
                return self.refuse_cycle(cycle, refusal)
        if context.calls.finished is not None:
            cycle.started = monotonic()
            cycle.head.headers = cycle.head.headers[:]  # the scope's are the app's to change
            cycle.logged = cycle.scope.copy()
        context.request_started()
        context.calls.dispatch(cycle)
        return 0

    cdef int respond(self) except -1:
        """RESPOND; SEND, if what TLS has written by itself waits for the peer."""
        self.enter(RESPOND)
        if self.backlog > 0:
            self.lag()
        return 0

    cdef int refuse_cycle(self, Cycle cycle, object refusal) except -1:
        """Its turn has come, and its app will not see it. What was read behind it is dropped."""
        self.forget_pipeline()
        self.reading = cycle
        return self.refuse(refusal)

    cdef int rest(self) except -1:
        """Nothing is owed. Wait for the next request, unless there is none to come."""
        if self.state == SEND or is_ending(self.state):
            pass  # resume_writing, or the peer's end, comes first
        elif self.input == REFUSED:
            self.drain()
        elif self.input == ENDED:
            self.close()
        elif self.input == IN_BODY or self.input == IN_PLAIN_BODY:
            # The answer came before the request's body did; behind it is the next request.
            self.begin_drain()
        elif self.input == IN_HEAD:
            if self.state != HEAD:
                self.enter(HEAD)
        elif self.state == RESPOND:
            self.enter(IDLE)
            self.settle()
        return 0

    cdef int refuse(self, object refusal) except -1:
        """What has been read is no request: answer `refusal` when those before it are answered."""
        cdef Cycle cycle = self.reading
        refusal.bodiless = self.reads_method_head()
        self.stop()
        self.head = self.reading = None
        self.unread = None
        if cycle is None:
            self.refusal = refusal
        elif cycle is self.cycle:
            # Its body is broken. An answer that has begun cannot become another one.
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
        elif self.first is not None:
            self.forget_last()  # the cycle; its app has not seen it
            self.refusal = refusal
        else:
            self.count_refusal(refusal)
            self.drain()  # it has been answered before its body came
        return 0

    cdef int count_refusal(self, object refusal) except -1:
        self.ends(self.context.counters.refuse(refusal.kind))
        return 0

    cdef int answer_refusal(self) except -1:
        refusal, self.refusal = self.refusal, None
        self.count_refusal(refusal)
        self.respond()
        self.write(error_answer(
            refusal.status, refusal.reason, self.context.response.default_fields + refusal.fields, refusal.bodiless))
        self.flush()
        if self.context.calls.refused is not None:
            self.context.calls.refused(self.client, refusal.status, refusal.reason)
        return 0  # advance() rests in DRAIN, as soon as the peer does not lag

    # --- what a cycle asks for ---

    cdef int want_body(self, Cycle cycle) except -1:
        if cycle.head.expect is not None and cycle.received == 0 and cycle.progress < BEGUN:
            # RFC 9110, 10.1.1: the client waits for our word before it sends the body.
            cycle.head.expect = None
            if not cycle.head.is_http_10:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.flush()
        if self.state == RESPOND:
            self.enter(BODY)
            self.shorten(cycle.waited - cycle.heard)  # an app may ask, give up, and ask again
        self.throttle()
        return 0

    cdef int body_unwanted(self, Cycle cycle) except -1:
        if self.state == BODY:
            cycle.waited += self.clock.now - self.since
            self.enter(RESPOND)
        return 0

    cdef int body_taken(self, Cycle cycle) except -1:
        if self.unread is not None:
            self.advance_soon()
        self.throttle()
        return 0

    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept:
        if not self.context.service.keepalive:
            return KEEPALIVE_OFF
        if self.context.draining:
            return self.context.drains_for  # what was read behind it is dropped (RFC 9112, 9.6)
        if cycle.peer != THERE and self.first is None and self.refusal is None:
            return PEER_ENDED  # it was the last
        if final and cycle is self.reading and not self.is_worth_draining(cycle):
            return BODY_UNREAD  # the rest comes before the next request; it is worth reading if it is small
        return PERSISTS

    cdef bint is_worth_draining(self, Cycle cycle) noexcept:
        return cycle.head.expect is None and 0 < self.body_left <= min(MAX_REST, self.context.limits.drain)

    cdef int response_complete(self, Cycle cycle) except -1:
        cdef bint last = cycle.ending != PERSISTS
        self.context.counters.responses += 1
        self.cycle = None
        cycle.connection = None
        if cycle.progress == FULL:
            cycle.counters = self.context.counters  # it is in flight until the app has said that it has ended, or ends
            cycle.lose(cycle.status)  # the time that it took; of it is told in the app's context, when that has ended
            cycle.left = self
            self.left_at_work += 1
        else:
            self.context.counters.in_flight -= 1
            cycle.tell_finished()
        if last:
            self.ends(cycle.ending)
            self.act_no_more()
        if cycle is self.reading:
            cycle.pieces = None
            cycle.buffered = 0
            if last or not self.is_worth_draining(cycle):
                self.ends(BODY_UNREAD)
                self.stop()
                self.reading = self.unread = None
        if self.advancing:
            return 0
        if self.first is not None or self.unread is not None or self.refusal is not None:
            # Never start an app from within another.
            self.advance_soon()
        else:
            self.advance()
        return 0

    cdef int app_ended(self) except -1:
        self.left_at_work -= 1
        if self.first is not None and self.state != CLOSED:
            self.advance_soon()
        return 0

    cdef int response_failed(self, Cycle cycle) except -1:
        self.cycle = self.reading = None
        cycle.connection = None
        self.context.counters.in_flight -= 1
        self.ends(APP_FAILED)
        self.act_no_more()
        cycle.tell_finished()
        self.cut_off(cycle)
        self.advance()
        return 0

    cdef int cut_off(self, Cycle cycle) except -1:
        """The rest of a response never comes."""
        if cycle.framing == UNTIL_CLOSE:
            self.reset()  # an orderly end would make the body look whole
        return 0

    cdef int act_no_more(self) except -1:
        """No later byte is acted upon, nor what has been read (CVE-2024-49768)."""
        self.stop()
        self.forget_pipeline()
        self.unread = self.refusal = None
        return 0

    # --- for fastsrv/server.py ---

    def describe(self):
        """For a human: 'GET /path of 127.0.0.1:4321', or the peer alone with no request in hand."""
        peer = "{}:{}".format(*self.client) if self.client is not None else "a local socket"
        if self.cycle is None:
            return peer
        return f"{self.cycle.head.method} {self.cycle.head.target.decode('ascii', 'replace')} of {peer}"
