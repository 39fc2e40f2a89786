"""Requests get their turn: one cycle at a time is in hand, in the order in which they came.

Parses nothing (reader.pyx has it done), touches no transport (wire/ does), knows no ASGI event (asgi/ does) and starts
the app through `context.callbacks.dispatch` alone, never from inside a parser callback. The other half of the protocol
class, asyncio's callbacks and the limits of time, is protocol.pyx.
"""

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.asgi.call cimport GONE, THERE
from fastsrv_ext.asgi.exchange cimport BEGUN, CLIENT_CLOSED_REQUEST, COMPLETE, FULL, NOTHING
from fastsrv_ext.asgi.scope cimport complete_path, make_scope
from fastsrv_ext.budget cimport Budget, monotonic
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport (
    APP_FAILED, BODY_UNREAD, IN_FLIGHT, KEEPALIVE_OFF, LOST, PEER_ENDED, PERSISTS, Ending,
)
from fastsrv_ext.http.fields cimport Said, validate
from fastsrv_ext.http1.reader cimport ENDED, IN_BODY, IN_HEAD, IN_PLAIN_BODY, REFUSED, SWITCHING
from fastsrv_ext.http1.response cimport error_answer, error_body, fields_of, render_head, with_upgrade
from fastsrv_ext.state cimport CLOSED, HEAD, IDLE, RESPOND, SEND, is_ending
from fastsrv_ext.wire.connection cimport Connection

# RFC 9110, 10.2.3. Most requests take less than a second, so by then there is room again; a longer time would keep
# clients away from a worker that has room.
cdef bytes RETRY_AFTER = b"retry-after: 1\r\n"  # seconds

cdef enum:
    MAX_LEFT_AT_WORK = 4           # apps behind answers that can take no more: HEAD to a stream is one, for seconds
    MAX_REST = 1024 * 1024         # bytes of an answered body, read for nothing so that the connection lives on


