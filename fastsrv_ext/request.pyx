"""One parsed request head and the rules that the parser leaves to us.

Knows no connection and no app. http.pyx hands over what the parser finds, piece by piece; whatever
breaks a rule raises BadRequest, which carries its answer. What the parser (llhttp, strict) refuses by
itself is not checked again: bare CR or LF, folded lines, two Content-Length, Content-Length beside
Transfer-Encoding, numbers that are none, control characters.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from libc.string cimport memchr

from fastsrv_ext.names cimport (
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDING, HOST, PLAIN, SECRET, TRANSFER_ENCODING, Kind, field_name,
)


class BadRequest(Exception):
    """A request that is answered by `status` and the text `reason`, and the connection closed.

    kind: one word for what is wrong, to count by (docs/ARCHITECTURE.md lists them). fields: further header lines of the
    answer.
    """

    def __init__(self, int status, str reason, str kind, bytes fields=b""):
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.kind = kind
        self.fields = fields
        self.bodiless = False  # True in answer to HEAD


cdef dict METHODS = {
    method: method.decode("ascii") for method in (
        b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT",
    )
}

# The parser reads RTSP and ICE, too, and does not tell them from HTTP; what only they have is refused.
cdef frozenset OTHER_PROTOCOLS_METHODS = frozenset((
    b"DESCRIBE", b"ANNOUNCE", b"SETUP", b"PLAY", b"PAUSE", b"TEARDOWN", b"GET_PARAMETER", b"SET_PARAMETER",
    b"REDIRECT", b"RECORD", b"FLUSH", b"SOURCE",
))

# RFC 3986, 3.2.2: what may stand in a host and its port; brackets and the colon are looked at apart.
cdef unsigned char[256] IN_HOST
cdef int _byte
for _byte in range(256):
    IN_HOST[_byte] = _byte in (
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;="
    )


cdef class RequestHead:

    def __cinit__(self):
        self.headers = []
        self.content_length = NO_BODY_LENGTH

    cdef int add_target(self, bytes piece, Limits limits) except -1:
        """A piece of the request target; it comes in several where the read ended within."""
        self.target = piece if self.target is None else self.target + piece
        self.size = PyBytes_GET_SIZE(self.target) + REQUEST_LINE_OVERHEAD
        if self.size > limits.request_line:
            raise too_long(limits)
        return 0

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

        if kind == HOST:
            if self.host is not None:
                raise BadRequest(400, "more than one Host field", "host")
            self.host = value
        elif kind == CONNECTION:
            self.persistence_named = True
        elif kind == CONTENT_LENGTH:
            if len(value) > LONGEST_LENGTH:  # the parser has seen that they are digits
                raise BadRequest(413, "Content-Length is too large", "content_length")
            self.content_length = int(value)
        elif kind == TRANSFER_ENCODING:
            if self.transfer_encoding is not None:
                raise BadRequest(400, "more than one Transfer-Encoding field", "transfer_encoding")
            self.transfer_encoding = value
        elif kind == EXPECT:
            self.expect = value
        elif kind == FORWARDING:
            self.forwarded = True
        return 0

    def values(self, bytes wanted not None):
        """The values of the fields of this name, which is in lower case, in their order."""
        cdef bytes name, value
        return [value for name, value in self.headers if name == wanted]

    cdef int check_trailer(self, bytes name, bytes value, Limits limits) except -1:
        """A trailer of the body. It is dropped (RFC 9110, 6.5.1), under the limits of the head's fields;
        one that frames or routes cannot have been meant well."""
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
        if kind != PLAIN and kind != SECRET:
            raise BadRequest(400, "a trailer that only a header field may be", "trailer")
        return 0

    cdef int complete(self, bytes method, str version, bint keep_alive, Limits limits) except -1:
        """The head has ended: apply the rules that need all of it. version: "1.0", "1.1" or another."""
        if PyBytes_GET_SIZE(method) + PyBytes_GET_SIZE(self.target) + REQUEST_LINE_OVERHEAD > limits.request_line:
            raise too_long(limits)
        known = PyDict_GetItem(METHODS, method)
        self.method = <str>known if known is not NULL else method.decode("ascii")
        self.version = version
        self.is_head = self.method == "HEAD"
        self.is_http_10 = version != "1.1"
        self.keep_alive = keep_alive and not (self.is_http_10 and self.says_close())
        if method in OTHER_PROTOCOLS_METHODS:
            raise BadRequest(400, "the method is one of RTSP's or ICE's", "method")
        if not self.is_http_10:
            if self.host is None:
                raise BadRequest(400, "an HTTP/1.1 request needs a Host field", "host")
        elif version != "1.0":
            raise BadRequest(400, "the version must be HTTP/1.1 or HTTP/1.0", "version")
        if self.host is not None and not is_host(self.host):
            raise BadRequest(400, "the Host field is no host with an optional port", "host")
        if self.transfer_encoding is not None:
            if self.is_http_10:
                raise BadRequest(400, "HTTP/1.0 has no Transfer-Encoding", "transfer_encoding")
            if self.transfer_encoding.lower() != b"chunked":
                raise BadRequest(400, "the only transfer coding served is chunked, by itself", "transfer_encoding")
            self.content_length = CHUNKED_LENGTH
        if self.expect is not None and not self.is_http_10:
            if self.expect.lower() != b"100-continue":
                raise BadRequest(417, "the only expectation served is 100-continue", "expect")
        self.split_target()
        if self.content_length > limits.request_body:
            raise body_too_large(limits)
        return 0

    cdef bint says_close(self) except -1:
        """Is `close` among the options? RFC 9112, 9.3: it counts before keep-alive. With HTTP/1.0 the parser does not
        look for it."""
        return any(
            name in (b"connection", b"proxy-connection")
            and b"close" in [option.strip(b" \t") for option in value.lower().split(b",")]
            for name, value in self.headers)

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


cdef too_long(Limits limits):
    return BadRequest(414, f"request line larger than {limits.request_line} bytes (limit_request_line)", "line_size")


cdef too_large(Limits limits):
    return BadRequest(
        431, f"request head larger than {limits.request_head} bytes (fastsrv_limit_request_head)", "head_size")


cdef body_too_large(Limits limits):
    return BadRequest(
        413, f"request body larger than {limits.request_body} bytes (fastsrv_limit_request_body)", "body_size")


cdef bint is_host(bytes host) noexcept:
    """uri-host [ ":" port ] of RFC 9110, 7.2. An empty one is allowed: the target has no authority."""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(host)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(host)
    cdef Py_ssize_t i = 0
    if length > 0 and text[0] == c'[':
        i = 1
        while i < length and (IN_HOST[text[i]] or text[i] == c':'):
            i += 1
        if i < 3 or i == length or text[i] != c']':
            return False
        i += 1
    else:
        while i < length and IN_HOST[text[i]]:
            i += 1
    if i == length:
        return True
    if text[i] != c':':
        return False
    i += 1
    while i < length and 48 <= text[i] <= 57:
        i += 1
    return i == length
