"""A request and its response on an HTTP/1.1 connection: the framing (RFC 9112).

Touches no transport and starts no app: reader.pyx makes a Cycle for each request and feeds it the body; pipeline.pyx,
its Carrier, gives each its turn. What events may come, and when, is exchange.pyx's.
"""

from fastsrv_ext.asgi.awaitables cimport pthread_self
from fastsrv_ext.asgi.call cimport Call
from fastsrv_ext.asgi.exchange cimport BEGUN, COMING, COMPLETE, COUNTED, NONE, UNCOUNTED, is_bodiless
from fastsrv_ext.clock cimport seconds
from fastsrv_ext.context cimport CommonResponse
from fastsrv_ext.counters cimport APP_CLOSE, APP_FAILED, CLIENT_CLOSE, PERSISTS
from fastsrv_ext.http.fields cimport NO_LENGTH
from fastsrv_ext.http1.response cimport (
    chunk_size_line, error_answer, error_body, fields_of, join, length_line, render_head, with_upgrade,
)

cdef enum:
    NOT_SEEN = -1           # bytes: no request has as many
    COPY_LIMIT = 16 * 1024  # bytes; up to here one copy costs less than a write of several buffers

cdef bytes CRLF = b"\r\n"
cdef bytes LAST_CHUNK = b"0\r\n\r\n"
cdef bytes CHUNKED_FIELD = b"transfer-encoding: chunked\r\n"
cdef bytes CLOSE_FIELD = b"connection: close\r\n"
cdef bytes KEEP_ALIVE_FIELD = b"connection: keep-alive\r\n"
cdef bytes CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