cdef class Pipeline(Carrier):

    # --- the next one ---

    cdef int advance(self) except -1:
        """Start what can be started, within the budget of a turn; then rest. Not entered twice: a cycle that completes
        within start() returns to this loop."""
        cdef Reader reader = self.reader
        cdef Budget budget = self.context.budget
        cdef Cycle cycle
        cdef bint started = False, spent = False, waits = False
        cdef double began = 0
        if self.advancing or self.state == CLOSED:
            return 0
        self.advancing = True
        try:
            while not is_ending(self.state):
                if reader.may_go_on():
                    spent = reader.read_unread()
                    if spent:
                        break
                elif self.cycle is not None or self.state == SEND:
                    break
                elif reader.first is not None and self.left_at_work >= MAX_LEFT_AT_WORK:
                    waits = True
                    break
                elif reader.first is not None:
                    if budget.is_used_up:
                        spent = True
                        break
                    if started:
                        if began == 0:
                            began = monotonic()
                        spent = budget.is_spent(began)
                        if spent:
                            break
                    cycle = reader.dequeue()
                    self.start(cycle)
                    started = True
                    if cycle.started > 0:
                        budget.app_ran(self.context.loop, cycle.started)
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
            if not budget.is_spent(self.corked_since):
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
        self.respond()
        if self.reader.first is not None and self.corked is None:
            self.corked = []
        if context.counters.now.counts[<int>IN_FLIGHT] >= context.service.max_in_flight:
            return self.refuse_cycle(cycle, BadRequest(
                503, f"{context.service.max_in_flight} requests are in flight", "concurrency", RETRY_AFTER))
        refusal = self.describe_in_scope(cycle)
        if refusal is not None:
            return self.refuse_cycle(cycle, refusal)
        if context.scope.tells_of_tls:
            self.tell_of_tls(cycle.scope)
        if context.scope.is_mounted or cycle.head.is_forwarded():
            complete_path(context.scope, cycle.scope)
        if self.reader.input == SWITCHING and self.reader.first is None and self.takes_a_switch(cycle):
            return 0
        return self.serve(cycle)

    cdef object describe_in_scope(self, Cycle cycle):
        """Make its scope and its id. Returns the refusal of what trusted proxies must not say, or None."""
        cdef Context context = self.context
        cycle.client = self.client
        cycle.scope = make_scope(context, cycle.head, self.client, self.server)
        if self.is_secure:
            cycle.scope["scheme"] = "https"
        if context.callbacks.identify is not None:
            context.callbacks.identify(cycle)
        return self.forward(cycle) if cycle.head.is_forwarded() else None

    cdef object forward(self, Cycle cycle):
        """Have its scope say what trusted proxies do. Returns the refusal of what they must not say, or None."""
        if self.context.callbacks.forwarded is not None:
            try:
                self.context.callbacks.forwarded(cycle.scope, cycle.head.is_underscored())
            except BadRequest as refusal:
                return refusal
        return None

    cdef int tell_of_tls(self, dict scope) except -1:
        """The ASGI extension: a copy of what all requests of the connection have."""
        cdef dict tls = self.tls_extension()
        if tls is not None:
            tls = tls.copy()
            tls["client_cert_chain"] = list(tls["client_cert_chain"])
            scope.setdefault("extensions", {})["tls"] = tls
        return 0

    cdef int serve(self, Cycle cycle) except -1:
        cycle.begin()
        self.context.callbacks.dispatch(cycle)
        return 0

    cdef bint takes_a_switch(self, Cycle cycle) except -1:
        """It asks for another protocol that we have (RFC 9110, 7.8). Does that take it?"""
        if cycle.peer != THERE:
            return False
        try:
            return self.context.upgrade_of(cycle.head.upgrade)(self, cycle)
        except BadRequest as refusal:
            self.refuse_cycle(cycle, refusal)
            return True
        except Exception as error:
            self.context.loop.call_exception_handler({
                "message": f"The protocol of an upgrade failed at {self.describe()}", "exception": error})
            cycle.fail(True)
            return True

    def switch(self, Cycle cycle not None, Connection successor not None, headers not None):
        """Answer the request in hand, which has asked for it, with 101: `successor` goes on with the connection.

        headers: as an app's, with Upgrade among them. False, and nothing is done, if the client has ended its side
        meanwhile, or has gone, or has an answer; see decline().
        """
        cdef Said said
        cdef bytes unread = b""
        if cycle is not self.cycle or cycle.peer != THERE or cycle.progress != NOTHING or (
            self.reader.input != SWITCHING or is_ending(self.state)
        ):
            return False
        fields = validate(headers, True, &said)
        self.write(render_head(
            101, self.context.response.default_fields + cycle.lines_of_ours(fields), fields, said.size,
            b"", with_upgrade(b"\r\n"), b""))
        self.flush()
        if self.is_unreachable():  # the client has gone: the answer has not left
            self.ends(LOST)
            cycle.lose(CLIENT_CLOSED_REQUEST)
            cycle.peer_is(GONE)
            return False
        self.context.counters.answered(101)
        cycle.progress = COMPLETE
        cycle.outlet = self.cycle = None
        cycle.end()
        if self.reader.unread is not None:
            unread = self.reader.unread[self.reader.parsed:]
        return self.hand_over(successor, unread)

    def decline(self, Cycle cycle not None):
        """Serve the request in hand, which has been taken for another protocol, as any other: who takes one has to do
        this or switch(), as nothing limits the time of it."""
        if cycle is self.cycle and cycle.progress == NOTHING and not cycle.in_flight:
            self.serve(cycle)

    cdef int respond(self) except -1:
        """RESPOND; SEND, if what TLS has written by itself waits for the peer."""
        self.enter(RESPOND)
        if self.has_backlog():
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
        return self.close(self.reader.input == ENDED and self.drained == 0)

    cdef int close(self, bint peer_knows) except -1:
        self.reader.stop()
        return Connection.close(self, peer_knows)

    # --- what is no request, or one that is not served ---

    cdef int refuse(self, object refusal) except -1:
        """Answer `refusal` when what came before is answered: what the reader has read is no request, or breaks a rule
        of its own."""
        cdef Cycle cycle = self.reader.reading
        refusal.call = self.reader.refused()
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
        self.await_body_no_more(cycle)
        cycle.lose(refusal.status)
        if cycle.progress < BEGUN:
            self.refusal = refusal
        else:
            self.count_refusal(refusal)
            self.cut_off(cycle)
        cycle.peer_is(GONE)
        self.cycle = None
        return 0

    cdef int refuse_cycle(self, Cycle cycle, object refusal) except -1:
        """Its turn has come, and its app will not see it. What was read behind it is dropped."""
        refusal.call = cycle
        self.reader.forget()
        return self.refuse_body(cycle, refusal)

    cdef int count_refusal(self, object refusal) except -1:
        self.ends(self.context.counters.refuse(refusal.kind))
        if self.context.callbacks.warn is not None:
            self.context.callbacks.warn(
                refusal.kind, "Refused a request of %s: %d, %s", self.describe_client(refusal.call), refusal.status,
                refusal.reason)
        return 0

    cdef str describe_client(self, Cycle cycle):
        """For a human: the peer, and whose request it hands on, if that is known."""
        peer = Connection.describe(self)
        client = None if cycle is None or cycle.scope is None else cycle.scope.get("client")
        if type(client) is not tuple or client == self.client:  # the scope is the app's to change
            return peer
        return f"{client[0] if client else None} by way of {peer}"

    cdef int answer_refusal(self) except -1:
        cdef Cycle cycle
        refusal, self.refusal = self.refusal, None
        cycle = refusal.call
        body = error_body(refusal.reason)
        if cycle.scope is None:
            self.describe_in_scope(cycle)
        self.count_refusal(refusal)
        self.respond()
        cycle.ending = self.ending
        answer = error_answer(
            refusal.status, body, self.context.response.default_fields + refusal.fields + cycle.lines_of_ours([]),
            cycle.head.is_head)
        cycle.response_headers = fields_of(answer)
        if self.can_be_answered():
            self.write(answer)
            self.flush()
            self.context.counters.answered(refusal.status)
            cycle.sent = 0 if cycle.head.is_head else len(body)
        if cycle.started == 0 and self.context.callbacks.unserved is not None:  # otherwise finished() tells of it
            cycle.status = refusal.status
            self.context.callbacks.unserved(cycle)
        return 0  # advance() rests in DRAIN, as soon as the peer does not lag

    # --- what becomes of an answer (a cycle says) ---

    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept:
        if not self.context.service.keepalive:
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
        cycle.count_response()
        self.cycle = None
        cycle.outlet = None
        if cycle.progress == FULL:  # it is in flight until the app has said that it has ended, or ends
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
        reader.go_on()
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

    cdef int response_broken_off(self, Cycle cycle) except -1:
        self.cycle = None
        cycle.outlet = None
        self.ends(APP_FAILED)
        cycle.ending = self.ending
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
