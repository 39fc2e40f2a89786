"""TLS (RFC 8446, RFC 5246), the server's side: a protocol to a plain transport, a transport to a protocol.

Knows no HTTP. ssl.SSLObject encrypts in memory, and what it gives leaves at once: the plain transport's buffer is
the only one, so a peer that lags is seen as without TLS, and the ends are a plain connection's behind a close_notify.
fastsrv/server.py puts it between the loop's transport and protocol.pyx.
"""

from asyncio import get_running_loop
from ssl import MemoryBIO, SSLError, SSLWantReadError, SSLWantWriteError, SSLZeroReturnError

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.wire.kernel cimport send_now

cdef enum:
    RECORD = 16 * 1024             # bytes of the largest record (RFC 8446, 5.1): no read gives more
    MAX_RECORDS = 16               # that are decrypted at once: one may cost 60 us and hold nothing (a new key)
    LATER = -2                     # in a descriptor's place: it is looked for when hands are shaken
    HEADER = 5                     # bytes of a record's header; the last two of them are its length

cdef tuple WANTS = (SSLWantReadError, SSLWantWriteError)  # no failures: OpenSSL goes on when more has come, or left


cdef class TLS:
    """One connection.

    context: an ssl.SSLContext. protocol: what hears of the connection at once, before the handshake, so that its
    limits hold for that, too. failed(error, peer): called with the ssl.SSLError that ends the connection, and the
    peer's name for a human, as `protocol` describes it. extension(tls): what an app is told of an ssl.SSLObject that
    has shaken hands; called when it is first asked for. direct: as in Context, for what is encrypted. budget: of a turn
    of the loop, the worker's.
    """

    def __init__(self, context, protocol, failed, *, Budget budget not None, extension=None, bint direct=False):
        self.budget = budget
        self.extension = extension
        self.protocol = protocol
        self.failed = failed
        self.incoming = MemoryBIO()
        self.outgoing = MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        # Of what SSLObject wraps, if it does as it always has: its own two methods hand on, and do nothing else.
        within = getattr(self.tls, "_sslobj", self.tls)
        self.read, self.encrypt = within.read, within.write
        self.phase = HANDSHAKE
        self.descriptor = LATER if direct else -1

    # --- the plain transport's callbacks, in the order of life ---

    def connection_made(self, transport):
        self.transport = transport
        self.protocol.connection_made(self)

    def data_received(self, bytes data not None):
        if self.phase == DISCONNECTED:
            return
        if self.peers_end != NOT_COME:
            self.transport.pause_reading()  # nothing may follow the peer's close_notify: it could be any amount
            return
        if self.held is None:
            self.go_through(data, 0)
        else:  # the loop had read it before reading was paused
            self.held = self.held[self.decrypted:] + data
            self.decrypted = 0

    def eof_received(self):
        """An end without a close_notify is as good: a request says itself how long it is."""
        self.peer_ended()
        return True  # close() has been called where it has to

    def pause_writing(self):
        self.behind = True
        self.protocol.pause_writing()

    def resume_writing(self):
        self.behind = False
        if self.unwritten is None:
            self.protocol.resume_writing()

    def connection_lost(self, exc):
        self.phase = DISCONNECTED
        self.descriptor = -1
        protocol, self.protocol = self.protocol, None
        protocol.connection_lost(exc if self.error is None else self.error)
        self.transport = self.tls = self.read = self.encrypt = self.incoming = self.outgoing = self.failed = None
        self.error = self.held = self.unwritten = self.extension = self.told = None

    # --- within ---

    cdef int go_through(self, bytes data, Py_ssize_t start) except -1:
        """What has come, from `start` on, within the budget of a turn. In slices: a MemoryBIO stays as large as what it
        has held at once."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t end = slice_end(&self.records, data, start)
        cdef double began
        cdef bytes plain
        cdef list pieces
        if start == 0 and end == size:
            plain = self.take(data)
        else:
            began = monotonic()
            view = memoryview(data)
            pieces = [self.take(view[start:end])]
            while end < size and self.phase != DISCONNECTED and self.peers_end != WAITS:
                if self.budget.is_spent(began):
                    self.hold(data, end)
                    break
                start, end = end, slice_end(&self.records, data, end)
                pieces.append(self.take(view[start:end]))
            plain = b"".join(pieces)
        if self.phase == DISCONNECTED:
            return 0
        if plain:
            self.protocol.data_received(plain)
        if self.unwritten is not None:
            self.write_on()
        if self.peers_end == WAITS:
            self.let_end()
        if self.outgoing is not None and self.outgoing.pending and self.phase != NOTIFIED:
            self.flush()  # a handshake's answer, an alert, a new key
        return 0

    cdef int hold(self, bytes data, Py_ssize_t start) except -1:
        """For the loop's next turn in which the protocol takes something."""
        self.held = data
        self.decrypted = start
        self.transport.pause_reading()
        return self.ask_for_turn()

    cdef int ask_for_turn(self) except -1:
        if not self.in_line:
            self.in_line = True
            self.budget.stand_in_line(get_running_loop(), self.go_on)
        return 0

    def go_on(self):
        """The turn that was asked for."""
        self.in_line = False
        if self.held is None or self.paused:
            return
        data, self.held = self.held, None
        self.go_through(data, self.decrypted)
        if self.held is None and not self.paused and not self.is_closing():
            self.transport.resume_reading()

    cdef bytes take(self, object data):
        """What `data`, and half a record before it, is in plain."""
        if self.phase == DISCONNECTED:
            return b""
        self.incoming.write(data)
        if self.phase == HANDSHAKE:
            self.shake_hands()
        return self.decrypt() if self.phase == OPEN or self.phase == NOTIFIED else b""

    cdef int shake_hands(self) except -1:
        try:
            self.tls.do_handshake()
        except WANTS:
            return 0
        except SSLError as error:
            return self.fail(error)
        self.phase = OPEN
        if self.descriptor == LATER:
            self.descriptor = self.transport.get_extra_info("socket").fileno()
        name = self.tls.selected_alpn_protocol()
        if name is not None:
            self.protocol.negotiated(name)
        return 0

    cdef bytes decrypt(self):
        cdef Py_ssize_t room
        cdef bytes plain = b"", piece
        try:
            # An SSLWantReadError is dear: only half a record makes one. Room for the largest record is, too, and what
            # is left of one takes more than it holds, unless its first half had been read already.
            room = min(self.incoming.pending, RECORD)
            while room > 0:
                piece = self.read(room)
                if not piece:
                    self.end_came()
                    break
                plain = plain + piece if plain else piece
                room = RECORD if PyBytes_GET_SIZE(piece) == room < RECORD else min(self.incoming.pending, RECORD)
        except WANTS:
            pass
        except SSLZeroReturnError:
            self.end_came()
        except SSLError as error:
            self.fail(error)
        return plain

    cdef int end_came(self) except -1:
        """The peer's close_notify."""
        if self.peers_end == NOT_COME:
            self.peers_end = WAITS
        return 0

    def let_end(self):
        """The peer's end, once the protocol has taken what came before it: a paused transport tells of none, either."""
        if self.peers_end == WAITS and not self.paused:
            self.peer_ended()

    cdef int peer_ended(self) except -1:
        if self.protocol is not None and self.peers_end != KNOWN:
            self.peers_end = KNOWN
            if not self.protocol.eof_received():
                self.close()
        return 0

    cdef int fail(self, object error) except -1:
        self.phase = DISCONNECTED
        self.error = error
        self.failed(error, self.protocol.describe())
        self.flush()  # the alert
        self.transport.close()
        return 0

    cdef int encrypt_in_slices(self, bytes data) except -1:
        """As a MemoryBIO stays large; hand on in one piece, as the protocol counts what waits."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), start = 0
        cdef list pieces = []
        try:
            if size <= RECORD:
                self.encrypt(data)
                return self.flush()
            view = memoryview(data)
            while start < size:
                self.encrypt(view[start:start + RECORD])
                pieces.append(self.outgoing.read())
                start += RECORD
        except WANTS:  # within a handshake: TLS 1.2 may have another one
            self.unwritten = data[start:]
        except SSLError as error:
            return self.fail(error)
        return self.hand_on(b"".join(pieces))

    cdef int write_on(self) except -1:
        """More has come: try again."""
        data, self.unwritten = self.unwritten, None
        self.encrypt_in_slices(data)
        if self.unwritten is None and self.phase == OPEN and not self.behind:
            self.protocol.resume_writing()
        return 0

    cdef int flush(self) except -1:
        return self.hand_on(self.outgoing.read())

    cdef int hand_on(self, bytes data) except -1:
        if data and self.descriptor >= 0 and not self.behind:
            data = send_now(self.descriptor, data)
        if data and not self.transport.is_closing():
            self.transport.write(data)
        return 0

    cdef int notify(self) except -1:
        """Say that nothing more will come from us."""
        if self.phase == OPEN:
            self.phase = NOTIFIED
            try:
                self.tls.unwrap()
            except SSLError:  # the peer's close_notify has not come: ours is written all the same
                pass
            self.flush()
        return 0

    # --- a transport's methods ---

    def write(self, bytes data not None):
        if self.phase != OPEN:
            return
        if self.unwritten is not None:
            self.unwritten += data  # by few: an app waits that has been told to
            return
        self.encrypt_in_slices(data)
        if self.unwritten is not None and not self.behind:
            self.protocol.pause_writing()

    def writelines(self, parts):
        self.write(b"".join(parts))  # rather than a record for each

    def write_eof(self):
        if self.phase == HANDSHAKE:
            self.transport.close()
        else:
            self.notify()
            if not self.transport.is_closing():
                self.transport.write_eof()

    def close(self):
        if self.transport is not None:
            self.notify()
            self.transport.close()

    def abort(self):
        self.descriptor = -1
        if self.transport is not None:
            self.transport.abort()

    def is_closing(self):
        return self.transport is None or self.transport.is_closing()

    def pause_reading(self):
        self.paused = True
        if self.held is None:
            self.transport.pause_reading()

    def resume_reading(self):
        self.paused = False
        if self.held is None:
            self.transport.resume_reading()
        else:
            self.ask_for_turn()
        if self.peers_end == WAITS:
            get_running_loop().call_soon(self.let_end)

    def set_protocol(self, protocol):
        self.protocol = protocol

    def set_write_buffer_limits(self, high=None, low=None):
        self.transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self):
        cdef Py_ssize_t kept = 0 if self.unwritten is None else PyBytes_GET_SIZE(self.unwritten)
        return kept + self.transport.get_write_buffer_size()

    def get_extra_info(self, name, default=None):
        if name == "ssl_object":
            return self.tls
        if name == "part_of_record":  # connection.pyx asks for this, and the next two
            return self.held is not None or (self.phase != HANDSHAKE and self.records.header > 0)
        if name == "is_unready":
            return self.phase != OPEN
        if name == "tls_extension":
            if self.told is None and self.extension is not None:
                self.told = self.extension(self.tls)
            return self.told
        return self.transport.get_extra_info(name, default)


cdef Py_ssize_t slice_end(Records* records, bytes data, Py_ssize_t start) noexcept:
    """Where a slice ends that is no longer than a record, and holds no more than MAX_RECORDS beginnings of some."""
    cdef const unsigned char* byte = <const unsigned char*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t end = min(PyBytes_GET_SIZE(data), start + RECORD)
    cdef Py_ssize_t at = start, step
    cdef int begun = 0
    while at < end:
        if records.header == HEADER:
            step = min(records.left, end - at)
            at += step
            records.left -= step
            if records.left == 0:
                records.header = 0
            continue
        if records.header == 0:
            if begun == MAX_RECORDS:
                break
            begun += 1
            records.left = 0
        elif records.header >= HEADER - 2:
            records.left = records.left << 8 | byte[at]
        records.header += 1
        at += 1
    return at
