"""One parsed request head and the rules that the parser leaves to us.

Knows no connection and no app. request_line.pyx reads the request line, reader.pyx hands over what the parser finds;
whatever breaks a rule raises BadRequest, which carries its answer. What the parser (llhttp, strict) refuses by
itself is not checked again: bare CR or LF, folded lines, two Content-Length, Content-Length beside
Transfer-Encoding, numbers that are none, control characters.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.http.field_names cimport (
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, FORWARDING, HOST, PLAIN, PROXY_CONNECTION,
    TRANSFER_ENCODING, UNDERSCORED, USUAL, Kind, field_name,
)
from fastsrv_ext.http.octets cimport HOST_NAME, classify, hexadecimal
from fastsrv_ext.http.refusal cimport body_too_large, too_large


cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET6
    int inet_pton(int family, const char* text, void* address)

cdef enum:
    LONGEST_ADDRESS = 45           # bytes: ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255

cdef unsigned char[256] PART_OF
classify(PART_OF)


@cython.freelist(8)  # as most are gone when the next one comes
cdef class RequestHead:

    def __cinit__(self):
        self.headers = []
        self.content_length = NO_BODY_LENGTH

    cdef int add_field(self, bytes name, bytes value, Limits limits) except -1:
        """A whole header field, in its order."""
        cdef Kind kind
        cdef Py_ssize_t length = PyBytes_GET_SIZE(value)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(name) + length + FIELD_OVERHEAD
        self.size += size
        if size > limits.request_field_size:
            raise BadRequest(
                431, f"header field larger than {limits.request_field_size} bytes (limit_request_field_size)",
                "field_size")
        if self.size > limits.request_head:
            raise too_large(limits)
        if len(self.headers) >= limits.request_fields:
            raise BadRequest(431, f"more than {limits.request_fields} header fields (limit_request_fields)", "fields")

        name = field_name(<const unsigned char*>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), &kind)
        if length > 0 and PyBytes_AS_STRING(value)[length - 1] in b" \t":
            value = value.rstrip(b" \t")  # RFC 9112, 5.1; the parser strips the left side alone
        self.headers.append((name, value))

        if kind == PLAIN or kind == USUAL:
            pass
        elif kind == HOST or kind == CONTENT_TYPE or kind == AUTHORIZATION or kind == TRANSFER_ENCODING:
            if self.is_second(kind):
                told = name.decode("ascii")
                raise BadRequest(400, f"more than one {told} field", told.replace("-", "_"))
            if kind == HOST:
                self.host = value
            elif kind == TRANSFER_ENCODING:
                self.transfer_encoding = value
        elif kind == CONNECTION or kind == PROXY_CONNECTION:
            self.read_options(value.lower(), kind == CONNECTION)
        elif kind == CONTENT_LENGTH:
            if len(value) > LONGEST_LENGTH:  # the parser has seen that they are digits
                raise BadRequest(413, "Content-Length is too large", "content_length")
            self.content_length = int(value)
        elif kind == EXPECT:
            self.expect = value if self.expect is None else self.expect + b", " + value
        elif kind == FORWARDING or kind == UNDERSCORED:
            self.forwarded = True
            if kind == UNDERSCORED:
                self.underscored = True
        return 0

    cdef bint is_second(self, Kind kind) noexcept:
        cdef unsigned int bit = 1 << <unsigned int>kind
        cdef bint known = self.seen & bit != 0
        self.seen |= bit
        return known

    cdef int read_options(self, bytes value, bint may_keep_alive) except -1:
        """Of a Connection field, in lower case; of Proxy-Connection, `close` alone. RFC 9112, 9.3: `close` counts
        before keep-alive. With HTTP/1.0 the parser does not look for it."""
        for option in value.split(b","):
            option = option.strip(b" \t")
            if option == b"close":
                self.close_named = True
            elif option == b"keep-alive" and may_keep_alive:
                self.keep_alive_named = True
        return 0

    def values(self, bytes wanted not None):
        """The values of the fields of this name, which is in lower case, in their order."""
        cdef bytes name, value
        return [value for name, value in self.headers if name == wanted]

    cdef int check_trailer(self, bytes name, bytes value, Limits limits) except -1:
        """A trailer of the body. It is dropped (RFC 9110, 6.5.1), under the limits of the head's fields;
        one that frames or routes cannot have been meant well. (One that says what the body is, or who sends it, is
        lost, and that is all.)"""
        cdef Kind kind
        cdef Py_ssize_t size = PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value) + FIELD_OVERHEAD
        self.size += size
        self.trailers += 1
        if (
            size > limits.request_field_size or self.size > limits.request_head
            or self.trailers > limits.request_fields
        ):
            raise BadRequest(431, "the trailers are larger than the limits of header fields", "trailer")
        field_name(<const unsigned char*>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), &kind)
        if kind == UNDERSCORED:
            if limits.refuse_underscores:
                raise BadRequest(400, "a trailer has an underscore in its name (header_map)", "trailer")
        elif kind != PLAIN and kind != USUAL and kind != CONTENT_TYPE and kind != AUTHORIZATION:
            raise BadRequest(400, "a trailer that only a header field may be", "trailer")
        return 0

    cdef int complete(self, bint parser_keeps_alive, Limits limits) except -1:
        """The head has ended: apply the rules that need all of it."""
        self.keep_alive = parser_keeps_alive and not self.close_named and (
            not self.is_http_10 or self.keep_alive_named)
        if self.host is None:
            if not self.is_http_10:
                raise BadRequest(400, "an HTTP/1.1 request needs a Host field", "host")
        elif not is_host(self.host):
            raise BadRequest(400, "the Host field is no host with an optional port", "host")
        if self.transfer_encoding is not None:
            if self.is_http_10:
                raise BadRequest(400, "HTTP/1.0 has no Transfer-Encoding", "transfer_encoding")
            if self.transfer_encoding.lower() != b"chunked":
                raise BadRequest(400, "the only transfer coding served is chunked, by itself", "transfer_encoding")
            self.content_length = CHUNKED_LENGTH
        if self.expect is not None and not self.is_http_10:
            expectations = {each.strip(b" \t") for each in self.expect.lower().split(b",")} - {b""}  # RFC 9110, 5.6.1
            if not expectations:
                self.expect = None
            elif expectations != {b"100-continue"}:
                raise BadRequest(417, "the only expectation served is 100-continue", "expect")
        self.split_target()
        if self.content_length > limits.request_body:
            raise body_too_large(limits)
        return 0

    cdef int split_target(self) except -1:
        """RFC 9112, 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS."""
        cdef bytes target = self.target
        cdef Py_ssize_t length = PyBytes_GET_SIZE(target)
        cdef const char* text = PyBytes_AS_STRING(target)
        cdef const char* question
        if self.method == "CONNECT":
            raise BadRequest(400, "CONNECT is for proxies, and this is none", "method")
        if memchr(text, c'#', length) is not NULL:
            raise BadRequest(400, "the request target has a fragment", "target")
        if text[0] != c'/':
            target = self.strip_authority(target)
            length = PyBytes_GET_SIZE(target)
            text = PyBytes_AS_STRING(target)
        question = <const char*>memchr(text, c'?', length)
        if question is NULL:
            self.raw_path = target
            self.query = b""
        else:
            self.raw_path = target[:question - text]
            self.query = target[question - text + 1:]
            if not self.raw_path:
                self.raw_path = b"/"
        if not is_path(self.raw_path):
            raise BadRequest(400, "the path has a backslash, or a % without two hexadecimal digits, or %00", "target")
        return 0

    cdef bytes strip_authority(self, bytes target):
        """The path and query of a target that does not begin with them."""
        if target == b"*":
            if self.method != "OPTIONS":
                raise BadRequest(400, "the request target * is for OPTIONS alone", "target")
            return target
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in (b"http", b"https"):
            raise BadRequest(400, "the request target must be a path or an http or https URL", "target")
        end = min((position for position in (rest.find(b"/"), rest.find(b"?")) if position >= 0),
                  default=len(rest))
        authority = rest[:end]
        if not authority or not is_host(authority):
            raise BadRequest(400, "the authority of the request target is no host with an optional port", "target")
        # RFC 9112, 3.2.2: the target's host replaces what the Host field says.
        self.headers = [(name, authority if name == b"host" else value) for name, value in self.headers]
        if self.host is None:
            self.headers.append((b"host", authority))
        self.host = authority
        return rest[end:] or b"/"


cdef bint is_path(bytes path) noexcept:
    """Can nobody take it for another one? Some read a backslash as a slash, some end at a NUL, and what they make
    of half an escape differs."""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(path)
    cdef const unsigned char* end = text + PyBytes_GET_SIZE(path)
    if memchr(text, c'\\', end - text) is not NULL:
        return False
    while True:
        text = <const unsigned char*>memchr(text, c'%', end - text)
        if text is NULL:
            return True
        if not is_escape(text, end - text):
            return False
        text += 3


cdef bint is_escape(const unsigned char* text, Py_ssize_t size) noexcept:
    """Does `text` begin with an escape (RFC 3986, 2.1), and not that of NUL?"""
    return size >= 3 and hexadecimal(text[1]) >= 0 and hexadecimal(text[2]) >= 0 and not (
        text[1] == c'0' and text[2] == c'0')


cdef bint is_host(bytes host) noexcept:
    """uri-host [ ":" port ] of RFC 9110, 7.2: a name, an IPv4 address, or an IPv6 address in brackets; a port of at
    most 65535. An empty one is allowed: the target has no authority."""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(host)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(host)
    cdef Py_ssize_t i = 0
    cdef int port = 0
    if length == 0:
        return True
    if text[0] == c'[':
        i = address_end(text, length)
    else:
        while i < length and PART_OF[text[i]] & HOST_NAME:
            i += 1
    if i == 0:
        return False
    if i == length:
        return True
    if text[i] != c':':
        return False
    i += 1
    while i < length and c'0' <= text[i] <= c'9' and port <= 65535:
        port = port * 10 + (text[i] - c'0')
        i += 1
    return i == length and port <= 65535


cdef Py_ssize_t address_end(const unsigned char* text, Py_ssize_t length) noexcept:
    """Of an IPv6 address in brackets, without a zone; 0 if it is none."""
    cdef char[LONGEST_ADDRESS + 1] address
    cdef unsigned char[16] binary
    cdef Py_ssize_t i = 1
    while i < length and text[i] != c']':
        if i > LONGEST_ADDRESS or text[i] == 0:
            return 0
        address[i - 1] = <char>text[i]
        i += 1
    if i == length:
        return 0
    address[i - 1] = 0
    return i + 1 if inet_pton(AF_INET6, address, binary) == 1 else 0
