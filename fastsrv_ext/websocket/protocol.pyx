"""The WebSocket protocol class (RFC 6455): asyncio's callbacks, control frames, the limits of time, the closing.

What comes is decoded by frames.pyx and is the session's from then on, which also writes what the app sends. A
connection is handed over to it with a 101 (handshake.pyx), together with the bytes behind the request.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from fastsrv_ext.websocket.frames import BadFrame

from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.clock cimport seconds
from fastsrv_ext.counters cimport (
    APP_CLOSE, BAD_FRAME, BYTES_RECEIVED, CLOSE_TIMEOUT, LOST, PEER_ENDED, PONG_TIMEOUT, WORKER_STOPS,
)
from fastsrv_ext.state cimport CLOSE, CLOSED, CLOSING, OPEN, PONG, SEND, State, is_ending
from fastsrv_ext.websocket.frames cimport (
    ABNORMAL, CLOSE_FRAME, INTERNAL_ERROR, NOTHING, PING, PONG_FRAME, SERVICE_RESTART, close_frame, frame, read_close,
)
from fastsrv_ext.wire.connection cimport SHUT_AFTER, Connection

cdef enum:
    MAX_MESSAGES_HELD = 64 * 1024    # bytes that the app has not taken before reading pauses
    MAX_A_TURN = 256 * 1024          # bytes that are read in a turn of the loop; uvloop's own limit is 8 MiB
    LARGE = 64 * 1024                # bytes: a smaller read has left nothing in the kernel, and the turn is over


cdef WebSocket new_websocket(Session session, Py_ssize_t max_message):
    cdef WebSocket connection = WebSocket.__new__(WebSocket)
    connection.share(session.context)
    connection.session = session
    connection.decoder = Decoder(max_message, session.deflate)
    return connection


cdef class WebSocket(Channel):

    # --- asyncio's callbacks, in the order of life ---

    cdef int taken_over(self, bytes unread) except -1:
        self.settle()
        if self.state != SEND:
            self.enter(OPEN)
        if unread:  # not yet: the app is within its send(), and may be waiting for them
            self.unread, self.decoded = unread, 0
            self.advance_soon()
        return self.throttle()

    def data_received(self, bytes data not None):
        self.heard += PyBytes_GET_SIZE(data)
        self.context.counters.now.counts[<int>BYTES_RECEIVED] += PyBytes_GET_SIZE(data)
        if not self.listens():
            self.discard(PyBytes_GET_SIZE(data))
        elif self.unread is not None or self.in_line:
            self.keep(data, 0)
            self.throttle()
        else:
            self.read(data, 0)
            if self.has_read_enough(PyBytes_GET_SIZE(data)):
                self.advance_soon()
            self.throttle()

    def eof_received(self):
        """The peer has ended its side, without a Close or behind it. True: what it has sent comes first, and what it
        may still read."""
        self.has_ended = True
        if is_ending(self.state):
            self.enter(CLOSE)
            return False
        if self.unread is not None and not self.is_done:
            self.end_seen()
            return True
        self.peer_gone()
        return self.state == SEND

    def resume_writing(self):
        if not self.lags_no_more():
            return
        if self.is_done:
            self.leave()
        else:
            self.enter(CLOSING if self.has_said_close else OPEN)
            if self.pong is not None and not self.has_said_close:
                payload, self.pong = self.pong, None
                self.answer_ping(payload)
        self.wake_writers()

    cdef int forget(self) except -1:
        self.tell_closed(ABNORMAL, "")
        self.unread = self.pong = None
        return 0

    # --- what comes in ---

    cdef int read(self, bytes data, Py_ssize_t start) except -1:
        """As much as the app has room for, within the budget of a turn. What is sent meanwhile leaves in one write."""
        cdef Decoder decoder = self.decoder
        cdef double began = 0
        if self.corked is None:
            self.corked = []
        try:
            while self.listens() and (start < PyBytes_GET_SIZE(data) or decoder.packed is not None):
                if self.session is not None and self.session.held > MAX_MESSAGES_HELD:
                    self.keep(data, start)
                    break
                start = decoder.decode(data, start)
                if decoder.found != NOTHING:
                    self.act()
                if began == 0:
                    began = monotonic()
                elif self.context.budget.is_spent(began):
                    self.keep(data, start)
                    self.advance_soon()
                    break
        except BadFrame as failure:
            self.ends(BAD_FRAME)
            if self.context.callbacks.warn is not None:
                self.context.callbacks.warn(
                    f"websocket_{failure.code}", "Closed a WebSocket of %s: %d, %s", Connection.describe(self),
                    failure.code, failure.reason)
            self.fail(failure.code, failure.reason)
        finally:
            self.flush()
        return 0

    cdef int keep(self, bytes data, Py_ssize_t start) except -1:
        """For later, behind what is unread, if anything is."""
        if start == PyBytes_GET_SIZE(data) and self.decoder.packed is None:
            return 0
        if self.unread is None:
            self.unread, self.decoded = data, start
        else:
            self.unread, self.decoded = self.unread[self.decoded:] + data[start:], 0
        return 0

    cdef int advance(self) except -1:
        """There may be room for what is unread."""
        if self.unread is not None and self.listens():
            data, self.unread = self.unread, None
            self.read(data, self.decoded)
        if self.has_ended and self.unread is None and self.listens():
            self.peer_gone()
        return self.throttle()

    cdef bint has_enough(self) noexcept:
        """Of messages that the app does not take, of bytes that come faster than they are decoded, or of this turn."""
        return self.listens() and (self.unread is not None or self.in_line or (
            self.session is not None and self.session.held > MAX_MESSAGES_HELD))

    cdef bint listens(self) noexcept:
        """Is what comes acted upon?"""
        return not (self.is_done or is_ending(self.state))

    cdef bint has_read_enough(self, Py_ssize_t size) except -1:
        """Bytes of one long message cost time, too, and no budget is asked for them."""
        cdef long long turn
        if size < LARGE:
            return False
        turn = self.context.budget.this_turn(self.context.loop)
        if self.read_in != turn:
            self.read_in, self.read_size = turn, 0
        self.read_size += size
        return self.read_size >= MAX_A_TURN

    cdef int message_taken(self) except -1:
        if self.throttled or self.unread is not None:
            self.advance_soon()
        return 0

    cdef int act(self) except -1:
        """Upon a whole message, or a control frame."""
        cdef Decoder decoder = self.decoder
        payload, decoder.payload = decoder.payload, None
        if self.state == PONG:
            self.enter(OPEN)
        if decoder.found == CLOSE_FRAME:
            self.peer_closed(payload)
        elif decoder.found == PING:
            if not self.has_said_close:
                self.answer_ping(payload)
        elif decoder.found != PONG_FRAME and self.session is not None:
            self.session.message_came(payload, decoder.size)
        return 0

    cdef int answer_ping(self, bytes payload) except -1:
        """A peer that does not take what we write gets the last one alone (5.5.3)."""
        if self.state == SEND:
            self.pong = payload
        else:
            self.cork()
            self.write(frame(PONG_FRAME, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload), False))
        return 0

    # --- the limits of time ---

    cdef int expired(self) except -1:
        cdef State state = self.state
        if state == OPEN:
            return self.ask_for_pong()
        if state == PONG:
            # What waits to be read, or what comes fast enough for one long frame, is as good as an answer.
            if self.throttled or self.has_unread_bytes() or (
                self.heard >= self.context.limits.min_rate * seconds(self.clock.limit(PONG))
            ):
                self.heard = 0
                return self.enter(PONG)
            self.context.counters.now.expired[<int>state] += 1
            self.ends(PONG_TIMEOUT)
            return self.fail(INTERNAL_ERROR, "no Pong came in time")
        if state == CLOSING:
            if self.still_reads():
                return self.enter(CLOSING)
            self.context.counters.now.expired[<int>state] += 1
            self.ends(CLOSE_TIMEOUT)
            return self.linger()
        return Connection.expired(self)

    cdef int ask_for_pong(self) except -1:
        """Not of one that has ended its side: it may answer by a reset, and what it has sent would be lost."""
        self.heard = 0
        self.enter(PONG)
        if self.has_ended or (self.throttled and self.has_unseen_end()):
            return 0
        return self.write(frame(PING, NULL, 0, False))

    # --- the closing ---

    cdef int say_close(self, int code, bytes reason) except -1:
        """The app closes it (5.5.1): what comes until the peer's Close is not delivered."""
        self.ends(APP_CLOSE)
        self.session = None
        return self.write_close(code, reason)

    cdef int write_close(self, int code, bytes reason) except -1:
        """Ours is the first."""
        self.send_close(code, reason)
        if self.state != SEND and not is_ending(self.state) and self.state != CLOSED:
            self.enter(CLOSING)
        return self.advance_soon() if self.unread is not None else self.throttle()

    cdef int peer_closed(self, bytes payload) except -1:
        """Its Close has come: ours is the last that leaves, if it has not left."""
        cdef int code = 0
        reason = read_close(payload, &code)
        self.ends(PEER_ENDED)
        return self.say_last(code, b"", reason)

    cdef int fail(self, int code, str reason) except -1:
        """Fail the connection (7.1.7): say why, and read no more."""
        return self.say_last(code, reason.encode(), reason)

    cdef int say_last(self, int code, bytes said, str told) except -1:
        """To the peer, unless Close has been said; and to the app."""
        self.send_close(code, said)
        self.tell_closed(code, told)
        return self.end()

    cdef int send_close(self, int code, bytes reason) except -1:
        """Once, behind all that was sent before."""
        if not self.has_said_close:
            self.has_said_close = True
            self.write(close_frame(code, reason))
        return self.flush()

    cdef int end_seen(self) except -1:
        """The peer may have gone, and the app has not taken what it has sent: it has a grace period to go on."""
        if is_ending(self.state):
            self.drained = 0  # what the kernel holds is the last: read it, or our close is a reset
            return self.throttle()
        return self.session.tell_gone() if self.session is not None else 0

    cdef int peer_gone(self) except -1:
        self.ends(PEER_ENDED)
        self.tell_closed(ABNORMAL, "")
        return self.end()

    cdef int end(self) except -1:
        """Nothing that comes now is acted upon. Not before the peer has caught up, as long as it reads: it may have
        said Close, and read on."""
        self.is_done = True
        return 0 if self.state == SEND else self.leave()

    cdef int leave(self) except -1:
        """All has left."""
        return self.close(True) if self.has_ended else self.linger()

    cdef int tell_closed(self, int code, str reason) except -1:
        cdef Session session = self.session
        self.session = None
        if session is not None:
            session.closed(code, reason)
            self.wake_writers()  # who find out
        return 0

    # --- for fastsrv/server.py ---

    def is_standing(self):
        return self.session is not None and not self.has_said_close

    def shut(self, long long since):
        """The app is told first, and has a moment to end by itself; then the client is."""
        if self.is_standing():
            if self.shut_since == 0:
                self.shut_since = self.clock.now
                self.ends(self.context.drains_for)
                self.session.tell_disconnect()
            elif self.clock.now - self.shut_since >= SHUT_AFTER:
                # To the app it is as if its client had gone: it has a grace period.
                self.tell_closed(SERVICE_RESTART, "")
                self.write_close(SERVICE_RESTART, b"")
        elif self.state == CLOSING:
            if self.clock.now - self.since >= SHUT_AFTER:
                self.linger()
        else:
            Connection.shut(self, since)

    def abort(self):
        """The worker stops, and it was not this one's turn to be told: what can be said leaves."""
        self.ends(WORKER_STOPS)
        if self.is_standing() and self.state != SEND and self.ending != LOST:
            self.tell_closed(SERVICE_RESTART, "")
            self.send_close(SERVICE_RESTART, b"")
        Connection.abort(self)

    def describe(self):
        """For a human: 'WebSocket /path of 127.0.0.1:4321'."""
        peer = Connection.describe(self)
        return f"a WebSocket of {peer}" if self.session is None else f"{self.session.describe()} of {peer}"
