"""TLS (RFC 8446, RFC 5246), the server's side: a protocol to a plain transport, a transport to a protocol.

Knows no HTTP. ssl.SSLObject encrypts in memory, and what it gives leaves at once: the plain transport's buffer is
the only one, so a peer that lags is seen as without TLS, and the ends are a plain connection's behind a close_notify.
fastsrv/server.py puts it between the loop's transport and http.pyx.
"""

from ssl import MemoryBIO, SSLError, SSLWantReadError, SSLZeroReturnError

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from fastsrv_ext.kernel cimport send_now

cdef enum:
    RECORD = 16 * 1024             # bytes, the largest record's: no read gives more
    MAX_ENCRYPTED = 64 * 1024      # bytes encrypted before they are handed on

cdef bytearray RECEIVED = bytearray(RECORD)  # what one read gives; copied before anybody else can read


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
        self.read, self.encrypt = self.tls.read, self.tls.write
        self.phase = HANDSHAKE
        self.direct = direct
        self.descriptor = -1

    # --- the plain transport's callbacks, in the order of life ---

    def connection_made(self, transport):
        self.transport = transport
        self.protocol.connection_made(self)

    def data_received(self, bytes data not None):
        if self.phase == LOST or self.peer_has_ended:
            return  # nothing may follow the peer's close_notify
        self.incoming.write(data)
        if self.phase == HANDSHAKE:
            self.shake_hands()
        if self.phase == OPEN or self.phase == ENDED:
            self.decrypt()
        if self.outgoing.pending and self.phase != ENDED:  # a handshake's answer, an alert, a new key
            self.flush()

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
        protocol.connection_lost(exc)
        self.transport = self.tls = self.read = self.encrypt = self.incoming = self.outgoing = self.failed = None

    # --- within ---

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

    cdef int decrypt(self) except -1:
        """Hand on what has come, in one piece."""
        cdef bytes data = None
        cdef list pieces = None
        cdef bint ended = False
        try:
            # An SSLWantReadError is dear: only half a record makes one. (What is read is a whole record.)
            while self.incoming.pending:
                size = self.read(RECORD, RECEIVED)
                if size == 0:
                    ended = True
                    break
                if data is not None:
                    if pieces is None:
                        pieces = []
                    pieces.append(data)
                data = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(RECEIVED), size)
        except SSLWantReadError:
            pass
        except SSLZeroReturnError:
            ended = True
        except SSLError as error:
            self.fail(error)
            return 0
        if pieces is not None:
            pieces.append(data)
            data = b"".join(pieces)
        if data is not None:
            self.protocol.data_received(data)
        if ended:
            self.peer_ended()
        return 0

    cdef int peer_ended(self) except -1:
        if self.protocol is not None and not self.peer_has_ended:
            self.peer_has_ended = True
            if not self.protocol.eof_received():
                self.close()
        return 0

    cdef int fail(self, object error) except -1:
        self.phase = LOST
        self.failed(error)
        self.flush()  # the alert
        self.transport.close()
        return 0

    cdef int flush(self) except -1:
        cdef bytes data = self.outgoing.read()
        cdef Py_ssize_t sent
        if not data or self.transport.is_closing():
            return 0
        if self.descriptor >= 0 and not self.behind:
            sent = send_now(self.descriptor, data)
            if sent == PyBytes_GET_SIZE(data):
                return 0
            if sent > 0:
                data = data[sent:]
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
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t sent
        if self.phase != OPEN:
            return
        try:
            sent = self.encrypt(data)  # a record at a time
            if sent < size:
                rest = memoryview(data)
                while sent < size:
                    if self.outgoing.pending >= MAX_ENCRYPTED:
                        self.flush()
                    sent += self.encrypt(rest[sent:])
        except SSLError as error:
            self.fail(error)
            return
        self.flush()

    def writelines(self, parts):
        self.write(b"".join(parts))  # rather than a record for each

    def can_write_eof(self):
        return True

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
        self.transport.pause_reading()

    def resume_reading(self):
        self.transport.resume_reading()

    def set_write_buffer_limits(self, high=None, low=None):
        self.transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self):
        return self.transport.get_write_buffer_size()

    def get_extra_info(self, name, default=None):
        if name == "ssl_object":
            return self.tls
        return self.transport.get_extra_info(name, default)
