"""One request and its response: the ASGI receive() and send() (ASGI http).

Touches no transport and starts no app: the connection (protocol.pyx) makes a Cycle per request and feeds
it the body; fastsrv/dispatch.py gives `receive` and `send` to the app and reports how the app ended.
"""

from asyncio import sleep
from collections.abc import Coroutine
from http import HTTPStatus

cimport cython
from cpython.exc cimport PyErr_SetObject

from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.counters cimport APP_CLOSE, APP_FAILED, CLIENT_CLOSE, PERSISTS
from fastsrv_ext.http1.response cimport (
    CHUNKED, LENGTH, NO_BODY, NO_LENGTH, UNTIL_CLOSE, chunk_size_line, error_answer,
    join, length_line, render_fields, status_line, with_upgrade,
)
from fastsrv_ext.state cimport CLOSED, HOLD

cdef extern from "<pthread.h>" nogil:
    unsigned long pthread_self()  # in half a dozen instructions; threading.get_ident() tells the same

cdef enum:
    COPY_LIMIT = 16 * 1024  # bytes; up to here one copy costs less than a write of several buffers
    STREAK = 256 * 1024     # bytes a stream may write before the loop has a turn: some 50 us of work
    PIECE_COST = 64         # bytes of memory that a piece of a body takes beside its own: small ones take more
    EVENT_COST = 1024       # bytes that an event counts for, beside its own: small ones take time, too

cdef bytes CRLF = b"\r\n"
cdef bytes LAST_CHUNK = b"0\r\n\r\n"
cdef bytes CHUNKED_FIELD = b"transfer-encoding: chunked\r\n"
cdef bytes CLOSE_FIELD = b"connection: close\r\n"
cdef bytes KEEP_ALIVE_FIELD = b"connection: keep-alive\r\n"


class ClientDisconnected(OSError):
    """Raised by send() after the client has gone (ASGI http 2.4), if fastsrv_send_after_disconnect is "raise"."""


