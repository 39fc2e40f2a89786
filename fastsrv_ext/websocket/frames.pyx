"""WebSocket's frames (RFC 6455, 5): bytes in, messages out, and messages in, bytes out.

Sans-I/O: knows no socket, no clock and no ASGI. protocol.pyx feeds a Decoder and acts upon what it finds; what breaks a
rule raises a BadFrame, which carries the code to close with.
"""

from zlib import error as BrokenStream

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memcpy

from fastsrv_ext.websocket.mask cimport Unmasker, best_unmasker, portable_unmask, turned
from fastsrv_ext.websocket.utf8 cimport goes_on

cdef enum:
    FIN = 0x80
    RSV1 = 0x40              # RFC 7692, 6: the message is compressed
    RSV = 0x70
    OPCODE = 0x0F
    CONTROL = 0x08           # the bit of an opcode
    MASKED = 0x80
    LENGTH = 0x7F
    LENGTH_16 = 126          # the length stands in two bytes more
    LENGTH_64 = 127          # in eight
    # What a message may be cut into: that many fragments, and one more for each so many bytes. Real clients cut at
    # kilobytes; a frame of a few bytes costs us far more than its sender.
    FREE_FRAGMENTS = 1024
    SMALL_FRAGMENT = 16
    # What a compressed message may inflate to: so much, and for each byte that has come so many more, of 1,032 that
    # deflate can reach. A bomb is of one byte over and over; text and JSON come to 20, the same message again to 100.
    FREE_INFLATED = 1024 * 1024
    LARGEST_RATIO = 128
    STEP = 4096              # bytes by which what has come is judged, however it was cut
    SLICE = 64 * 1024        # bytes that are inflated at once: some tenths of a millisecond
    MOST_FRAMES = 64         # that are read at once, where none ends a message
    SCRATCH = 16 * 1024      # bytes of a text that are unmasked where no object has to be made for them

cdef bytes TAIL = b"\x00\x00\xff\xff"  # what a sender leaves out behind a compressed message (RFC 7692, 7.2.2)
cdef Unmasker unmask = best_unmasker()
cdef unsigned char[SCRATCH] scratch


class BadFrame(Exception):
    """Bytes that break a rule, or a limit: the connection is failed (RFC 6455, 7.1.7) with `code` and `reason`."""

    def __init__(self, int code, str reason):
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


