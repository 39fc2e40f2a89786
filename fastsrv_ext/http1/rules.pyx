"""The rules for a request head that the parser leaves to us (RFC 9112, RFC 9110).

Knows no connection and no app. reader.pyx hands over what the parser finds; whatever breaks a rule raises BadRequest,
which carries its answer. What the parser (llhttp, strict) refuses by itself is not checked again: bare CR or LF, folded
lines, two Content-Length, Content-Length beside Transfer-Encoding, numbers that are none, control characters.
plain_head.pyx leaves to the parser whatever might break one.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.http.field_names cimport (
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, IN_TRAILERS, ONCE, PLAIN, PROXY_CONNECTION, TRANSFER_ENCODING,
    UNDERSCORED, UPGRADE, USUAL, field_name,
)
from fastsrv_ext.http.refusal cimport body_too_large, too_large
from fastsrv_ext.http.request cimport CHUNKED_LENGTH, NO_BODY_LENGTH
from fastsrv_ext.http.uri cimport is_host, is_path

cdef enum:
    # Bits of Framing.options.
    CLOSE_NAMED = 1
    KEEP_ALIVE_NAMED = 2
    UPGRADE_NAMED = 4
    CHUNKED_NAMED = 8


cdef int add_field(RequestHead head, Framing* framing, bytes name, bytes value, Limits limits) except -1:
    """A whole header field, in its order."""
    cdef Kind kind
    cdef Py_ssize_t length = PyBytes_GET_SIZE(value)
    check_size(head, PyBytes_GET_SIZE(name) + length + FIELD_OVERHEAD, len(head.headers), limits)
    name = field_name(<const unsigned char*>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), &kind)
    if length > 0 and PyBytes_AS_STRING(value)[length - 1] in b" \t":
        value = value.rstrip(b" \t")  # RFC 9112, 5.1; the parser strips the left side alone
    head.headers.append((name, value))
    if kind != PLAIN and kind != USUAL:
        if head.is_second(kind) and 1 << <int>kind & ONCE:
            told = name.decode("ascii")
            raise BadRequest(400, f"more than one {told} field", told.replace("-", "_"))
        if kind == CONTENT_LENGTH and PyBytes_GET_SIZE(value) > LONGEST_LENGTH:
            raise BadRequest(413, "Content-Length is too large", "content_length")
        note(head, framing, kind, value)
    return 0


cdef inline int check_size(RequestHead head, Py_ssize_t size, Py_ssize_t before, Limits limits) except -1:
    """Of a header field, or a trailer, with so many `before` it."""
    head.size += size
    if size > limits.request_field_size:
        raise BadRequest(431, f"field larger than {limits.request_field_size} bytes", "field_size")
    if head.size > limits.request_head:
        raise too_large(limits)
    if before >= limits.request_fields:
        raise BadRequest(431, f"more than {limits.request_fields} fields", "fields")
    return 0


cdef int note(RequestHead head, Framing* framing, Kind kind, bytes value) except -1:
    """What a field means for us, once it may be there."""
    cdef unsigned char digit
    if kind == HOST:
        head.host = value
    elif kind == CONNECTION or kind == PROXY_CONNECTION:
        if value == b"close":  # these two are what most have
            framing.options |= CLOSE_NAMED
        elif value == b"keep-alive" and kind == CONNECTION:
            framing.options |= KEEP_ALIVE_NAMED
        else:
            read_options(framing, value.lower(), kind == CONNECTION)
    elif kind == CONTENT_LENGTH:
        head.content_length = 0
        for digit in value:  # no more than LONGEST_LENGTH, and nothing else: that has been seen
            head.content_length = head.content_length * 10 + (digit - c'0')
    elif kind == TRANSFER_ENCODING:
        if value.lower() == b"chunked":
            framing.options |= CHUNKED_NAMED
    elif kind == EXPECT:
        head.expect = value if head.expect is None else head.expect + b", " + value
    elif kind == UPGRADE:
        head.upgrade = value if head.upgrade is None else head.upgrade + b", " + value
    return 0


cdef int read_options(Framing* framing, bytes value, bint of_connection) except -1:
    """Of a Connection field, in lower case; of Proxy-Connection, `close` alone."""
    for option in value.split(b","):
        option = option.strip(b" \t")
        if option == b"close":
            framing.options |= CLOSE_NAMED
        elif option == b"keep-alive" and of_connection:
            framing.options |= KEEP_ALIVE_NAMED
        elif option == b"upgrade" and of_connection:
            framing.options |= UPGRADE_NAMED
    return 0


cdef bint keeps_alive(RequestHead head, const Framing* framing) noexcept:
    """RFC 9112, 9.3: `close` counts before keep-alive. With HTTP/1.0 the parser does not look for it."""
    return not framing.options & CLOSE_NAMED and (not head.is_http_10 or framing.options & KEEP_ALIVE_NAMED)


cdef int complete(RequestHead head, const Framing* framing, bint parser_keeps_alive, Limits limits) except -1:
    """The head has ended: apply the rules that need all of it."""
    head.keep_alive = parser_keeps_alive and keeps_alive(head, framing)
    if head.host is None:
        if not head.is_http_10:
            raise BadRequest(400, "an HTTP/1.1 request needs a Host field", "host")
    elif not is_host(head.host):
        raise BadRequest(400, "the Host field is no host with an optional port", "host")
    if head.has(TRANSFER_ENCODING):
        if head.is_http_10:
            raise BadRequest(400, "HTTP/1.0 has no Transfer-Encoding", "transfer_encoding")
        if not framing.options & CHUNKED_NAMED:
            raise BadRequest(400, "the only transfer coding served is chunked, by itself", "transfer_encoding")
        head.content_length = CHUNKED_LENGTH
    if head.expect is not None and not head.is_http_10:
        expectations = {each.strip(b" \t") for each in head.expect.lower().split(b",")} - {b""}  # RFC 9110, 5.6.1
        if not expectations:
            head.expect = None
        elif expectations != {b"100-continue"}:
            raise BadRequest(417, "the only expectation served is 100-continue", "expect")
    if head.upgrade is not None and (
        head.is_http_10 or not framing.options & UPGRADE_NAMED or head.content_length not in (NO_BODY_LENGTH, 0)
    ):
        head.upgrade = None  # RFC 9110, 7.8; behind a body to come nobody knows what is whose
    split_target(head)
    if head.content_length > limits.request_body:
        raise body_too_large(limits)
    return 0


cdef int split_target(RequestHead head) except -1:
    """RFC 9112, 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS."""
    cdef bytes target = head.target
    cdef Py_ssize_t length = PyBytes_GET_SIZE(target)
    cdef const char* text = PyBytes_AS_STRING(target)
    cdef const char* question
    if head.method == "CONNECT":
        raise BadRequest(400, "CONNECT is for proxies, and this is none", "method")
    if memchr(text, c'#', length) is not NULL:
        raise BadRequest(400, "the request target has a fragment", "target")
    if text[0] != c'/':
        target = strip_authority(head, target)
        length = PyBytes_GET_SIZE(target)
        text = PyBytes_AS_STRING(target)
    question = <const char*>memchr(text, c'?', length)
    if question is NULL:
        head.raw_path = target
        head.query = b""
    else:
        head.raw_path = target[:question - text]
        head.query = target[question - text + 1:]
        if not head.raw_path:
            head.raw_path = b"/"
    if not is_path(head.raw_path):
        raise BadRequest(400, "the path has a backslash, or a % without two hexadecimal digits, or %00", "target")
    return 0


cdef bytes strip_authority(RequestHead head, bytes target):
    """The path and query of a target that does not begin with them."""
    if target == b"*":
        if head.method != "OPTIONS":
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
    head.headers = [(name, authority if name == b"host" else value) for name, value in head.headers]
    if head.host is None:
        head.headers.append((b"host", authority))
    head.host = authority
    return rest[end:] or b"/"


cdef int check_trailer(RequestHead head, Framing* framing, bytes name, bytes value, Limits limits) except -1:
    """A trailer of the body. It is dropped (RFC 9110, 6.5.1), under the limits of the head's fields;
    one that frames or routes cannot have been meant well. (One that says what the body is, or who sends it, is
    lost, and that is all.)"""
    cdef Kind kind
    check_size(head, PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value) + FIELD_OVERHEAD, framing.trailers, limits)
    framing.trailers += 1
    field_name(<const unsigned char*>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), &kind)
    if kind == UNDERSCORED:
        if limits.refuse_underscores:
            raise BadRequest(400, "a trailer has an underscore in its name", "underscore")
    elif not 1 << <int>kind & IN_TRAILERS:
        raise BadRequest(400, "a trailer that only a header field may be", "trailer")
    return 0