cdef class Carrier(Connection):
    # The bodies are in pipeline.pyx and protocol.pyx: this is the table of what may be asked for.

    cdef int await_body(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int await_body_no_more(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int body_taken(self) except -1:
        raise NotImplementedError

    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept:
        return PERSISTS

    cdef int response_complete(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int response_broken_off(self, Cycle cycle) except -1:
        raise NotImplementedError

    cdef int app_ended(self) except -1:
        raise NotImplementedError

    cdef int refuse(self, object refusal) except -1:
        raise NotImplementedError

    cdef int body_came(self, Cycle cycle, Py_ssize_t size) except -1:
        raise NotImplementedError

    cdef int message_ended(self) except -1:
        raise NotImplementedError


cdef Cycle new_cycle(Carrier carrier, RequestHead head):
    """A constructor's arguments would be a tuple for each request."""
    cdef Cycle cycle = Cycle.__new__(Cycle)
    cycle.context = carrier.context
    cycle.outlet = carrier
    cycle.head = head
    cycle.ending = PERSISTS if head.keep_alive else CLIENT_CLOSE
    cycle.length = NO_LENGTH
    cycle.seen = NOT_SEEN
    cycle.thread = pthread_self()  # the loop's
    return cycle


cdef class Cycle(Exchange):

    # --- the request's body ---

    cdef int wanted(self) except -1:
        cdef Carrier carrier = <Carrier>self.outlet
        if self.arrival != COMING:
            return 0
        if self.head.expect is not None and self.received == 0 and self.progress < BEGUN:
            # RFC 9110, 10.1.1: the client waits for our word before it sends the body.
            self.head.expect = None
            if not self.head.is_http_10:
                carrier.write(CONTINUE)
                carrier.flush()
        return carrier.await_body(self)

    cdef int unwanted(self) except -1:
        if self.outlet is not None and self.arrival == COMING:
            (<Carrier>self.outlet).await_body_no_more(self)
        return 0

    cdef int made_room(self) except -1:
        return (<Carrier>self.outlet).body_taken()

    # --- the response ---

    cdef int write_first(self, bytes data, bint final) except -1:
        """Head and first body bytes in one write."""
        cdef CommonResponse common = self.context.response
        cdef bytes defaults = common.default_fields, end = CRLF, framing = self.choose_framing(len(data), final)
        if self.said.date or self.said.server:
            defaults = (b"" if self.said.date else common.date_field) + (
                b"" if self.said.server else common.server_field)
        if self.own_lines is not None:
            defaults = defaults + self.lines_of_ours(self.fields)
        if self.ending != PERSISTS:
            end = CLOSE_FIELD + CRLF
        elif common.keep_alive_fields is not None and not self.said.keep_alive:
            end = common.keep_alive_fields + CRLF
        elif self.head.is_http_10 or self.said.keep_alive:  # which Connection has to name (RFC 9110, 7.6.1)
            end = KEEP_ALIVE_FIELD + CRLF
        if self.said.upgrade:
            end = with_upgrade(end)
        cdef bint whole = (self.content == COUNTED or self.is_until_close()) and len(data) <= COPY_LIMIT
        head = render_head(
            self.status, defaults, self.fields, self.said.size, framing, end, data if whole else b"")
        if whole or self.content == NONE:
            return self.outlet.write(head)
        return self.write_framed(head, data, final)

    cdef bytes lines_of_ours(self, list fields):
        """Beside `fields`, the app's, which may have said the same."""
        cdef bytes name, ours
        if self.own_lines is None:
            return b""
        ours = self.own_lines.partition(b":")[0]
        for name, _ in fields:
            if name.lower() == ours:
                return b""
        return self.own_lines

    cdef bytes choose_framing(self, Py_ssize_t size, bint final):
        """The field line that tells where the body ends, unless the app has given it (RFC 9112, 6.3); and whether a
        request may follow."""
        cdef bytes line = b""
        if self.said.close or self.status < 200:
            self.ends(APP_CLOSE)
        if is_bodiless(self.status) or self.said.content_length != NO_LENGTH:
            pass
        elif final and size == 0 and self.head.is_head:
            pass  # the length of what HEAD leaves out is not known
        elif final:
            line = length_line(size)
        elif self.head.is_http_10:
            self.ends(APP_CLOSE)
        else:
            line = CHUNKED_FIELD
        self.ends((<Carrier>self.outlet).ends_with(self, final or self.is_full(size)))
        return line

    cdef int write_more(self, bytes data, bint final) except -1:
        return self.write_framed(b"", data, final)

    cdef int write_framed(self, bytes before, bytes data, bint final) except -1:
        """`before`, then body bytes in the framing chosen. Large ones are not copied."""
        cdef bytes after = b""
        if self.content == UNCOUNTED and not self.head.is_http_10:
            if data:
                before = before + chunk_size_line(len(data))
                after = CRLF
            if final:
                after = after + LAST_CHUNK
        if len(data) <= COPY_LIMIT:
            before = join(before, data, after)
            if before:
                self.outlet.write(before)
        else:
            self.outlet.write_parts([part for part in (before, data, after) if part])
        return 0

    cdef Py_ssize_t write_error(self, object status) except -1:
        cdef bytes body = error_body(status.phrase)
        cdef bytes answer = error_answer(
            status, body, self.context.response.default_fields + self.lines_of_ours([]), self.head.is_head)
        self.ends(APP_FAILED)
        self.response_headers = fields_of(answer)
        self.outlet.write(answer)
        return 0 if self.head.is_head else len(body)

    # --- its end ---

    def is_complete(self):
        # Not inherited: to call a method of a base class takes CPython 130 instructions more, with each request.
        return self.progress == COMPLETE

    def waited_for_client(self):
        return Call.waited_for_client(self) + seconds(self.waited)

    cdef int completed(self) except -1:
        return (<Carrier>self.outlet).response_complete(self)

    cdef int broken_off(self) except -1:
        return (<Carrier>self.outlet).response_broken_off(self)

    cdef int end(self) except -1:
        cdef Carrier left = self.left
        Call.end(self)
        if left is not None:
            self.left = None
            left.app_ended()
        return 0