cdef class Connection(Timed):
    # The bodies are in connection.pyx and protocol.pyx: this is the table of what a cycle may ask for.

    cdef int write(self, bytes data) except -1:
        raise NotImplementedError

    cdef int write_parts(self, list parts) except -1:
        raise NotImplementedError

    cdef bint lagging(self) except -1:
        raise NotImplementedError

    cdef object caught_up(self):
        raise NotImplementedError

    cdef int want_body(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int body_unwanted(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int body_taken(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept:
        return PERSISTS

    cdef int response_complete(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int response_failed(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int app_ended(self) except -1:
        raise NotImplementedError


cdef class Done:
    """An awaitable that is done: no coroutine, no future, no allocation for a send() that need not wait.

    It has a coroutine's methods, so that asyncio.create_task(send(...)) takes it too.
    """

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def send(self, value):
        raise StopIteration

    def throw(self, kind, value=None, traceback=None):
        raise kind if value is None else value

    def close(self):
        pass


cdef class Ready(Done):
    """A receive() whose event is there. It is taken when the awaitable runs: one that never does must lose none."""
    cdef Cycle cycle
    cdef object waiting              # None, or a wait_for_event(): another receive() was faster

    def __next__(self):
        if self.waiting is None and self.cycle.has_event():
            # What `raise StopIteration(event)` does, but for its traceback, which costs more than all the rest.
            PyErr_SetObject(StopIteration, self.cycle.next_event())
            raise StopIteration
        return self.send(None)

    def send(self, value):
        if self.waiting is None:
            if self.cycle.has_event():
                raise StopIteration(self.cycle.next_event())
            self.waiting = self.cycle.wait_for_event()
        return self.waiting.send(value)

    def throw(self, kind, value=None, traceback=None):
        if self.waiting is None:
            raise kind if value is None else value
        return self.waiting.throw(kind if value is None else value)

    def close(self):
        if self.waiting is not None:
            self.waiting.close()


cdef class Elsewhere(Done):
    """A send() called in another thread than the loop's: its work is done there, when the awaitable runs."""
    cdef Cycle cycle
    cdef object message
    cdef object sending              # None until it runs

    def __next__(self):
        return self.send(None)

    def send(self, value):
        if self.sending is None:
            if pthread_self() != self.cycle.thread:
                raise RuntimeError(
                    "send() was awaited in another thread than the event loop's; from a thread, call "
                    "asyncio.run_coroutine_threadsafe(send(message), loop)")
            self.sending = self.cycle.send(self.message)
        return self.sending.send(value)

    def throw(self, kind, value=None, traceback=None):
        if self.sending is None:
            raise kind if value is None else value
        return self.sending.throw(kind if value is None else value)

    def close(self):
        if self.sending is not None:
            self.sending.close()


cdef class Turn:
    """A turn of the loop in which anyio cancels nothing, as the wait is over when it begins: it comes to the app's next
    wait. A generator is closed when it is cancelled there; if its send() is, whenever the garbage collector comes."""
    cdef object loop

    def __init__(self, loop):
        self.loop = loop

    def __await__(self):
        over = self.loop.create_future()
        over.set_result(None)
        over._asyncio_future_blocking = True  # says asyncio's `await`, of one that is not over
        yield over


Coroutine.register(Done)
cdef Done DONE = Done()


@cython.freelist(8)  # as most are gone when the next one comes
cdef class Cycle:

    cdef int begin(self, Connection connection, RequestHead head) except -1:
        """A constructor's arguments would be a tuple for each request."""
        self.context = connection.context
        self.connection = connection
        self.head = head
        self.ending = PERSISTS if head.keep_alive else CLIENT_CLOSE
        self.length = NO_LENGTH
        self.thread = pthread_self()  # the loop's
        return 0

    # --- the app's side: receive() ---

    def receive(self):
        """The ASGI receive(): an awaitable of http.request events, then of http.disconnect."""
        cdef Ready ready
        if self.has_event():
            if self.is_over() and pthread_self() == self.thread and self.has_had_its_turn(0):
                return self.wait_for_turn()
            ready = Ready.__new__(Ready)
            ready.cycle = self
            return ready
        return self.wait_for_event()

    cdef bint has_event(self) noexcept:
        return self.has_body_event() or self.is_over()

    cdef bint is_over(self) noexcept:
        """Does receive() say http.disconnect, behind what has come?"""
        if self.progress == COMPLETE or self.told or self.peer == GONE:
            return True
        return not self.body_complete and (self.peer != THERE or self.progress == FULL)  # no more of it will come

    cdef bint has_body_event(self) noexcept:
        return self.buffered > 0 or (self.body_complete and not self.body_handed_over)

    cdef dict next_event(self):
        if self.progress == COMPLETE or not self.has_body_event():
            return {"type": "http.disconnect"}
        # What has arrived is handed over even if the client has gone since: some never wait for an answer.
        body = b""
        if self.buffered > 0:
            body = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
            self.pieces.clear()
            self.buffered = 0
        self.body_handed_over = self.body_complete
        cdef bint more = not self.body_complete
        if self.connection is not None:
            if more:
                self.connection.body_taken(self)
            elif self.progress == BEGUN and self.is_full(0):
                self.fill()
        return {"type": "http.request", "body": body, "more_body": more}

    async def wait_for_turn(self):
        """It has been told time and again, and may never wait for anything else: let others be served."""
        self.streak = 0
        await sleep(0)
        return await self.receive()

    async def wait_for_event(self):
        while not self.has_event():
            # A future for each caller: to cancel one receive() must not disturb another.
            future = self.context.loop.create_future()
            if self.receivers is None:
                self.receivers = []
            self.receivers.append(future)
            if not self.body_complete:
                self.connection.want_body(self)
            try:
                await future
            except BaseException:  # cancelled
                self.give_up(future)
                raise
        return self.next_event()

    cdef int wake(self) except -1:
        """Let the parked receive() calls look again."""
        if self.receivers is not None:
            receivers, self.receivers = self.receivers, None
            for future in receivers:
                if not future.done():
                    future.set_result(None)
        return 0

    cdef int give_up(self, object future) except -1:
        """A receive() is cancelled. With nobody left in one, we no longer wait for the peer."""
        if self.receivers is not None and future in self.receivers:
            self.receivers.remove(future)
            if not self.receivers:
                self.receivers = None
                if self.connection is not None and not self.body_complete:
                    self.connection.body_unwanted(self)
        return 0

    # --- the connection's side ---

    cdef int body_received(self, bytes data) except -1:
        if self.progress < FULL:  # else nobody is left to read it
            if self.pieces is None:
                self.pieces = []
            self.pieces.append(data)
            self.buffered += len(data) + PIECE_COST
            self.wake()
        return 0

    cdef int body_ended(self) except -1:
        self.body_complete = True
        self.wake()
        return 0

    cdef int peer_is(self, Peer peer) except -1:
        """HALF_CLOSED, FINISHED: no more of its body will come, and it may read the answer. GONE: it reads nothing."""
        self.peer = peer
        if peer == GONE:
            self.hold_no_more()
            self.counters = self.context.counters
            self.connection = None
        self.wake()
        if peer != HALF_CLOSED:
            self.tell_gone()
        return 0

    cdef int tell_gone(self) except -1:
        """The app may be at work for nobody: have it end. Once: from then on its task is in other hands."""
        task, self.task = self.task, None
        if task is not None and self.context.calls.gone is not None:
            self.context.calls.gone(self, task)
        return 0

    # --- for the access log and gunicorn's hooks ---

    cdef int lose(self, int status) except -1:
        """The answer ends here, short of its end. status: what is told of it, if it has not begun."""
        if self.logged is not None:
            self.took = monotonic() - self.started
            if self.progress < BEGUN:
                self.unanswered = status
        return 0

    cdef int tell_finished(self) except -1:
        """Once for each request whose app was called. Only while that app, or a task that sends for it, is at work: its
        context variables are the current ones then."""
        if self.logged is not None:
            if self.took == 0:
                self.took = monotonic() - self.started
            if self.unanswered != 0:
                self.status = self.unanswered
                self.response_headers = ()
            self.context.calls.finished(self)
            self.logged = None
        return 0

    # --- the app's side: send() ---

    def send(self, message):
        """The ASGI send() of http.response.start and http.response.body.

        Raises RuntimeError for an event that may not come now or a body that breaks its Content-Length, KeyError,
        TypeError and ValueError for an event's contents. Once the client has gone it is silent, and gives the loop its
        turn now and then; or raises ClientDisconnected (fastsrv_send_after_disconnect). All of it when the awaitable
        runs, if another thread calls.
        """
        cdef Elsewhere elsewhere
        if pthread_self() != self.thread:
            elsewhere = Elsewhere.__new__(Elsewhere)
            elsewhere.cycle = self
            elsewhere.message = message
            return elsewhere
        if not isinstance(message, dict):
            raise TypeError(f"send() takes a dict, not {type(message).__name__}")
        # Not `dict message` and `str kind`: these would refuse a subclass, and an enum's str.
        cdef dict event = <dict>message
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
        if not isinstance(headers, (list, tuple)):
            headers = list(headers)  # the access log wants them, too
        self.fields = render_fields(headers, bodiless, &self.said)
        if self.peer == GONE and self.context.scope.send_raises:
            raise ClientDisconnected("the client has gone")
        self.status = status
        self.response_headers = headers
        self.length = NO_LENGTH if bodiless else self.said.content_length
        if self.said.close or status < 200:
            self.ends(APP_CLOSE)
        self.progress = HELD
        if self.has_waited:
            self.hold_for_a_tick()
        return DONE

    cdef int hold_for_a_tick(self) except -1:
        """A head that is held back leaves with the clock's next tick at the latest."""
        if self.progress == HELD and self.connection is not None and self.hold is None:
            self.hold = Hold(self.context.clock)
            self.hold.cycle = self
            self.hold.enter(HOLD)
        return 0

    cdef int hold_no_more(self) except -1:
        if self.hold is not None:
            self.hold.enter(CLOSED)
            self.hold.cycle = None
            self.hold = None
        return 0

    cdef int send_head(self) except -1:
        """The body is late: the head leaves without it."""
        self.choose_framing(0, False)
        self.write_first(b"", False)
        return self.fill() if self.is_full(0) else 0

    cdef object send_body(self, object body, object more):
        cdef bytes data
        cdef bint final = not more
        if self.progress == COMPLETE:
            return DONE  # the spec: ignored
        if self.progress == NOTHING:
            raise RuntimeError("send() got http.response.body before http.response.start")
        if isinstance(body, bytes):
            data = <bytes>body
        elif isinstance(body, (bytearray, memoryview)):
            data = bytes(body)
        else:
            raise TypeError(f"the body of http.response.body must be bytes, not {type(body).__name__}")
        cdef Py_ssize_t size = len(data)
        cdef Connection connection = self.connection
        cdef bint first = self.progress == HELD
        if connection is None:
            return self.send_to_nobody(size, final)
        if first:
            self.choose_framing(size, final)
        if self.framing == LENGTH:
            if not first and size > self.length - self.sent:
                return self.send_what_fits(data)
            self.check_length(size, final)
        if first:
            self.write_first(data, final)
        elif self.framing != NO_BODY:
            self.write_framed(b"", data, final)
        if self.framing != NO_BODY:
            self.sent += size
        if final:
            self.progress = COMPLETE
            connection.response_complete(self)
            self.wake()
        elif self.is_full(0):
            self.fill()
        elif self.has_had_its_turn(size) or connection.lagging():
            return self.wait_for_peer()
        return DONE

    cdef object send_what_fits(self, bytes data):
        """More than the Content-Length, which the client has been told: a file has grown meanwhile. It gets its whole
        answer, and the app's error is the app's. (Of what has not begun, the client gets a 500.)"""
        self.send_body(data[:self.length - self.sent], False)
        raise self.too_long()

    cdef object send_to_nobody(self, Py_ssize_t size, bint final):
        """Nothing more can be sent: the client has gone, or has all that it can get."""
        if self.progress == FULL and self.framing == LENGTH:
            self.check_length(size, final)
        if self.peer == GONE and self.context.scope.send_raises:
            raise ClientDisconnected("the client has gone")
        if final:
            self.progress = COMPLETE
            self.in_flight_no_more()
            self.wake()
        elif self.has_had_its_turn(0):  # nothing is written
            return self.wait_for_peer()
        return DONE

    cdef bint has_had_its_turn(self, Py_ssize_t size) except -1:
        """The app goes on, and may never wait for anything else: is it time that others are served? One that sends to
        nobody gives way however often it waits in between: anyio cancels no task whose wait is over.
        """
        cdef long long turn = self.context.budget.this_turn(self.context.loop)
        if self.turn != turn:
            self.turn = turn
            self.turn_began = monotonic()
            if self.connection is not None:
                self.streak = 0
        self.streak += size + EVENT_COST
        return self.streak > STREAK or self.context.budget.is_spent(self.turn_began)

    async def wait_for_peer(self):
        """For one that lags, or for a turn of the loop."""
        self.streak = 0
        if self.connection is None and not self.had_turn:
            self.had_turn = True
            await Turn(self.context.loop)
        elif self.connection is None or not self.connection.lagging():
            self.had_turn = False
            await sleep(0)
        while self.connection is not None and self.connection.lagging():
            await self.connection.caught_up()
        if self.peer == GONE and self.context.scope.send_raises:
            raise ClientDisconnected("the client has gone")

    cdef bint is_full(self, Py_ssize_t size) noexcept:
        """With `size` more bytes of the body, is that all that can go on the wire? Not while the request's body is
        still to be taken: an app may answer first, and read then."""
        if not self.body_complete or self.buffered > 0:
            return False
        return self.framing == NO_BODY or (self.framing == LENGTH and self.sent + size == self.length)

    cdef int fill(self) except -1:
        """All is on the wire that can be: the next request is served, though the app has more to say. It may go on for
        ever, for nobody."""
        self.progress = FULL
        self.connection.response_complete(self)
        self.wake()
        return self.tell_gone()

    cdef void ends(self, Ending ending) noexcept:
        if self.ending == PERSISTS:
            self.ending = ending

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

    cdef int choose_framing(self, Py_ssize_t size, bint final) except -1:
        """RFC 9112, 6.3. The first body event tells whether the whole body is known."""
        if self.status < 200 or self.status == 204 or self.status == 304:
            self.framing = NO_BODY
        elif self.length != NO_LENGTH:
            self.framing = LENGTH
        elif final:
            self.framing = LENGTH
            self.length = size
            if size > 0 or not self.head.is_head:  # the length of what HEAD leaves out is not known
                self.fields = self.fields + length_line(size)
        elif not self.head.is_http_10:
            self.framing = CHUNKED
            self.fields = self.fields + CHUNKED_FIELD
        else:
            self.framing = UNTIL_CLOSE
            self.ends(APP_CLOSE)
        if self.head.is_head:
            self.framing = NO_BODY
        self.ends(self.connection.ends_with(self, final or self.is_full(size)))
        return 0

    cdef int write_first(self, bytes data, bint final) except -1:
        """Head and first body bytes in one write."""
        cdef Context context = self.context
        cdef bytes defaults = context.response.default_fields, end = CRLF
        if self.said.date or self.said.server:
            defaults = (b"" if self.said.date else context.response.date_field) + (
                b"" if self.said.server else context.response.server_field)
        if self.ending != PERSISTS:
            end = CLOSE_FIELD + CRLF
        elif context.response.keep_alive_fields is not None and not self.said.keep_alive:
            end = context.response.keep_alive_fields + CRLF
        elif self.head.is_http_10 or self.said.keep_alive:  # which Connection has to name (RFC 9110, 7.6.1)
            end = KEEP_ALIVE_FIELD + CRLF
        if self.said.upgrade:
            end = with_upgrade(end)
        cdef bint whole = (self.framing == LENGTH or self.framing == UNTIL_CLOSE) and len(data) <= COPY_LIMIT
        head = join(status_line(self.status), defaults, self.fields, end, data if whole else b"")
        self.fields = None
        self.progress = BEGUN
        self.hold_no_more()
        if whole or self.framing == NO_BODY:
            self.connection.write(head)
        else:
            self.write_framed(head, data, final)
        return 0

    cdef int write_framed(self, bytes before, bytes data, bint final) except -1:
        """`before`, then body bytes in the framing chosen. Large ones are not copied."""
        cdef bytes after = b""
        if self.framing == CHUNKED:
            if data:
                before = before + chunk_size_line(len(data))
                after = CRLF
            if final:
                after = after + LAST_CHUNK
        if len(data) <= COPY_LIMIT:
            before = join(before, data, after, b"", b"")
            if before:
                self.connection.write(before)
        else:
            self.connection.write_parts([part for part in (before, data, after) if part])
        return 0

    # --- how the app ended (called by fastsrv/dispatch.py) ---

    def waits(self):
        """The app has had to wait."""
        self.has_waited = True
        self.hold_for_a_tick()

    def answered(self):
        """The app has returned. Is the response complete, or nobody left to read it?"""
        self.in_flight_no_more()
        return self.progress >= FULL or self.peer == GONE

    def abandoned(self):
        """Does receive() say http.disconnect, for another reason than that the response is complete?"""
        return self.is_over() and (self.progress != COMPLETE or self.peer != THERE)

    def may_be_gone(self):
        """May the client have gone, or has it all that it can get?"""
        return self.peer >= FINISHED or self.progress == FULL

    def unaware(self):
        """Has the app not been told yet that its client may have gone?"""
        return not self.is_over()

    def tell_disconnect(self):
        """Tell the app that its client seems to have gone, or the worker ends: receive() says http.disconnect from now
        on. What it sends all the same still leaves."""
        if self.connection is not None and not self.body_complete:
            self.connection.body_unwanted(self)
        self.told = True
        self.wake()

    def begun(self):
        """Has the head of the response left?"""
        return self.progress >= BEGUN

    def complete(self):
        """Is the response complete, and has the app said so?"""
        return self.progress == COMPLETE

    def delivered(self):
        """Has the client got a whole body, though the app has not said that it is?"""
        return self.progress == FULL and self.framing == LENGTH

    def lost(self):
        """Can nothing be sent to the client any more?"""
        return self.peer == GONE

    def taken(self):
        """How much the client has taken of the response, head and bytes of the body, as far as can be told, and the
        app of the request's body; -1 while the client lags behind."""
        if self.connection is not None and self.connection.lagging():
            return -1
        return self.received + self.sent + (self.progress >= BEGUN)

    def fail(self, bint owed):
        """The app will not complete its response: if one is still `owed` and none begun, answer 500, else close. An app
        that ended since the worker does leaves a client that waits: 503."""
        if self.progress >= FULL or self.peer == GONE:
            self.in_flight_no_more()
            return
        self.hold_no_more()
        cdef Connection connection = self.connection
        cdef bint dismissed = self.told and self.peer == THERE
        if self.progress == BEGUN or not (owed or dismissed):
            self.lose(CLIENT_CLOSED_REQUEST)
            self.progress = COMPLETE
            connection.response_failed(self)
        else:
            status = HTTPStatus.SERVICE_UNAVAILABLE if dismissed and not owed else HTTPStatus.INTERNAL_SERVER_ERROR
            self.status = status
            self.response_headers = ()
            self.ends(APP_FAILED)
            self.progress = COMPLETE
            self.sent = 0 if self.head.is_head else len(status.phrase) + 1
            connection.write(error_answer(
                status, status.phrase, self.context.response.default_fields, self.head.is_head))
            connection.response_complete(self)
        self.wake()

    cdef int in_flight_no_more(self) except -1:
        """The app has ended, or its answer has. Where the connection was told of that (response_complete()), this is
        old news."""
        cdef Connection left = self.left
        if self.counters is not None:
            self.counters.in_flight -= 1
            self.counters = None
            self.tell_finished()
            if left is not None:
                self.left = None
                left.app_ended()
        return 0


cdef class Hold(Timed):
    """An app that has begun its answer, and keeps the clock waiting for the body of it."""

    cdef int expired(self) except -1:
        cdef Cycle cycle = self.cycle
        if cycle.head.expect is not None and not cycle.body_complete:
            return self.enter(HOLD)  # 100 Continue cannot follow the head, and the app may still ask for the body
        cycle.hold_no_more()
        return cycle.send_head()
