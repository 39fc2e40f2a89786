# WebSocket's frames: bytes in, messages out, and messages in, bytes out. Knows no socket and no ASGI.
# protocol.pyx reads with a Decoder, session.pyx and protocol.pyx write.

from libc.stdint cimport uint32_t

from fastsrv_ext.websocket.deflate cimport Deflate
from fastsrv_ext.websocket.utf8 cimport Utf8


cpdef enum Opcode:
    # RFC 6455, 5.2.
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE_FRAME = 0x8
    PING = 0x9
    PONG_FRAME = 0xA

cpdef enum CloseCode:
    # RFC 6455, 7.4.1, and IANA's registry: those that we say.
    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005         # never on the wire: a Close frame without a code
    ABNORMAL = 1006          # never on the wire: the connection has gone without one
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012

cdef enum:
    LONGEST_HEAD = 14        # bytes: two, eight of a length, four of a mask
    LONGEST_CONTROL = 125    # bytes of a control frame's payload (5.5)
    NOTHING = -1             # for Decoder.found


cdef class Decoder:
    cdef Deflate deflate             # None: messages are not compressed
    cdef Py_ssize_t max_message      # bytes

    # what decode() has found
    cdef int found                   # an Opcode: of a whole message, or a control frame; NOTHING: more has to come
    cdef object payload              # of a text message a str, of anything else bytes

    # the frame that is being read
    cdef unsigned char[LONGEST_HEAD] head
    cdef int have                    # bytes of its head, until that is whole
    cdef bint in_payload             # the head is whole
    cdef bint is_final
    cdef int opcode
    cdef uint32_t key                # of the payload's next byte
    cdef Py_ssize_t left             # bytes of its payload that have to come
    cdef bytearray control           # what has come of a control frame's payload, or None

    # the message that is being read
    cdef int kind                    # TEXT or BINARY; NOTHING: none is
    cdef bint is_compressed
    cdef bint is_tailed              # what its sender has left out at the end was inflated, too
    cdef bytes packed                # what has come of it and is not inflated yet, or None
    cdef bytearray gathered          # what has come of it, inflated; or None
    cdef Py_ssize_t size             # bytes of that; of the last message, until another one begins
    cdef Py_ssize_t compressed       # bytes that have come of it, before they are inflated
    cdef Py_ssize_t fragments        # frames so far
    cdef Utf8 utf8

    cdef Py_ssize_t decode(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t read_head(self, const unsigned char* text, Py_ssize_t at, Py_ssize_t size) except -1
    cdef int check(self, unsigned char first, unsigned char second) except -1
    cdef int begin_frame(self, const unsigned char* head) except -1
    cdef int begin_data(self) except -1
    cdef int take(self, const unsigned char* masked, Py_ssize_t size) except -1
    cdef int inflate(self, bytes data) except -1
    cdef object too_big(self)
    cdef int gather(self, const unsigned char* text, Py_ssize_t size) except -1
    cdef int end_frame(self) except -1
    cdef int end_message(self) except -1


cdef bytes frame(int opcode, const char* payload, Py_ssize_t size, bint is_compressed)
cdef bytes frame_head(int opcode, Py_ssize_t size, bint is_compressed)
cdef bint may_be_sent(int code) noexcept
cdef bytes close_frame(int code, bytes reason)
cdef str read_close(bytes payload, int* code)
