"""The HTTP/1.1 protocol class (RFC 9112).

asyncio's callbacks, the parser's callbacks, every change of state; the only file that touches a
transport. It parses nothing (httptools does), knows no ASGI event (cycle.pyx does) and starts the app
through `context.dispatch` alone, never from inside a parser callback.
"""

import time

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from fastsrv_ext.clock import TICK
from fastsrv_ext.request import BadRequest

from fastsrv_ext.context cimport Context
from fastsrv_ext.cycle cimport BEGUN, COMPLETE, FINISHED, GONE
from fastsrv_ext.request cimport CHUNKED_LENGTH
from fastsrv_ext.response cimport error_answer
from fastsrv_ext.scope cimport make_scope
from fastsrv_ext.state cimport BODY, CLOSE, CLOSED, DRAIN, HEAD, IDLE, RESPOND, SEND, State

cdef extern from "<sys/socket.h>" nogil:
    enum: MSG_PEEK
    enum: MSG_DONTWAIT
    ssize_t recv(int fd, void* buffer, size_t size, int flags)

cdef enum:
    READ_AHEAD = 16 * 1024         # bytes parsed at once beyond a body: some 400 of the smallest requests
    MAX_PIPELINED = 32             # requests read ahead before reading pauses
    HIGH_WATER = 64 * 1024         # bytes of a body that the app has not taken before reading pauses
    MAX_CORKED = 64 * 1024         # bytes of answers kept back to leave in one write
    MAX_DRAIN = 1024 * 1024        # bytes read and thrown away so that a close is no reset
    CHUNK_OVERHEAD = 16            # bytes that a chunk may spend on its framing; extensions come on top
    MAX_EXCESS = 16 * 1024         # bytes of chunk extensions and trailers a body may spend; Go allows 16 KiB

cdef object STOP = BadRequest(400, "nothing is acted upon any more")
cdef double SECONDS_A_TICK = TICK


