"""What comes in: bytes -> a pipeline of cycles, through the parser's callbacks (RFC 9112).

Parses nothing itself (plain_head.pyx does for plain heads, httptools for the rest), answers nothing, starts nothing:
callbacks only collect. protocol.pyx calls read(), and pipeline.pyx takes the cycles when the parser has returned; what
is no request goes to its refuse().
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.http1.chunked cimport SIZE, chunks_end
from fastsrv_ext.context cimport Limits
from fastsrv_ext.http1.plain_head cimport scan_head
from fastsrv_ext.http1.request_line cimport fill_in, read_line, stand_in
from fastsrv_ext.http1.rules cimport add_field, check_trailer, complete
from fastsrv_ext.http.field_names cimport PROXYS
from fastsrv_ext.http.refusal cimport body_too_large, too_large
from fastsrv_ext.http.request cimport CHUNKED_LENGTH
from fastsrv_ext.http1.cycle cimport new_cycle

cdef enum:
    READ_AHEAD = 16 * 1024         # bytes that the parser gets at once, but for a body of known length
    MAX_PIPELINED = 32             # requests read ahead before reading pauses
    HIGH_WATER = 64 * 1024         # bytes of heads and bodies that no app has taken before reading pauses
    BARE_A_TURN = 16 * 1024        # bytes that carry no body, to be parsed in a turn: they cost far more than a body's
    CHUNK_OVERHEAD = 16            # bytes that a chunk may spend on its framing; extensions come on top
    MAX_EXCESS = 16 * 1024         # bytes of chunk extensions and trailers a body may spend; Go allows 16 KiB


cdef Reader new_reader(Carrier carrier):
    cdef Reader reader = Reader.__new__(Reader)
    reader.carrier = carrier
    reader.context = carrier.context
    return reader


@cython.freelist(8)  # many a connection is for one request
cdef class Reader:

    # --- for the connection ---

    cdef bint read(self, bytes data) except -1:
        """What has come. Where enough has been read ahead, the rest is kept, and not copied. True: it was as much as
        there may be in a turn of the loop."""
        return self.read_from(data, 0)

    cdef bint read_unread(self) except -1:
        """The same of what was kept."""
        data, self.unread = self.unread, None
        return self.read_from(data, self.parsed)

    cdef int keep(self, bytes data) except -1:
        """For later, behind what is unread, if anything is: the loop had read it before reading was paused."""
        self.unread = data if self.unread is None else self.unread[self.parsed:] + data
        self.parsed = 0
        return 0

    cdef int stop(self) except -1:
        """From now on nothing that comes is acted upon. What was read before stays in the pipeline, but for a request
        whose body has not come."""
        if is_acted_upon(self.input):
            self.input = REFUSED
        if self.reading is not None and self.reading is self.last:
            self.forget_last()
        self.head = self.reading = None
        self.line = self.unread = None
        return 0

    cdef int end(self, Peer peer) except -1:
        """The peer has ended its side: no request follows those that have come."""
        cdef Cycle cycle = self.first
        self.input = ENDED
        self.head = self.reading = None
        while cycle is not None:
            cycle.peer_is(peer)
            cycle = cycle.following
        return 0

    cdef int forget(self) except -1:
        """Stop, and forget what has been read, too."""
        self.stop()
        self.first = self.last = None
        self.pipelined = 0
        return 0

    cdef int go_on(self) except -1:
        """The request in hand was answered. If it has asked for another protocol, there is none."""
        if self.input == SWITCHING and self.first is None:
            self.input = BETWEEN
        return 0

    cdef bint may_go_on(self) noexcept:
        """Is there something unread, and may it be read?"""
        return self.unread is not None and self.first is None and self.input != SWITCHING and not self.is_crowded()

    cdef Cycle refused(self):
        """What is being read, and is to be refused: one of the pipeline; of a head that is not whole, what has come."""
        cdef RequestHead head = self.head
        if self.reading is not None:
            return self.reading
        if head is None:
            head = RequestHead.__new__(RequestHead)
        if not self.has_all_fields:
            head.kinds &= ~PROXYS  # the last of these fields counts, and may not have come
        fill_in(head, b"" if self.line is None else self.line)
        return new_cycle(self.carrier, head)

    cdef bint is_crowded(self) noexcept:
        """Has enough been read ahead of what the app and the peer have taken?"""
        cdef Py_ssize_t held = 0
        cdef Cycle cycle = self.first
        if self.pipelined >= MAX_PIPELINED:
            return True
        while cycle is not None:
            held += cycle.head.size + cycle.buffered
            cycle = cycle.following
        if self.reading is not None and self.reading is not self.last:
            held += self.reading.buffered
        return held > HIGH_WATER

    # --- bytes ---

    cdef bint read_from(self, bytes data, Py_ssize_t start) except -1:
        cdef Py_ssize_t size = len(data), begin = start
        self.bare = 0
        while start < size and is_acted_upon(self.input):
            if self.input == SWITCHING or (start > begin and (self.bare >= BARE_A_TURN or self.is_crowded())):
                self.unread = data
                self.parsed = start
                break
            self.bare -= start
            start = self.step(data, start)
            self.bare += start
        return self.bare >= BARE_A_TURN

    cdef Py_ssize_t step(self, bytes data, Py_ssize_t start) except -1:
        """A head, a body, or a part of one. Returns where it ends."""
        cdef Py_ssize_t end
        if self.input == IN_PLAIN_BODY:
            return self.read_body(data, start)
        if self.input == BETWEEN or self.line is not None:
            if self.line is None and self.context.service.scan_heads:
                end = self.scan(data, start)
                if end > start:
                    return end
            return self.begin(data, start)
        return self.feed(data, start)

    cdef Py_ssize_t scan(self, bytes data, Py_ssize_t start) except -1:
        """A head of the plain form (plain_head.pyx). Returns where it ends: `start`, if it is none."""
        cdef RequestHead head = RequestHead.__new__(RequestHead)
        cdef Py_ssize_t size = scan_head(
            <const unsigned char*>PyBytes_AS_STRING(data) + start, PyBytes_GET_SIZE(data) - start, head,
            self.context.limits)
        if size > 0:
            self.head_complete(head, IN_PLAIN_BODY)
            if self.body_left == 0:
                self.end_message()
        return start + size

    cdef Py_ssize_t read_body(self, bytes data, Py_ssize_t start) except -1:
        """Body bytes behind a scanned head. Returns where they end."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data) - start
        if size > self.body_left:
            size = self.body_left
        try:
            self.on_body(data if size == PyBytes_GET_SIZE(data) else data[start:start + size])
            if self.body_left == 0:
                self.end_message()
        except BadRequest as refusal:
            self.carrier.refuse(refusal)
        return start + size

    cdef Py_ssize_t begin(self, bytes data, Py_ssize_t start) except -1:
        """A head that is the parser's, which gets it when its request line has been read (request_line.pyx). Empty
        lines before it are passed over (RFC 9112, 2.2). Returns how far it has come."""
        cdef Limits limits = self.context.limits
        cdef Py_ssize_t known = 0, at = start, shift = 0, end, size
        cdef bytes text = data
        if self.line is not None:
            known = PyBytes_GET_SIZE(self.line)
            text = self.line + data[start:]
            at, shift = 0, start - known
            self.line = None
        end = PyBytes_GET_SIZE(text)
        cdef const unsigned char* byte = <const unsigned char*>PyBytes_AS_STRING(text)
        if self.head is None:
            known = self.matched = 0
            while end - at >= 2 and byte[at] == c'\r' and byte[at + 1] == c'\n':
                at += 2
                self.excess += 2
            if self.excess > limits.request_head:
                self.carrier.refuse(too_large(limits))
                return end + shift
            if at == end or (at == end - 1 and byte[at] == c'\r'):
                self.line = text[at:] if at < end else None
                return end + shift
            self.head = RequestHead.__new__(RequestHead)
            self.framing.options = self.framing.trailers = 0
            self.input = IN_HEAD
            self.has_all_fields = False
            self.excess = 0
        try:
            size = read_line(byte + at, end - at, known, self.head, limits)
        except BadRequest as refusal:
            self.line = text[at:at + min(limits.request_line, limits.request_head)]
            self.carrier.refuse(refusal)
            return end + shift
        if size == 0:
            self.line = text[at:]
            return end + shift
        end = at + size
        if limits.any_method or limits.any_version:
            text = stand_in(self.head, limits)
            shift += end - PyBytes_GET_SIZE(text)
            at, end = 0, PyBytes_GET_SIZE(text)
        while at < end and is_acted_upon(self.input):
            at = self.feed(text, at)
        return at + shift

    cdef Py_ssize_t feed(self, bytes data, Py_ssize_t start) except -1:
        """What is the parser's, up to the end of a head or a body at most: what begins there is not. Returns how far
        it has come."""
        cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(data) + start
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data) - start
        if self.body_left > 0:
            size = min(size, self.body_left)
        elif self.input == IN_BODY:
            size = chunks_end(&self.chunks, text, min(size, READ_AHEAD))
        else:
            size = self.head_end(text, min(size, READ_AHEAD))
        if self.parser is None:
            self.parser = HttpRequestParser(self)
        self.parse(data if size == PyBytes_GET_SIZE(data) else memoryview(data)[start:start + size])
        return start + size

    cdef Py_ssize_t head_end(self, const unsigned char* text, Py_ssize_t size) noexcept:
        """How far the parser may be led: to the empty line that ends a head. All of it, if there is none."""
        cdef Py_ssize_t i = 0
        cdef const void* found
        while i < size:
            if self.matched == 0:
                found = memchr(text + i, c'\r', size - i)
                if found is NULL:
                    return size
                i = <const unsigned char*>found - text
            elif text[i] != (c'\n' if self.matched & 1 else c'\r'):
                self.matched = 0
                continue
            i += 1
            self.matched += 1
            if self.matched == 4:
                self.matched = 0
                return i
        return size

    cdef int parse(self, object data) except -1:
        self.excess += len(data)  # before the callbacks, which know what a byte was good for
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            # The parser has stopped behind the head and taken the message for complete.
            self.pass_refused_upgrade()
        except HttpParserCallbackError as error:
            if not isinstance(error.__context__, BadRequest):
                raise
            self.carrier.refuse(error.__context__)
        except HttpParserError as error:
            self.carrier.refuse(BadRequest(400, f"{error}", "syntax"))
        else:
            if is_acted_upon(self.input):
                self.check_excess()
        return 0

    cdef int check_excess(self) except -1:
        """Bound what is read without a head or body bytes coming of it: a field that does not end (it
        grows by copying), empty lines, chunk extensions, trailers."""
        if self.input == IN_BODY:
            self.excess = max(0, self.excess) if self.body_left == 0 else 0
            if self.excess > MAX_EXCESS:
                self.carrier.refuse(BadRequest(
                    431, f"chunk extensions and trailers larger than {MAX_EXCESS} bytes", "chunk_excess"))
        elif self.excess > self.context.limits.request_head + READ_AHEAD:
            self.carrier.refuse(too_large(self.context.limits))
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

    # --- the parser's callbacks, in the order of a message ---

    def on_header(self, bytes name not None, bytes value not None):
        if self.input == IN_HEAD:
            add_field(self.head, &self.framing, name, value, self.context.limits)
        elif self.input == IN_BODY:
            check_trailer(self.reading.head, &self.framing, name, value, self.context.limits)

    def on_headers_complete(self):
        cdef RequestHead head = self.head
        if self.input == PRIMING:
            return
        if head is None:
            raise RuntimeError("the parser was given bytes from beyond a message")
        self.has_all_fields = True
        complete(head, &self.framing, self.parser.should_keep_alive(), self.context.limits)
        self.head_complete(head, IN_BODY)

    cdef int head_complete(self, RequestHead head, Input body) except -1:
        """A request is in the pipeline; what comes next is its `body`."""
        cdef Cycle cycle = new_cycle(self.carrier, head)
        self.head = None
        self.reading = cycle
        self.input = body
        self.body_left = head.content_length if head.content_length > 0 else 0
        self.chunks.part, self.chunks.left = SIZE, 0
        self.excess = 0
        self.enqueue(cycle)
        return 0

    def on_body(self, bytes data not None):
        cdef Py_ssize_t size = len(data)
        self.excess -= size
        self.bare -= size
        if self.body_left > 0:
            self.body_left -= size
        self.reading.received += size
        if self.reading.received > self.context.limits.request_body:
            raise body_too_large(self.context.limits)
        self.carrier.body_came(self.reading, size)
        self.reading.body_received(data)

    def on_chunk_header(self):
        self.excess -= CHUNK_OVERHEAD

    def on_message_complete(self):
        if self.body_left > 0 or (
            self.reading.head.content_length == CHUNKED_LENGTH and self.parser.should_upgrade()
        ):
            return  # an upgrade: the body is still to come, see pass_refused_upgrade
        self.end_message()

    cdef int end_message(self) except -1:
        cdef Cycle cycle = self.reading
        self.carrier.message_ended()
        self.reading = None
        self.excess = 0
        self.input = BETWEEN if cycle.head.keep_alive else ENDED
        if cycle.head.upgrade is not None and self.context.upgrade_of(cycle.head.upgrade) is not None:
            self.input = SWITCHING  # one that says close, too: 101 is not its last response (RFC 9112, 9.6)
        cycle.body_ended()
        return 0

    # --- the pipeline ---

    cdef int enqueue(self, Cycle cycle) except -1:
        if self.first is None:
            self.first = cycle
        else:
            self.last.following = cycle
        self.last = cycle
        self.pipelined += 1
        return 0

    cdef Cycle dequeue(self):
        cdef Cycle cycle = self.first
        self.first, cycle.following = cycle.following, None
        if self.first is None:
            self.last = None
        self.pipelined -= 1
        return cycle

    cdef int forget_last(self) except -1:
        cdef Cycle cycle = self.first
        if cycle is self.last:
            self.first = self.last = None
            self.pipelined = 0
            return 0
        while cycle.following is not self.last:
            cycle = cycle.following
        cycle.following = None
        self.last = cycle
        self.pipelined -= 1
        return 0
