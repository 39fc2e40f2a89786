"""A WebSocket, as an app sees it: the events of ASGI websocket (2.5), and their order.

Knows no frame that comes in, no clock and no transport: protocol.pyx, its Channel, has messages come and says how the
connection has ended. handshake.pyx makes one; fastsrv/dispatch.py runs the app, and reports how that ended.
"""

from fastsrv_ext.asgi.call import ClientDisconnected

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_GET_LENGTH, PyUnicode_KIND

from fastsrv_ext.asgi.awaitables cimport DONE
from fastsrv_ext.asgi.call cimport GONE, Call, Peer, Receiving
from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.counters cimport (
    APP_FAILED, MESSAGE_BYTES_RECEIVED, MESSAGE_BYTES_SENT, MESSAGES_RECEIVED, MESSAGES_SENT, WEBSOCKETS,
    WEBSOCKETS_OPEN, Counters,
)
from fastsrv_ext.state cimport SEND
from fastsrv_ext.websocket.events cimport (
    KNOWN_AT_FIRST, KNOWN_BEHIND, read_accept, read_close_event, read_denial, unknown,
)
from fastsrv_ext.websocket.frames cimport (
    ABNORMAL, BINARY, INTERNAL_ERROR, NORMAL, SERVICE_RESTART, TEXT, frame, frame_head,
)

cdef enum:
    MESSAGE_COST = 64        # bytes of memory that a message takes beside its own: small ones take more
    WORTH_COMPRESSING = 256  # bytes: smaller messages fit into a packet as they are
    MOST_COMPRESSED = 1024 * 1024  # bytes: as much takes up to 50 ms, in which nobody else is served
    COPY_LIMIT = 16 * 1024   # bytes; up to here one copy costs less than a write of several buffers
    SWITCHING_PROTOCOLS = 101
    FORBIDDEN = 403


cdef class Channel(Connection):
    # The bodies are in protocol.pyx: this is the table of what may be asked for.

    cdef int say_close(self, int code, bytes reason) except -1:
        raise NotImplementedError

    cdef int message_taken(self) except -1:
        raise NotImplementedError


cdef class Opening:
    # The body is in handshake.pyx.

    cdef Channel accept(self, Session session, str subprotocol, list headers):
        raise NotImplementedError