cdef class Decoder:
    """Of one connection. max_message: bytes, also of a message that is inflated. deflate: None, or what was agreed."""

    def __init__(self, Py_ssize_t max_message, Deflate deflate=None):
        self.max_message = max_message
        self.deflate = deflate
        self.kind = self.found = NOTHING

    def feed(self, bytes data not None):
        """What `data` completes, in order: [(opcode, payload)]. Raises BadFrame."""
        cdef Py_ssize_t at = 0
        cdef list found = []
        while at < PyBytes_GET_SIZE(data) or self.packed is not None:
            at = self.decode(data, at)
            if self.found != NOTHING:
                found.append((self.found, self.payload))
        return found

    cdef Py_ssize_t decode(self, bytes data, Py_ssize_t start) except -1:
        """Read on, up to the end of a whole message or of a control frame at most: `found` and `payload` say which.
        Less of fragments and of a compressed message, so that who has a budget can look at it: there may be more, also
        where `packed` is not None. Returns where it has stopped."""
        cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(data)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data), at = start, part
        cdef int frames = 0
        self.found = NOTHING
        self.payload = None
        if self.packed is not None:
            self.inflate(self.packed)
            if self.left == 0 and self.packed is None:
                self.end_frame()
            return at
        while self.found == NOTHING and at < size and frames < MOST_FRAMES:
            frames += 1
            if not self.in_payload:
                at = self.read_head(text, at, size)
                if not self.in_payload:
                    continue
            part = min(self.left, size - at)
            if self.is_compressed:
                part = min(part, STEP - self.compressed % STEP)
            self.take(text + at, part)
            at += part
            self.left -= part
            if self.left > 0:
                self.key = turned(self.key, part)
            elif self.packed is None:
                self.end_frame()
            if self.is_compressed:
                break
        return at

    # --- a frame's head ---

    cdef Py_ssize_t read_head(self, const unsigned char* text, Py_ssize_t at, Py_ssize_t size) except -1:
        """As much of it as is there. Returns where it, or what is there, ends."""
        while self.have < 2 or self.have < head_size(self.head):
            if at == size:
                return at
            self.head[self.have] = text[at]
            self.have += 1
            at += 1
            if self.have == 2:
                self.check(self.head[0], self.head[1])
        self.have = 0
        self.begin_frame(self.head)
        return at

    cdef int check(self, unsigned char first, unsigned char second) except -1:
        """The rules for a head's first two bytes: what breaks one is refused before more comes."""
        cdef int opcode = first & OPCODE
        if first & RSV and (first & RSV != RSV1 or self.deflate is None or not 0 < opcode < CONTROL):
            raise BadFrame(PROTOCOL_ERROR, "a reserved bit is set")
        if not second & MASKED:
            raise BadFrame(PROTOCOL_ERROR, "a frame is not masked")
        if opcode & CONTROL:
            if opcode > PONG_FRAME:
                raise BadFrame(PROTOCOL_ERROR, "an opcode is reserved")
            if not first & FIN:
                raise BadFrame(PROTOCOL_ERROR, "a control frame is fragmented")
            if second & LENGTH > LONGEST_CONTROL:
                raise BadFrame(PROTOCOL_ERROR, "a control frame is longer than 125 bytes")
        elif opcode > BINARY:
            raise BadFrame(PROTOCOL_ERROR, "an opcode is reserved")
        elif opcode == CONTINUATION and self.kind == NOTHING:
            raise BadFrame(PROTOCOL_ERROR, "a continuation has no beginning")
        elif opcode != CONTINUATION and self.kind != NOTHING:
            raise BadFrame(PROTOCOL_ERROR, "a message begins within another one")
        return 0

    cdef int begin_frame(self, const unsigned char* head) except -1:
        cdef int length = head[1] & LENGTH, i, bytes_of_length = 0
        cdef unsigned long long size = length
        if length >= LENGTH_16:
            bytes_of_length = 2 if length == LENGTH_16 else 8
            size = 0
            for i in range(bytes_of_length):
                size = size << 8 | head[2 + i]
            if size < LENGTH_16 or (length == LENGTH_64 and (size < 1 << 16 or size >> 63)):
                raise BadFrame(PROTOCOL_ERROR, "a length is not written in the shortest way")
        memcpy(&self.key, head + 2 + bytes_of_length, 4)
        self.is_final = head[0] & FIN != 0
        self.opcode = head[0] & OPCODE
        self.in_payload = True
        if size > <unsigned long long>self.max_message and not self.opcode & CONTROL:
            raise self.too_big()
        self.left = size
        if not self.opcode & CONTROL:
            if self.opcode != CONTINUATION:
                self.kind = self.opcode
                self.is_compressed = head[0] & RSV1 != 0
                self.size = self.compressed = self.fragments = self.utf8.left = 0
            self.begin_data()
        if self.left == 0:
            self.end_frame()
        return 0

    cdef int begin_data(self) except -1:
        self.fragments += 1
        if self.fragments > FREE_FRAGMENTS + self.size // SMALL_FRAGMENT:
            raise BadFrame(POLICY_VIOLATION, "a message has too many small fragments")
        if not self.is_compressed and self.size + self.left > self.max_message:
            raise self.too_big()
        return 0

    cdef object too_big(self):
        return BadFrame(
            MESSAGE_TOO_BIG, f"a message is larger than {self.max_message} bytes (websocket_max_message_size)")

    # --- its payload ---

    cdef int take(self, const unsigned char* masked, Py_ssize_t size) except -1:
        """A piece of the payload, or all of it."""
        cdef bytes piece
        if self.opcode & CONTROL:
            piece = unmasked(masked, size, self.key)
            self.control = bytearray(piece) if self.control is None else self.control + piece
        elif self.is_compressed:
            self.compressed += size
            self.inflate(unmasked(masked, size, self.key))
        elif size == self.left and self.is_final and self.opcode != CONTINUATION and self.gathered is None:
            # The whole of a message at once, as most come.
            self.size = size
            self.payload = unmasked(masked, size, self.key) if self.kind == BINARY else (
                unmasked_text(masked, size, self.key))
        else:
            piece = unmasked(masked, size, self.key)
            self.gather(<const unsigned char*>PyBytes_AS_STRING(piece), size)
        return 0

    cdef int inflate(self, bytes data) except -1:
        """A slice of it; `packed` is what is left."""
        cdef Py_ssize_t steps = (self.compressed + STEP - 1) // STEP
        cdef Py_ssize_t bound = FREE_INFLATED + LARGEST_RATIO * STEP * steps
        cdef Py_ssize_t room = min(self.max_message, bound) - self.size
        cdef bytes plain
        try:
            plain = self.deflate.inflate(data, min(room + 1, SLICE))
        except BrokenStream as error:
            raise BadFrame(INVALID_DATA, f"a message cannot be inflated: {error}") from None
        if PyBytes_GET_SIZE(plain) > room:
            raise self.too_big() if bound > self.max_message else BadFrame(
                MESSAGE_TOO_BIG,
                "a message inflates to more than 128 times of what was sent (see fastsrv_websocket_deflate)")
        self.packed = self.deflate.rest
        return self.gather(<const unsigned char*>PyBytes_AS_STRING(plain), PyBytes_GET_SIZE(plain))

    cdef int gather(self, const unsigned char* text, Py_ssize_t size) except -1:
        if self.kind == TEXT and not goes_on(&self.utf8, text, size):
            raise BadFrame(INVALID_DATA, "a text message is not UTF-8")
        if self.gathered is None:
            self.gathered = bytearray()
        PyByteArray_Resize(self.gathered, self.size + size)
        memcpy(PyByteArray_AS_STRING(self.gathered) + self.size, text, size)
        self.size += size
        return 0

    cdef int end_frame(self) except -1:
        self.in_payload = False
        if self.opcode & CONTROL:
            self.found = self.opcode
            self.payload = b"" if self.control is None else bytes(self.control)
            self.control = None
        elif self.is_final:
            if self.is_compressed and not self.is_tailed:
                self.is_tailed = True
                self.inflate(TAIL)
            if self.packed is None:
                self.end_message()
        return 0

    cdef int end_message(self) except -1:
        if self.is_compressed:
            self.is_tailed = False
            self.deflate.end_message()
        if self.payload is None:
            if self.utf8.left > 0:
                raise BadFrame(INVALID_DATA, "a text message ends in the middle of a character")
            if self.kind == BINARY:
                self.payload = b"" if self.gathered is None else bytes(self.gathered)
            else:
                self.payload = "" if self.gathered is None else PyUnicode_DecodeUTF8(
                    PyByteArray_AS_STRING(self.gathered), self.size, NULL)
            self.gathered = None
        self.found = self.kind
        self.kind = NOTHING
        return 0


