"""A request and its response, as an app sees them: the events of ASGI http, their order and their lengths.

Knows no framing and no connection: a version of HTTP (http1/cycle.pyx) writes what is sent and feeds in the body.
fastsrv/dispatch.py gives `receive` and `send` to the app and reports how the app ended.
"""

from http import HTTPStatus

from fastsrv_ext.asgi.call import ClientDisconnected

from fastsrv_ext.asgi.awaitables cimport DONE
from fastsrv_ext.asgi.call cimport FINISHED, GONE, THERE, Peer
from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.counters cimport RESPONSES, Numbers, observe
from fastsrv_ext.http.fields cimport NO_LENGTH, validate
from fastsrv_ext.state cimport CLOSED, HOLD

cdef enum:
    PIECE_COST = 64         # bytes of memory that a piece of a body takes beside its own: small ones take more


cdef class Exchange(Call):

    # --- what a version of HTTP makes of it ---

    cdef int made_room(self) except -1:
        raise NotImplementedError

    cdef int write_first(self, bytes data, bint final) except -1:
        raise NotImplementedError

    cdef int write_more(self, bytes data, bint final) except -1:
        raise NotImplementedError

    cdef Py_ssize_t write_error(self, object status) except -1:
        raise NotImplementedError

    cdef int completed(self) except -1:
        raise NotImplementedError

    cdef int broken_off(self) except -1:
        raise NotImplementedError

    # --- the request ---

    cdef int body_received(self, bytes data) except -1:
        if self.progress < FULL:  # else nobody is left to read it
            if self.pieces is None:
                self.pieces = []
            self.pieces.append(data)
            self.buffered += len(data) + PIECE_COST
            self.wake()
        return 0

    cdef int body_ended(self) except -1:
        self.arrival = ARRIVED
        return self.wake()

    cdef bint has_event(self) noexcept:
        return self.has_body_event() or self.is_over()

    cdef bint has_body_event(self) noexcept:
        return self.buffered > 0 or self.arrival == ARRIVED

    cdef bint is_over(self) noexcept:
        """Does receive() say http.disconnect, behind what has come?"""
        if self.progress == COMPLETE or self.told or self.peer == GONE:
            return True
        return self.arrival == COMING and (self.peer != THERE or self.progress == FULL)  # no more of it will come

    cdef dict next_event(self):
        if self.progress == COMPLETE or not self.has_body_event():
            return {"type": "http.disconnect"}
        # What has arrived is handed over even if the client has gone since: some never wait for an answer.
        body = b""
        if self.buffered > 0:
            body = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
            self.pieces.clear()
            self.buffered = 0
        cdef bint more = self.arrival == COMING
        if not more:
            self.arrival = PASSED_ON
        if self.outlet is not None:
            if more:
                self.made_room()
            elif self.progress == BEGUN and self.is_full(0):
                self.fill()
        return {"type": "http.request", "body": body, "more_body": more}

    # --- the response: send() ---

    cdef object send_event(self, dict event):
        """http.response.start and http.response.body.

        Raises RuntimeError for an event that may not come now or a body that breaks its Content-Length, KeyError,
        TypeError and ValueError for an event's contents. Once the client has gone it is silent, and gives the loop its
        turn now and then; or raises ClientDisconnected (fastsrv_send_after_disconnect).
        """
        kind = event["type"]
        if kind == "http.response.body":
            return self.send_body(event.get("body", b""), event.get("more_body", False))
        if kind == "http.response.start":
            return self.send_start(event["status"], event.get("headers", ()))
        raise RuntimeError(
            f"send() got an event of type {kind!r}; an http response knows http.response.start and http.response.body")

    cdef object send_start(self, object status, object headers):
        if self.progress == COMPLETE:
            return DONE  # the spec: ignored
        if self.progress != NOTHING:
            raise RuntimeError("send() got a second http.response.start")
        if not isinstance(status, int) or not 100 <= status <= 999:
            raise ValueError(f"the status of a response must be an int from 100 to 999, not {status!r}")
        cdef bint bodiless = status < 200 or status == 204
        if self.logged is not None or self.became is not None or not isinstance(headers, (list, tuple)):
            headers = list(headers)  # the access log wants what was sent, and the app may change its own
        self.fields = validate(headers, bodiless, &self.said)
        if self.peer == GONE and self.context.scope.send_raises:
            raise ClientDisconnected("the client has gone")
        self.status = status
        if self.unanswered == 0:
            self.response_headers = headers
        self.length = NO_LENGTH if bodiless else self.said.content_length
        self.progress = HELD
        if self.has_waited:
            self.hold_for_a_tick()
        return DONE

    cdef object send_body(self, object body, object more):
        cdef bytes data
        cdef bint final = not more
        if self.progress == COMPLETE:
            return DONE  # the spec: ignored
        if self.progress == NOTHING:
            raise RuntimeError("send() got http.response.body before http.response.start")
        if type(body) is bytes:
            data = <bytes>body
        elif isinstance(body, (bytes, bytearray, memoryview)):  # or of a class of the app's
            data = bytes(body)
        else:
            raise TypeError(f"the body of http.response.body must be bytes, not {type(body).__name__}")
        cdef Py_ssize_t size = len(data)
        cdef bint first = self.progress == HELD
        if self.outlet is None:
            return self.send_to_nobody(size, final)
        if first:
            self.choose_content(size, final)
        if self.content == COUNTED:
            if not first and size > self.length - self.sent:
                return self.send_what_fits(data)
            self.check_length(size, final)
        if first:
            self.begin_on_wire(data, final)
        elif self.content != NONE:
            self.write_more(data, final)
        if self.content != NONE:
            self.sent += size
        if final:
            self.progress = COMPLETE
            self.completed()
            self.wake()
        elif self.is_full(0):
            self.fill()
        elif self.has_had_its_turn(size) or self.outlet.lagging():
            return self.wait_for_peer()
        return DONE

    cdef int choose_content(self, Py_ssize_t size, bint final) except -1:
        """The first body event tells whether the whole body is known."""
        if is_bodiless(self.status) or self.head.is_head:
            self.content = NONE
        elif self.length != NO_LENGTH:
            self.content = COUNTED
        elif final:
            self.content = COUNTED
            self.length = size
        else:
            self.content = UNCOUNTED
        return 0

    cdef object send_what_fits(self, bytes data):
        """More than the Content-Length, which the client has been told: a file has grown meanwhile. It gets its whole
        answer, and the app's error is the app's. (Of what has not begun, the client gets a 500.)"""
        self.send_body(data[:self.length - self.sent], False)
        raise self.too_long()

    cdef object send_to_nobody(self, Py_ssize_t size, bint final):
        """Nothing more can be sent: the client has gone, or has all that it can get."""
        if self.progress == FULL and self.content == COUNTED:
            self.check_length(size, final)
        if self.peer == GONE and self.context.scope.send_raises:
            raise ClientDisconnected("the client has gone")
        if final:
            self.progress = COMPLETE
            self.end()
            self.wake()
        elif self.has_had_its_turn(0):  # nothing is written
            return self.wait_for_peer()
        return DONE

    cdef int check_length(self, Py_ssize_t size, bint final) except -1:
        """Never a wrong length on the wire."""
        cdef long long after = self.sent + size
        if after > self.length:
            raise self.too_long()
        if final and after < self.length:
            raise RuntimeError(
                f"the response's body ended after {after} of the {self.length} bytes of its content-length")
        return 0

    cdef object too_long(self):
        return RuntimeError(f"the response's body is longer than its content-length of {self.length} bytes")

    cdef int begin_on_wire(self, bytes data, bint final) except -1:
        self.progress = BEGUN
        self.hold_no_more()
        self.write_first(data, final)
        self.fields = None
        if self.became is not None:
            self.became.first_byte = monotonic() - self.became.started
        elif not final and self.started > 0:
            self.first_byte = monotonic() - self.started
            observe(&self.context.counters.now.first_bytes, self.first_byte)
        return 0

    # --- a head that waits for its body ---

    def waits(self):
        """The app has had to wait."""
        self.has_waited = True
        self.hold_for_a_tick()

    cdef int hold_for_a_tick(self) except -1:
        """A head that is held back leaves with the clock's next tick at the latest."""
        if self.progress == HELD and self.outlet is not None and self.hold is None:
            self.hold = Hold(self.context.clock)
            self.hold.exchange = self
            self.hold.enter(HOLD)
        return 0

    cdef int hold_no_more(self) except -1:
        if self.hold is not None:
            self.hold.enter(CLOSED)
            self.hold.exchange = None
            self.hold = None
        return 0

    cdef int send_head(self) except -1:
        """The body is late: the head leaves without it."""
        self.choose_content(0, False)
        self.begin_on_wire(b"", False)
        return self.fill() if self.is_full(0) else 0

    # --- the end of the answer ---

    cdef bint is_full(self, Py_ssize_t size) noexcept:
        """With `size` more bytes of the body, is that all that can go on the wire? Not while the request's body is
        still to be taken: an app may answer first, and read then."""
        if self.arrival == COMING or self.buffered > 0:
            return False
        return self.content == NONE or (self.content == COUNTED and self.sent + size == self.length)

    cdef int fill(self) except -1:
        """All is on the wire that can be: the next request is served, though the app has more to say. It may go on for
        ever, for nobody."""
        self.progress = FULL
        self.completed()
        self.wake()
        return self.tell_gone()

    cdef int peer_is(self, Peer peer) except -1:
        if peer == GONE:
            self.hold_no_more()
        return Call.peer_is(self, peer)

    cdef int lose(self, int status) except -1:
        """The answer ends here, short of its end. status: what is told of it, if it has not begun."""
        if self.progress < BEGUN:
            self.unanswered = status
            self.response_headers = ()
        if self.logged is not None:
            self.took = monotonic() - self.started
        return 0

    cdef int count_response(self) except -1:
        """It is complete, or can take no more."""
        cdef Numbers* now = self.context.counters.now
        now.counts[<int>RESPONSES] += 1
        self.context.counters.answered(self.status)
        if self.started > 0:  # else it is another call's: a handshake's, which may last
            self.took = monotonic() - self.started
            observe(&now.durations, self.took)
            if self.first_byte == 0:
                observe(&now.first_bytes, self.took)
                if self.unanswered == 0:
                    self.first_byte = self.took
        return 0

    cdef int tell_finished(self) except -1:
        if self.unanswered != 0:
            self.status = self.unanswered
        return Call.tell_finished(self)

    # --- how the app ended (called by fastsrv/dispatch.py) ---

    def describe(self):
        """"GET /path", for a human; the target holds no control characters (the parser refuses them)."""
        return f"{self.head.method} {self.head.target.decode('ascii', 'replace')}{self.identified()}"

    def is_complete(self):
        """Is the response complete, and has the app said so?"""
        return self.progress == COMPLETE

    def is_answered(self):
        """Is the response complete as far as the client can get it, or nobody left to read it?"""
        return self.progress >= FULL or self.peer == GONE

    def has_begun(self):
        """Has the head of the response left?"""
        return self.progress >= BEGUN

    def is_delivered(self):
        """Has the client got a whole body, though the app has not said that it is?"""
        return self.progress == FULL and self.content == COUNTED

    def is_abandoned(self):
        """Does receive() say http.disconnect, for another reason than that the response is complete?"""
        return self.is_over() and (self.progress != COMPLETE or self.peer != THERE)

    def may_be_gone(self):
        """May the client have gone, or has it all that it can get?"""
        return self.peer >= FINISHED or self.progress == FULL

    def taken(self):
        """How much the client has taken of the response, head and bytes of the body, as far as can be told, and the
        app of the request's body; -1 while the client lags behind."""
        if self.outlet is not None and self.outlet.lagging():
            return -1
        return self.received + self.sent + (self.progress >= BEGUN)

    def goes_on(self, long long taken):
        """Has anything been taken since it was so much, or is it to be?"""
        cdef long long now = self.taken()
        return self.peer != GONE and (now != taken or now == -1)

    def fail(self, bint owed):
        """The app will not complete its response: if one is still `owed` and none begun, answer 500, else close. An app
        that ended since the worker does leaves a client that waits: 503."""
        if self.progress >= FULL or self.peer == GONE:
            self.end()
            return
        self.hold_no_more()
        cdef bint dismissed = self.told and self.peer == THERE
        if self.progress == BEGUN or not (owed or dismissed):
            self.lose(CLIENT_CLOSED_REQUEST)
            self.progress = COMPLETE
            self.broken_off()
        else:
            status = HTTPStatus.SERVICE_UNAVAILABLE if dismissed and not owed else HTTPStatus.INTERNAL_SERVER_ERROR
            self.status = self.unanswered = status
            self.progress = COMPLETE
            self.sent = self.write_error(status)
            self.completed()
        self.wake()


cdef class Hold(Timed):
    """An app that has begun its answer, and keeps the clock waiting for the body of it."""

    cdef int expired(self) except -1:
        cdef Exchange exchange = self.exchange
        if exchange.head.expect is not None and exchange.arrival == COMING:
            return self.enter(HOLD)  # 100 Continue cannot follow the head, and the app may still ask for the body
        exchange.hold_no_more()
        return exchange.send_head()