cdef class Session(Call):

    # --- receive() ---

    cdef bint has_event(self) noexcept:
        return not self.announced or self.held > 0 or self.code != 0

    cdef bint is_over(self) noexcept:
        return self.code != 0

    cdef bint has_more(self) noexcept:
        return self.held > 0 or self.code != 0

    cdef dict next_event(self):
        if not self.announced:
            self.announced = True
            return {"type": "websocket.connect"}
        if self.held == 0:
            self.aware = True
            return {"type": "websocket.disconnect", "code": self.code, "reason": self.reason}
        payload, self.message = self.message, None
        if self.later is not None:
            self.message = self.later.pop(0)  # of a thousand at most
            self.later = self.later or None
        self.held -= memory_of(payload)
        if self.outlet is not None:
            (<Channel>self.outlet).message_taken()
        return {"type": "websocket.receive", ("text" if isinstance(payload, str) else "bytes"): payload}

    # --- what comes (the connection says) ---

    cdef int message_came(self, object payload, Py_ssize_t size) except -1:
        """size: of its bytes. Behind websocket.disconnect comes nothing: the worker ends, and the client goes on."""
        cdef Counters counters = self.context.counters
        if self.aware:
            return 0
        self.messages_received += 1
        self.received += size
        counters.now.counts[<int>MESSAGES_RECEIVED] += 1
        counters.now.counts[<int>MESSAGE_BYTES_RECEIVED] += size
        if self.message is None:
            self.message = payload
        elif self.later is None:
            self.later = [payload]
        else:
            self.later.append(payload)
        self.held += memory_of(payload)
        if self.receivers is not None:
            receivers, self.receivers = self.receivers, None
            for receiving in receivers:
                (<Receiving?>receiving).wake()  # at once
        return 0

    cdef int closed(self, int code, str reason) except -1:
        """Nothing more comes, and nothing more can be sent. The first to say so counts."""
        self.hear_of_end(code, reason)
        if self.peer == GONE:
            return 0
        if self.stage == ACCEPTED:
            self.count_close(code)
        if self.logged is not None:
            self.took = monotonic() - self.started  # the app may go on
        return Call.peer_is(self, GONE)

    cdef int count_close(self, int code) except -1:
        self.close_code = code
        self.context.counters.now.counts[<int>WEBSOCKETS_OPEN] -= 1
        return self.context.counters.close(code)

    cdef int hear_of_end(self, int code, str reason) except -1:
        if self.code == 0:
            self.code, self.reason = code, reason
        return 0

    cdef int peer_is(self, Peer peer) except -1:
        """Before it is accepted: a client that has ended its side cannot go on, either, but for an answer that it gets
        already."""
        if self.stage == DENYING and peer != GONE:
            return 0
        if self.opening is not None:
            self.ending = self.opening.exchange.ending
        return self.closed(ABNORMAL, "")

    # --- send() ---

    cdef object send_event(self, dict event):
        """The websocket.* events.

        Raises RuntimeError for an event that may not come now, KeyError, TypeError and ValueError for an event's
        contents; an OSError when the connection has ended, whoever has ended it (2.4): ClientDisconnected, if it was
        not the app.
        """
        kind = event["type"]
        if self.stage == DENYING:
            if self.peer == GONE:
                raise self.why_not_sent()
            if kind != "websocket.http.response.body":
                raise unknown(kind, "websocket.http.response.body")
            return self.send_denial(event, "http.response.body")
        if self.stage == ENDED or self.peer == GONE:
            raise self.why_not_sent()
        if self.stage == ACCEPTED:
            if kind == "websocket.send":
                return self.send_message(event)
            if kind == "websocket.close":
                return self.close_it(event)
            raise unknown(kind, KNOWN_BEHIND)
        if kind == "websocket.accept":
            return self.accept_it(event)
        if kind == "websocket.close":
            return self.deny()
        if kind == "websocket.http.response.start":
            return self.send_denial(event, "http.response.start")
        raise unknown(kind, KNOWN_AT_FIRST)

    cdef object accept_it(self, dict event):
        cdef tuple said = read_accept(event)
        cdef list headers = <list>said[1]
        cdef Channel channel = self.opening.accept(self, <str>said[0], headers)
        if channel is None:
            self.closed(ABNORMAL, "")
            raise self.why_not_sent()
        self.outlet = channel
        self.stage = ACCEPTED
        if self.code != 0:  # the app was told of an end, and accepts all the same: the worker's is still one
            self.code = SERVICE_RESTART if self.context.draining else 0
            self.aware = self.code != 0
        self.end_opening()
        self.first_byte = monotonic() - self.started
        self.context.counters.now.counts[<int>WEBSOCKETS] += 1
        self.context.counters.now.counts[<int>WEBSOCKETS_OPEN] += 1
        self.status = SWITCHING_PROTOCOLS
        if headers:
            self.response_headers = headers
        return DONE

    cdef object deny(self):
        """The app has closed it before it was accepted."""
        self.send_denial({"status": FORBIDDEN, "headers": [(b"content-length", b"0")]}, "http.response.start")
        return self.send_denial({}, "http.response.body")

    cdef object send_denial(self, dict event, str kind):
        """The answer is that of a request as any other, which the exchange makes of it."""
        cdef Exchange exchange = self.opening.exchange
        done = exchange.send_event(read_denial(event, kind))
        self.stage = DENYING
        self.status, self.response_headers, self.sent = exchange.status, exchange.response_headers, exchange.sent
        if exchange.is_complete():
            self.ending = exchange.ending
            self.stage = ENDED
            self.end_opening()
            self.closed(ABNORMAL, "")
            self.end()
        return done

    cdef object send_message(self, dict event):
        text, data = event.get("text"), event.get("bytes")
        cdef Counters counters = self.context.counters
        cdef Py_ssize_t size
        cdef const char* payload
        if (text is None) == (data is None):
            raise ValueError("websocket.send needs a text or bytes, and not both")
        if text is not None:
            if not isinstance(text, str):
                raise TypeError(f"the text of websocket.send must be a str, not {type(text).__name__}")
            payload = PyUnicode_AsUTF8AndSize(text, &size)
            self.write_message(TEXT, payload, size, None)
        else:
            if type(data) is not bytes:
                if not isinstance(data, (bytes, bytearray, memoryview)):
                    raise TypeError(f"the bytes of websocket.send must be bytes, not {type(data).__name__}")
                data = bytes(data)
            size = PyBytes_GET_SIZE(data)
            self.write_message(BINARY, PyBytes_AS_STRING(data), size, data)
        self.messages_sent += 1
        self.sent += size
        counters.now.counts[<int>MESSAGES_SENT] += 1
        counters.now.counts[<int>MESSAGE_BYTES_SENT] += size
        if self.has_had_its_turn(size) or self.peer == GONE or (<Channel>self.outlet).state == SEND:
            return self.wait_for_peer()
        return DONE

    cdef int write_message(self, int opcode, const char* payload, Py_ssize_t size, bytes whole) except -1:
        """whole: the payload as an object, or None. What an app sends without a wait leaves in one write."""
        cdef bytes packed
        cdef Channel channel = <Channel>self.outlet
        channel.cork()
        if self.deflate is not None and WORTH_COMPRESSING <= size <= MOST_COMPRESSED:
            packed = self.deflate.compress(payload[:size] if whole is None else whole)
            channel.write(frame(opcode, PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed), True))
        elif size <= COPY_LIMIT or whole is None:
            channel.write(frame(opcode, payload, size, False))
        else:
            channel.write_parts([frame_head(opcode, size, False), whole])
        if size > COPY_LIMIT:
            channel.flush()  # worth a write of its own, which tells whether the peer takes it
        return 0

    cdef object close_it(self, dict event):
        code, reason = read_close_event(event)
        self.say_close(code, reason)
        return DONE

    cdef int say_close(self, int code, bytes reason) except -1:
        """The app has nothing more to say."""
        cdef Channel channel = <Channel>self.outlet
        self.stage = ENDED
        self.count_close(code)
        self.hear_of_end(code, reason.decode())
        self.outlet = None
        if channel is not None:
            channel.say_close(code, reason)
            self.ending = channel.ending
        self.end()
        return self.wake()

    cdef object why_not_sent(self):
        self.aware = True
        if self.stage == ENDED:  # no client's doing: the log tells of it
            return OSError("the app has closed this WebSocket, or has ended, and sends all the same")
        return ClientDisconnected("the client of this WebSocket has gone, or the worker ends")

    # --- its end ---

    cdef int end_opening(self) except -1:
        if self.opening is not None:
            self.opening.exchange.became = None
            self.opening = None
        return 0

    def waits(self):
        self.has_waited = True
        if self.opening is not None:
            self.opening.exchange.waits()

    def tell_disconnect(self):
        """The worker ends; or the client seems to have gone before it was accepted. receive() says so, and what the app
        sends all the same still leaves."""
        self.hear_of_end(SERVICE_RESTART if self.stage == ACCEPTED else ABNORMAL, "")
        if self.opening is not None:
            self.opening.exchange.tell_disconnect()
        self.wake()

    def details(self):
        cdef bint accepted = self.status == SWITCHING_PROTOCOLS
        return {
            "websocket.messages_received": self.messages_received, "websocket.bytes_received": self.received,
            "websocket.messages_sent": self.messages_sent,
            "websocket.bytes_sent": self.sent if accepted else 0,  # otherwise of an answer's body
            "websocket.close_code": self.close_code if accepted else None,
        }

    def is_websocket(self):
        return True

    def describe(self):
        return f"WebSocket {self.head.target.decode('ascii', 'replace')}{self.identified()}"

    def is_complete(self):
        """Has the app said all?"""
        return self.stage == ENDED

    def is_answered(self):
        """Is it accepted, or nobody left to be answered?"""
        return self.stage == ACCEPTED or self.peer == GONE

    def has_begun(self):
        return self.stage != CONNECTING

    def is_delivered(self):
        """Does the app know of the end? What it does then it may finish. Or has the client got a whole denial?"""
        return self.aware or (self.opening is not None and self.opening.exchange.is_delivered())

    def is_abandoned(self):
        return self.is_over()

    def is_unaware(self):
        """Behind the handshake receive() says so by itself, when it has given what came before."""
        return self.opening is not None and self.code == 0

    def may_be_gone(self):
        return self.peer == GONE or (self.opening is not None and self.opening.exchange.may_be_gone())

    def is_unreachable(self):
        """Has the client gone, and the app all that had come of it?"""
        return self.peer == GONE and self.held == 0

    def taken(self):
        """Messages that the app has: the end stands behind them. Of a denial what the client has taken."""
        if self.opening is not None:
            return self.opening.exchange.taken()
        return self.messages_received - (self.message is not None) - (0 if self.later is None else len(self.later))

    def goes_on(self, long long taken):
        return self.taken() != taken if self.opening is None else self.opening.exchange.goes_on(taken)

    def ended(self):
        """The app has returned, and not closed it."""
        if self.opening is not None:
            self.fail(False)
        elif self.stage == ACCEPTED and self.peer != GONE:
            self.say_close(self.code if self.code != 0 else NORMAL, b"")
        else:
            self.end()

    def fail(self, bint owed):
        """The app has failed."""
        cdef Exchange exchange
        if self.opening is not None:
            exchange = self.opening.exchange
            self.end_opening()
            exchange.fail(owed)
            self.status = exchange.unanswered or exchange.status
            self.response_headers, self.sent = exchange.response_headers or (), exchange.sent
            self.ending = exchange.ending
            self.stage = ENDED
            self.closed(ABNORMAL, "")
            self.end()
        elif self.stage == ACCEPTED and self.peer != GONE:
            (<Channel>self.outlet).ends(APP_FAILED)
            self.say_close(self.code if self.code != 0 else INTERNAL_ERROR, b"")
        else:
            self.end()


cdef Py_ssize_t memory_of(object payload) except -1:
    """Bytes, about."""
    if isinstance(payload, str):
        return MESSAGE_COST + PyUnicode_GET_LENGTH(payload) * PyUnicode_KIND(payload)
    return MESSAGE_COST + PyBytes_GET_SIZE(payload)
