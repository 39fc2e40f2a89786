"""TLS (RFC 8446, RFC 5246), the server's side: a protocol to a plain transport, a transport to a protocol.

Knows no HTTP. ssl.SSLObject encrypts in memory, and what it gives leaves at once: the plain transport's buffer is
the only one, so a peer that lags is seen as without TLS, and the ends are a plain connection's behind a close_notify.
fastsrv/server.py puts it between the loop's transport and http.pyx.
"""

from asyncio import get_running_loop
from ssl import MemoryBIO, SSLError, SSLWantReadError, SSLZeroReturnError

from cpython.bytes cimport PyBytes_GET_SIZE

from fastsrv_ext.kernel cimport send_now

cdef enum:
    RECORD = 16 * 1024             # bytes of the largest record (RFC 8446, 5.1): no read gives more


cdef class TLS:
    """One connection.

    context: an ssl.SSLContext. protocol: what hears of the connection at once, before the handshake, so that its
    limits hold for that, too. failed(error): called with the ssl.SSLError that ends the connection. direct: as in
    Context, for what is encrypted.
    """

    def __init__(self, context, protocol, failed, *, bint direct=False):
        self.protocol = protocol
        self.failed = failed
        self.incoming = MemoryBIO()
        self.outgoing = MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        # Of what SSLObject wraps, if it does as it always has: its own two methods hand on, and do nothing else.
        within = getattr(self.tls, "_sslobj", self.tls)
        self.read, self.encrypt = within.read, within.write
        self.phase = HANDSHAKE
        self.direct = direct
        self.descriptor = -1

    # --- the plain transport's callbacks, in the order of life ---

    def connection_made(self, transport):
        self.transport = transport
        self.protocol.connection_made(self)

    def data_received(self, bytes data not None):
        """In slices: a MemoryBIO stays as large as what it has held at once."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), start
        cdef bytes plain
        if self.phase == LOST or self.peer_has_ended or self.end_waits:
            return  # nothing may follow the peer's close_notify
        if size <= RECORD:
            plain = self.take(data)
        else:
            view = memoryview(data)
            plain = b"".join([self.take(view[start:start + RECORD]) for start in range(0, size, RECORD)])
        if self.phase == LOST:
            return
        if plain:
            self.protocol.data_received(plain)
        if self.end_waits:
            self.let_end()
        if self.outgoing is not None and self.outgoing.pending and self.phase != ENDED:
            self.flush()  # a handshake's answer, an alert, a new key

    def eof_received(self):
        """An end without a close_notify is as good: a request says itself how long it is."""
        self.peer_ended()
        return True  # close() has been called where it has to

    def pause_writing(self):
        self.behind = True
        self.protocol.pause_writing()

    def resume_writing(self):
        self.behind = False
        self.protocol.resume_writing()

    def connection_lost(self, exc):
        self.phase = LOST
        self.descriptor = -1
        protocol, self.protocol = self.protocol, None
        protocol.connection_lost(exc if self.error is None else self.error)
        self.transport = self.tls = self.read = self.encrypt = self.incoming = self.outgoing = self.failed = None
        self.error = None

    # --- within ---

    cdef bytes take(self, object data):
        """What `data`, and half a record before it, is in plain."""
        if self.phase == LOST:
            return b""
        self.incoming.write(data)
        if self.phase == HANDSHAKE:
            self.shake_hands()
        return self.decrypt() if self.phase == OPEN or self.phase == ENDED else b""

    cdef int shake_hands(self) except -1:
        try:
            self.tls.do_handshake()
            self.phase = OPEN
            if self.direct:
                self.descriptor = self.transport.get_extra_info("socket").fileno()
        except SSLWantReadError:
            pass
        except SSLError as error:
            self.fail(error)
        return 0

    cdef bytes decrypt(self):
        cdef Py_ssize_t room
        cdef bytes plain = b"", piece
        self.in_record = False
        try:
            # An SSLWantReadError is dear: only half a record makes one. Room for the largest record is, too, and what
            # is left of one takes more than it holds, unless its first half had been read already.
            room = min(self.incoming.pending, RECORD)
            while room > 0 and not self.end_waits:
                piece = self.read(room)
                if not piece:
                    self.end_waits = True
                plain = plain + piece if plain else piece
                room = RECORD if PyBytes_GET_SIZE(piece) == room < RECORD else min(self.incoming.pending, RECORD)
        except SSLWantReadError:
            self.in_record = True  # or behind one without data, a new key say: rare, and no harm
        except SSLZeroReturnError:
            self.end_waits = True
        except SSLError as error:
            self.fail(error)
        return plain

    def let_end(self):
        """The peer's end, once the protocol has taken what came before it: a paused transport tells of none, either."""
        if self.end_waits and not self.paused:
            self.end_waits = False
            self.peer_ended()

    cdef int peer_ended(self) except -1:
        if self.protocol is not None and not self.peer_has_ended:
            self.peer_has_ended = True
            if not self.protocol.eof_received():
                self.close()
        return 0

    cdef int fail(self, object error) except -1:
        self.phase = LOST
        self.error = error
        self.failed(error)
        self.flush()  # the alert
        self.transport.close()
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
            self.phase = ENDED
            try:
                self.tls.unwrap()
            except SSLError:  # the peer's close_notify has not come: ours is written all the same
                pass
            self.flush()
        return 0

    # --- a transport's methods ---

    def write(self, bytes data not None):
        """Encrypt in slices, as a MemoryBIO stays large; hand on in one piece, as the protocol counts what waits."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), start
        cdef list pieces
        if self.phase != OPEN:
            return
        try:
            if size <= RECORD:
                self.encrypt(data)
                self.flush()
            else:
                view, pieces = memoryview(data), []
                for start in range(0, size, RECORD):
                    self.encrypt(view[start:start + RECORD])
                    pieces.append(self.outgoing.read())
                self.hand_on(b"".join(pieces))
        except SSLError as error:
            self.fail(error)

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
        self.transport.pause_reading()

    def resume_reading(self):
        self.paused = False
        self.transport.resume_reading()
        if self.end_waits:
            get_running_loop().call_soon(self.let_end)

    def set_write_buffer_limits(self, high=None, low=None):
        self.transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self):
        return self.transport.get_write_buffer_size()

    def get_extra_info(self, name, default=None):
        if name == "ssl_object":
            return self.tls
        if name == "part_of_record":  # stream.pyx asks
            return self.in_record
        return self.transport.get_extra_info(name, default)