cdef inline int head_size(const unsigned char* head) noexcept:
    cdef int length = head[1] & LENGTH
    return 6 + (2 if length == LENGTH_16 else 8 if length == LENGTH_64 else 0)


cdef bytes unmasked(const unsigned char* masked, Py_ssize_t size, uint32_t key):
    cdef bytes plain = PyBytes_FromStringAndSize(NULL, size)
    unmask(<unsigned char*>PyBytes_AS_STRING(plain), masked, size, key)
    return plain


cdef str unmasked_text(const unsigned char* masked, Py_ssize_t size, uint32_t key):
    cdef bytes plain
    try:
        if size <= SCRATCH:
            unmask(scratch, masked, size, key)
            return PyUnicode_DecodeUTF8(<const char*>scratch, size, NULL)
        plain = unmasked(masked, size, key)
        return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(plain), size, NULL)
    except UnicodeDecodeError:
        raise BadFrame(INVALID_DATA, "a text message is not UTF-8") from None


def unmask_portably(bytes masked not None, bytes key not None):
    """What every machine unmasks with, for the tests: the same as the other."""
    cdef bytes plain = PyBytes_FromStringAndSize(NULL, len(masked))
    cdef uint32_t four
    memcpy(&four, PyBytes_AS_STRING(key), 4)
    portable_unmask(
        <unsigned char*>PyBytes_AS_STRING(plain), <const unsigned char*>PyBytes_AS_STRING(masked), len(masked), four)
    return plain


