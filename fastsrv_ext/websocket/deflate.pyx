"""permessage-deflate (RFC 7692): what is agreed with a client, and the two streams of a connection.

Sans-I/O, over the standard library's zlib. handshake.pyx negotiates, frames.pyx inflates, session.pyx compresses.
"""

import re
import zlib

from cpython.bytes cimport PyBytes_GET_SIZE

cdef enum:
    # Of the windows, as powers of two, unless the client asks for less: 32 KB for what we compress, and 4 for what we
    # inflate, where zlib's largest take 256 and 32. Messages are short, and are packed as well within 1 % or 2.
    BITS = 12
    LARGEST_BITS = 15
    MEMORY_LEVEL = 5
    MAX_ENDS = 16            # of streams in a message: one is rare, and each costs as much as kilobytes
    LONGEST = 2048           # bytes of offers: browsers send 50, and each costs up to a microsecond or two

cdef bytes LETTER = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
TOKEN = LETTER + rb"+"
cdef bytes QUOTED = rb'"(?:\\?%b)+"' % LETTER  # what is quoted has to be a token, too (RFC 6455, 9.1)
EXTENSION = re.compile(
    rb"[ \t]*(%b)[ \t]*((?:;[ \t]*%b[ \t]*(?:=[ \t]*(?:%b|%b)[ \t]*)?)*)" % (TOKEN, TOKEN, TOKEN, QUOTED))
PARAMETER = re.compile(rb";[ \t]*(%b)[ \t]*(?:=[ \t]*(%b|%b))?" % (TOKEN, TOKEN, QUOTED))
UNQUOTED = re.compile(rb'["\\]')
WINDOW = re.compile(rb"[89]|1[0-5]")


cdef class Deflate:
    """What one offer of a client's has led to: see negotiate()."""

    def __init__(self, dict parameters not None):
        cdef bytes ours = parameters.get(b"server_max_window_bits"), theirs
        cdef list answer = [b"permessage-deflate"]
        self.our_bits = min(BITS, LARGEST_BITS if ours is None else int(ours))
        self.their_bits = LARGEST_BITS
        self.we_forget = b"server_no_context_takeover" in parameters
        self.they_forget = b"client_no_context_takeover" in parameters
        if self.we_forget:
            answer.append(b"server_no_context_takeover")
        if self.they_forget:
            answer.append(b"client_no_context_takeover")
        answer.append(b"server_max_window_bits=%d" % self.our_bits)
        if b"client_max_window_bits" in parameters:
            theirs = parameters[b"client_max_window_bits"]
            self.their_bits = min(BITS, LARGEST_BITS if theirs is None else int(theirs))
            answer.append(b"client_max_window_bits=%d" % self.their_bits)
        self.answer = b"; ".join(answer)

    cdef bytes compress(self, object data):
        """A whole message, as it is to leave."""
        if self.compressor is None:
            self.compressor = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -self.our_bits, MEMORY_LEVEL)
        cdef bytes first = self.compressor.compress(data), rest = self.compressor.flush(zlib.Z_SYNC_FLUSH)
        if self.we_forget:
            self.compressor = None
        return first + rest[:PyBytes_GET_SIZE(rest) - 4]  # 00 00 FF FF, which the peer adds again (7.2.1)

    cdef bytes inflate(self, bytes data, Py_ssize_t limit):
        """The next piece of a message, of `limit` bytes (at least 1) at most; `rest` is what has to be given for more
        of it, None if all has come. Raises zlib.error."""
        cdef bytes plain = b""
        self.rest = None
        while True:
            if self.decompressor is None or self.decompressor.eof:
                # The sender may end a stream and begin a new one (7.2.3.4).
                self.ends += self.decompressor is not None
                if self.ends > MAX_ENDS:
                    raise zlib.error("too many final blocks")
                self.decompressor = zlib.decompressobj(-max(self.their_bits, 9))
            plain = plain + self.decompressor.decompress(data, limit - PyBytes_GET_SIZE(plain))
            if not self.decompressor.eof:
                if PyBytes_GET_SIZE(plain) == limit:
                    self.rest = self.decompressor.unconsumed_tail
                return plain
            data = self.decompressor.unused_data
            if not data:
                return plain
            if PyBytes_GET_SIZE(plain) == limit:
                self.rest = data
                return plain

    cdef int end_message(self) except -1:
        self.ends = 0
        if self.they_forget:
            self.decompressor = None
        return 0


def negotiate(list offers not None):
    """A Deflate for the first offer that can be taken, or None. offers: the values of Sec-WebSocket-Extensions fields.
    Raises ValueError for what is no list of extensions (RFC 6455, 9.1), or is a long one."""
    cdef bytes offered = b",".join(offers)
    if PyBytes_GET_SIZE(offered) > LONGEST:
        raise ValueError(f"Sec-WebSocket-Extensions is longer than {LONGEST} bytes")
    matches = [EXTENSION.fullmatch(offer) for offer in offered.split(b",") if offer.strip(b" \t")]
    if None in matches:
        raise ValueError("Sec-WebSocket-Extensions is no list of extensions")
    for match in matches:
        if match[1].lower() == b"permessage-deflate":
            parameters = [
                (name.lower(), UNQUOTED.sub(b"", value) or None) for name, value in PARAMETER.findall(match[2])]
            if len(dict(parameters)) == len(parameters) and all(may_be_taken(*each) for each in parameters):
                return Deflate(dict(parameters))
    return None


def may_be_taken(bytes name not None, bytes value):
    """Is it a parameter of an offer (7.1), with such a value?"""
    if name == b"server_no_context_takeover" or name == b"client_no_context_takeover":
        return value is None
    if name == b"server_max_window_bits":
        # zlib cannot compress with a window of 256 bytes without a header, and no client has been seen to ask for it
        return value is not None and WINDOW.fullmatch(value) is not None and value != b"8"
    if name == b"client_max_window_bits":
        return value is None or WINDOW.fullmatch(value) is not None
    return False