cdef class HTTP(Connection):
    """One connection. context: a Context, shared by the connections of a worker."""

    def __init__(self, Context context not None):
        super().__init__(context.clock)
        self.context = context
        self.pipeline = []

    # --- asyncio's callbacks, in the order of life ---

    def connection_made(self, transport):
        self.transport = transport
        # Any byte that the kernel does not take counts as a peer that lags; the kernel's own buffer is
        # large enough to keep the wire busy until the app is woken. (1, since TLS pauses at `high`.)
        transport.set_write_buffer_limits(1, 0)
        self.client = address(transport.get_extra_info("peername"))
        server = transport.get_extra_info("sockname")
        self.server = (server, None) if isinstance(server, str) else address(server)
        self.enter(HEAD)
        self.context.connection_opened()
        if self.context.draining:
            self.close()

    def data_received(self, bytes data not None):
        if self.input >= ENDED:
            self.discard(len(data))
        elif self.unread is not None:
            self.unread += data  # the loop had read it before reading was paused
        else:
            self.read(data)
            self.advance()

    def eof_received(self):
        """The peer has half-closed. True: we stay to answer what it has asked for."""
        cdef Cycle cycle
        if self.state == CLOSE or self.state == DRAIN or (self.cycle is None and not self.pipeline):
            if self.state != CLOSED:
                self.enter(CLOSE)
            return False
        self.input = ENDED
        self.head = None
        self.reading = None
        for cycle in self.pipeline:
            cycle.peer_is(FINISHED)
        if self.cycle is not None:
            self.cycle.peer_is(FINISHED)
            if self.state == BODY:
                self.enter(RESPOND)
        return self.transport.can_write_eof()

    def pause_writing(self):
        if self.state == RESPOND or self.state == BODY:
            self.backlog = self.transport.get_write_buffer_size()
            self.enter(SEND)

    def resume_writing(self):
        if self.state == SEND:
            self.enter(RESPOND)
            self.wake_laggards()
            if self.cycle is None:
                self.context.loop.call_soon(self.go_on)
            elif self.cycle.receivers is not None and not self.cycle.body_complete:
                self.want_body(self.cycle)

    def connection_lost(self, exc):
        cdef Cycle cycle
        self.enter(CLOSED)
        self.context.connection_closed()
        if self.cycle is not None:
            cycle = self.cycle
            cycle.peer_is(GONE)
            if cycle.status != 0 and self.context.finished is not None:
                self.context.finished(cycle)
        self.wake_laggards()
        self.input = REFUSED
        self.transport = self.parser = self.head = self.reading = self.cycle = None
        self.refusal = self.unread = self.corked = None
        self.pipeline.clear()

    # --- what comes in ---

    cdef int read(self, bytes data) except -1:
        """Parse, in pieces, what may be many requests; a body whose length is known in one piece."""
        cdef Py_ssize_t size = len(data), start = 0, piece
        if self.parser is None:
            self.parser = HttpRequestParser(self)
        if size <= READ_AHEAD or size <= self.body_left:
            self.parse(data)
            return 0
        view = memoryview(data)
        while start < size and self.input < ENDED:
            if self.is_crowded():
                self.unread = data[start:]
                break
            piece = max(READ_AHEAD, min(self.body_left, size))
            self.parse(view[start:start + piece])
            start += piece
        return 0

    cdef int parse(self, object data) except -1:
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                # The parser has stopped behind the head and taken the message for complete.
                data = data[upgrade.args[0]:]
                self.pass_refused_upgrade()
                continue
            except HttpParserCallbackError as error:
                if self.input < ENDED:
                    if not isinstance(error.__context__, BadRequest):
                        raise
                    self.refuse(error.__context__)
            except HttpParserError as error:
                if self.input < ENDED:
                    self.refuse(BadRequest(400, f"{error}"))
            else:
                if self.input < ENDED:
                    self.spend(len(data))
            break
        return 0

    cdef int spend(self, Py_ssize_t size) except -1:
        """Bound what is read without a head or body bytes coming of it: a field that does not end (it
        grows by copying), empty lines, chunk extensions, trailers."""
        self.excess += size
        if self.input == IN_BODY:
            self.excess = max(0, self.excess) if self.body_left == 0 else 0
            if self.excess > MAX_EXCESS:
                self.refuse(BadRequest(431, f"chunk extensions and trailers larger than {MAX_EXCESS} bytes"))
        elif self.excess > self.context.limits.request_head + READ_AHEAD:
            self.refuse(BadRequest(
                431,
                f"request head larger than {self.context.limits.request_head} bytes (fastsrv_limit_request_head)",
            ))
        return 0

    cdef int pass_refused_upgrade(self) except -1:
        """The peer asked for an upgrade that we do not serve (RFC 9110, 7.8: ignore it).

        The parser would take the body's bytes for a new request. A new parser is led past a head with
        the same framing and reads on from there.
        """
        if self.input != IN_BODY:
            return 0
        self.input = PRIMING
        self.parser = HttpRequestParser(self)
        if self.reading.head.content_length == CHUNKED_LENGTH:
            framing = b"transfer-encoding: chunked"
        else:
            framing = b"content-length: %d" % self.reading.head.content_length
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
        self.input = IN_BODY
        return 0

    def on_message_begin(self):
        if self.input == PRIMING:
            return
        if self.input >= ENDED:
            raise STOP
        self.input = IN_HEAD
        self.excess = 0
        self.head = RequestHead.__new__(RequestHead)

    def on_url(self, bytes piece not None):
        if self.input == IN_HEAD:
            self.head.add_target(piece, self.context.limits)

    def on_header(self, bytes name not None, bytes value not None):
        if self.input == IN_HEAD:
            self.head.add_field(name, value, self.context.limits)
        # else a trailer, which is no field of the head (RFC 9110, 6.5.1): dropped

    def on_headers_complete(self):
        cdef RequestHead head = self.head
        cdef Cycle cycle
        if self.input == PRIMING:
            return
        keep_alive = self.parser.should_keep_alive()
        # Without a Connection field only HTTP/1.1 persists.
        version = "1.1" if keep_alive and not head.persistence_named else self.parser.get_http_version()
        head.complete(self.parser.get_method(), version, keep_alive, self.context.limits)
        cycle = Cycle.__new__(Cycle, self, head)
        self.head = None
        self.reading = cycle
        self.input = IN_BODY
        self.body_left = head.content_length if head.content_length > 0 else 0
        self.excess = -head.size
        self.pipeline.append(cycle)

    def on_body(self, bytes data not None):
        cdef Py_ssize_t size = len(data)
        if self.body_left > 0:
            self.body_left -= size
        else:
            self.excess -= size
        if self.state == DRAIN:
            self.drained += size
            if self.drained > MAX_DRAIN:
                raise STOP
        self.reading.received += size
        if self.state == BODY:
            self.stop_waiting_for_body()
        self.reading.body_received(data)

    def on_chunk_header(self):
        self.excess -= CHUNK_OVERHEAD

    def on_message_complete(self):
        cdef Cycle cycle = self.reading
        if self.body_left > 0 or (
            cycle.head.content_length == CHUNKED_LENGTH and self.parser.should_upgrade()
        ):
            return  # an upgrade: the body is still to come, see pass_refused_upgrade
        self.reading = None
        self.excess = 0
        self.input = BETWEEN if cycle.head.keep_alive else ENDED
        if self.state == BODY:
            self.stop_waiting_for_body()
        elif self.state == DRAIN:
            self.enter(RESPOND)
        cycle.body_ended()

    cdef int stop_waiting_for_body(self) except -1:
        """Bytes came while the app waited for them: its turn, unless they come too slowly in all."""
        cdef Cycle cycle = self.reading
        cycle.waited += self.clock.now - self.since
        self.enter(RESPOND)
        cdef double late = (cycle.waited - self.clock.limit(BODY)) * SECONDS_A_TICK
        if late > 0 and cycle.received < late * self.context.limits.min_rate:
            raise BadRequest(408, "the request body came slower than fastsrv_min_rate")
        return 0

    cdef int discard(self, Py_ssize_t size) except -1:
        """Nothing that comes now is acted upon; it is read so that our close is no reset."""
        self.drained += size
        if self.drained > MAX_DRAIN:
            if self.state == DRAIN:
                self.close()
            elif self.state == CLOSE:
                self.transport.abort()
            else:
                self.throttle()
        return 0

    cdef bint is_crowded(self) noexcept:
        """Has enough been read ahead of what the app and the peer have taken?"""
        return (
            len(self.pipeline) >= MAX_PIPELINED
            or (self.reading is not None and self.reading.buffered > HIGH_WATER)
        )

    cdef int throttle(self) except -1:
        """The only place that pauses and resumes reading."""
        cdef bint crowded = self.unread is not None or self.is_crowded() or (
            self.drained > MAX_DRAIN and self.state != DRAIN and self.state != CLOSE
        )
        if crowded != self.throttled:
            self.throttled = crowded
            if crowded:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()
        return 0

    # --- what is in hand: one cycle at a time, in order ---

    def go_on(self):
        """Called by the loop when there is more to do than the caller's stack should carry."""
        self.advance()

    cdef int advance(self) except -1:
        """Start what can be started; then rest. Not entered twice: a cycle that completes within
        start() returns to this loop."""
        cdef bint started = False
        if self.advancing or self.state == CLOSED:
            return 0
        self.advancing = True
        try:
            while self.cycle is None and self.state != SEND and self.state < DRAIN:
                if self.pipeline:
                    self.start(self.pipeline.pop(0))
                    started = True
                elif self.unread is not None:
                    data, self.unread = self.unread, None
                    self.read(data)
                elif self.refusal is not None:
                    self.answer_refusal()
                else:
                    break
        finally:
            self.advancing = False
        if started and self.cycle is not None and self.corked is not None and not self.context.eager:
            # The app's first step comes with the loop's next turn; its answer may leave with the others.
            self.context.loop.call_soon(self.go_on)
            return 0
        self.flush()
        if self.state != CLOSED:
            if self.cycle is None:
                self.rest()
            self.throttle()
        return 0

    cdef int start(self, Cycle cycle) except -1:
        """RESPOND: scope and app."""
        cdef Context context = self.context
        self.cycle = cycle
        self.enter(RESPOND)
        if self.pipeline and self.corked is None:
            self.corked = []
        cycle.client = self.client
        cycle.scope = make_scope(context, cycle.head, self.client, self.server)
        if context.finished is not None:
            cycle.started = time.monotonic()
        if cycle.head.forwarded and context.forwarded is not None:
            try:
                context.forwarded(cycle.scope)
            except BadRequest as refusal:
                self.cycle = None
                self.pipeline.clear()
                self.reading = None
                self.refuse(refusal)
                return 0
        context.request_started()
        context.dispatch(cycle)
        return 0

    cdef int rest(self) except -1:
        """Nothing is owed. Wait for the next request, unless there is none to come."""
        if self.state == SEND or self.state >= DRAIN:
            pass  # resume_writing, or the peer's end, comes first
        elif self.input == REFUSED:
            self.drain()
        elif self.input == ENDED:
            self.close()
        elif self.input == IN_BODY:
            # The answer came before the request's body did; behind it is the next request.
            self.drained = 0
            self.enter(DRAIN)
        elif self.input == IN_HEAD:
            if self.state != HEAD:
                self.enter(HEAD)
        elif self.context.draining:
            self.close()
        elif self.state == RESPOND:
            self.enter(IDLE)
        return 0

    cdef int refuse(self, object refusal) except -1:
        """What has been read is no request: answer `refusal` when those before it are answered."""
        cdef Cycle cycle = self.reading
        self.input = REFUSED
        self.head = self.reading = None
        self.unread = None
        if cycle is None:
            self.refusal = refusal
        elif cycle is self.cycle:
            # Its body is broken. An answer that has begun cannot become another one.
            if cycle.progress < BEGUN:
                self.refusal = refusal
            cycle.peer_is(GONE)
            self.cycle = None
            if self.state == BODY:
                self.enter(RESPOND)
        elif self.pipeline:
            self.pipeline.pop()  # the cycle: it is the last that was read, and its app has not seen it
            self.refusal = refusal
        else:
            self.drain()  # it has been answered before its body came
        return 0

    cdef int answer_refusal(self) except -1:
        refusal, self.refusal = self.refusal, None
        self.write(error_answer(refusal.status, refusal.reason, self.context.default_fields))
        self.flush()
        if self.context.refused is not None:
            self.context.refused(self.client, refusal.status, refusal.reason)
        self.drain()
        return 0

    # --- what a cycle asks for ---

    cdef int write(self, bytes data) except -1:
        if self.state == SEND:
            self.backlog += len(data)
        if self.corked is None:
            self.transport.write(data)
        else:
            self.corked.append(data)
            self.corked_size += len(data)
            if self.corked_size > MAX_CORKED:
                self.flush()
        return 0

    cdef int write_parts(self, list parts) except -1:
        if self.state == SEND:
            for part in parts:
                self.backlog += len(part)
        self.flush()
        self.transport.writelines(parts)
        return 0

    cdef int flush(self) except -1:
        """Let the answers that were kept back leave in one write."""
        if self.corked is not None:
            corked, self.corked, self.corked_size = self.corked, None, 0
            if corked and self.transport is not None:
                self.transport.write(corked[0] if len(corked) == 1 else b"".join(corked))
        return 0

    cdef bint lagging(self) noexcept:
        return self.state == SEND

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

    cdef int want_body(self, Cycle cycle) except -1:
        if cycle.head.expect is not None and cycle.received == 0 and cycle.progress < BEGUN:
            # RFC 9110, 10.1.1: the client waits for our word before it sends the body.
            cycle.head.expect = None
            if not cycle.head.is_http_10:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.flush()
        if self.state == RESPOND:
            self.enter(BODY)
        self.throttle()
        return 0

    cdef int body_taken(self, Cycle cycle) except -1:
        self.throttle()
        return 0

    cdef bint persists(self, Cycle cycle, bint final) noexcept:
        if self.context.draining or not self.context.keepalive or cycle.peer == FINISHED:
            return False
        # The rest of a body has to be read before the next request; that is worth it for a small one alone.
        return not (final and cycle is self.reading) or self.is_worth_draining(cycle)

    cdef bint is_worth_draining(self, Cycle cycle) noexcept:
        return cycle.head.expect is None and 0 < self.body_left <= MAX_DRAIN

    cdef int response_complete(self, Cycle cycle) except -1:
        cdef bint last = not cycle.keep_alive or self.context.draining or cycle.peer == FINISHED
        self.cycle = None
        cycle.connection = None
        if self.context.finished is not None:
            self.context.finished(cycle)
        if last:
            # No later byte is acted upon (CVE-2024-49768).
            if self.input != ENDED:
                self.input = REFUSED
            self.pipeline.clear()
            self.unread = self.refusal = None
        if cycle is self.reading:
            cycle.pieces = None
            cycle.buffered = 0
            if last or not self.is_worth_draining(cycle):
                self.input = REFUSED
                self.reading = None
        if self.advancing:
            return 0
        if self.pipeline or self.unread is not None or self.refusal is not None:
            # Never start an app from within another.
            self.context.loop.call_soon(self.go_on)
        else:
            self.advance()
        return 0

    cdef int response_failed(self, Cycle cycle) except -1:
        self.cycle = self.reading = None
        cycle.connection = None
        if self.context.finished is not None:
            self.context.finished(cycle)
        self.input = REFUSED
        self.pipeline.clear()
        self.unread = self.refusal = None
        self.advance()
        return 0

    # --- the ends of a connection ---

    cdef int expired(self) except -1:
        """The clock's word that the peer has kept us waiting for as long as the state allows."""
        if self.state == HEAD:
            if self.input == IN_HEAD:
                self.refuse(BadRequest(408, "the request head took longer than fastsrv_header_timeout"))
                self.answer_refusal()
            else:
                self.close()
        elif self.state == IDLE:
            if self.has_unread_bytes():
                self.enter(HEAD)  # a request has come; the loop is about to read it
            else:
                self.close()
        elif self.state == BODY:
            self.refuse(BadRequest(408, "the request body took longer than fastsrv_body_timeout"))
            self.advance()
        elif self.state == SEND:
            self.judge_laggard()
        elif self.state == DRAIN:
            self.close()
        else:
            self.transport.abort()
            self.enter(CLOSE)  # until connection_lost comes
        return 0

    cdef int judge_laggard(self) except -1:
        """A peer that reads at fastsrv_min_rate gets another send_timeout."""
        cdef Py_ssize_t left = self.transport.get_write_buffer_size()
        cdef double seconds = self.clock.limit(SEND) * SECONDS_A_TICK
        cdef bint moved = self.backlog - left >= self.context.limits.min_rate * seconds
        if moved:
            self.backlog = left
            self.enter(SEND)
        else:
            self.enter(CLOSE)
            self.transport.abort()
        return 0

    cdef int drain(self) except -1:
        """Our answer is out; read what is still on its way, so that no reset overtakes the answer."""
        self.input = REFUSED
        self.reading = None
        self.drained = 0
        self.enter(DRAIN)
        self.half_close()
        if self.transport is not None:
            self.throttle()
        return 0

    cdef int close(self) except -1:
        """Nothing is owed any more."""
        cdef bint peer_knows = self.input == ENDED and self.drained == 0
        if self.input < ENDED:
            self.input = REFUSED
        self.head = self.reading = None
        if self.state == DRAIN or peer_knows:
            self.enter(CLOSE)
            self.transport.close()
        else:
            # A request may be on its way: end our side first, and see the peer's end.
            self.drained = 0
            self.enter(CLOSE)
            self.half_close()
            self.throttle()
        return 0

    cdef int half_close(self) except -1:
        if not self.transport.can_write_eof():  # TLS: its close_notify is the orderly end
            self.transport.close()
            return 0
        try:
            self.transport.write_eof()
        except OSError:  # the peer was faster
            self.transport.abort()
        return 0

    cdef bint has_unread_bytes(self) except -1:
        """A look into the kernel: have bytes come that the loop has not read?"""
        cdef char byte
        cdef int fd = self.transport.get_extra_info("socket").fileno()
        return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0

    # --- for fastsrv/server.py ---

    def shut(self):
        """Close if nothing is owed; otherwise after the answers in hand (`context.draining`)."""
        if self.cycle is None and not self.pipeline:
            if self.state == IDLE or (self.state == HEAD and self.input == BETWEEN):
                if not self.has_unread_bytes():
                    self.close()

    def abort(self):
        """Drop the connection, whatever is owed. The app gets http.disconnect."""
        if self.transport is not None:
            self.transport.abort()

    def describe(self):
        """For a human: 'GET /path of 127.0.0.1:4321', or the peer alone with no request in hand."""
        peer = "{}:{}".format(*self.client) if self.client is not None else "a local socket"
        if self.cycle is None:
            return peer
        return f"{self.cycle.head.method} {self.cycle.head.target.decode('ascii', 'replace')} of {peer}"


cdef tuple address(object name):
    """(host, port) of a socket's name; None for a UNIX socket, which has no port."""
    return (name[0], name[1]) if isinstance(name, tuple) else None