# --- what leaves: never fragmented, never masked ---

cdef inline int write_head(unsigned char* out, int opcode, Py_ssize_t size, bint is_compressed) noexcept:
    """Returns how long it is."""
    cdef int i
    out[0] = FIN | (RSV1 if is_compressed else 0) | opcode
    if size < LENGTH_16:
        out[1] = size
        return 2
    if size < 1 << 16:
        out[1] = LENGTH_16
        out[2] = size >> 8
        out[3] = size & 0xFF
        return 4
    out[1] = LENGTH_64
    for i in range(8):
        out[2 + i] = <unsigned long long>size >> (56 - 8 * i) & 0xFF
    return 10


cdef bytes frame(int opcode, const char* payload, Py_ssize_t size, bint is_compressed):
    """A whole frame, its payload copied."""
    cdef unsigned char[LONGEST_HEAD] head
    cdef int length = write_head(head, opcode, size, is_compressed)
    cdef bytes whole = PyBytes_FromStringAndSize(NULL, length + size)
    memcpy(PyBytes_AS_STRING(whole), head, length)
    memcpy(PyBytes_AS_STRING(whole) + length, payload, size)
    return whole


cdef bytes frame_head(int opcode, Py_ssize_t size, bint is_compressed):
    cdef unsigned char[LONGEST_HEAD] head
    return head[:write_head(head, opcode, size, is_compressed)]


# --- Close ---

cdef bint may_be_sent(int code) noexcept:
    """RFC 6455, 7.4, and IANA's registry: is it a code that a Close frame may have?"""
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


cdef bytes close_frame(int code, bytes reason):
    """code: NO_STATUS for a frame without one."""
    if code == NO_STATUS:
        return frame(CLOSE_FRAME, NULL, 0, False)
    cdef bytes payload = bytes((code >> 8, code & 0xFF)) + reason
    return frame(CLOSE_FRAME, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload), False)


cdef str read_close(bytes payload, int* code):
    """The reason that a Close frame gives, and its code; NO_STATUS without. Raises BadFrame (5.5.1)."""
    code[0] = NO_STATUS
    if not payload:
        return ""
    if len(payload) == 1:
        raise BadFrame(PROTOCOL_ERROR, "a Close frame has half a code")
    code[0] = payload[0] << 8 | payload[1]
    if not may_be_sent(code[0]):
        raise BadFrame(PROTOCOL_ERROR, "a Close frame has a code that may not be sent")
    try:
        return payload[2:].decode("utf-8")
    except UnicodeDecodeError:
        raise BadFrame(INVALID_DATA, "the reason of a Close frame is not UTF-8") from None


def encode(int opcode, bytes payload not None, bint is_compressed=False):
    """A frame as it leaves."""
    return frame(opcode, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload), is_compressed)


def parse_close(bytes payload not None):
    """(code, reason) of a Close frame's payload. Raises BadFrame."""
    cdef int code
    reason = read_close(payload, &code)
    return code, reason
