"""Status line, header fields and framing of a response -> bytes.

Pure: no connection, no app, no clock. Called by cycle.pyx, which decides the framing, and by protocol.pyx
for an answer of our own. Everything an app says is validated here, so no app can split a response.
"""

from http import HTTPStatus

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from fastsrv_ext.http.octets cimport TOKEN, VALUE, classify

cdef enum:
    LONGEST_NUMBER_LINE = 48       # bytes: a name, the 19 digits of the largest size, CRLF

cdef const char* DIGITS = b"0123456789abcdef"
cdef unsigned char[256] PART_OF
classify(PART_OF)

cdef dict STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus
}


cdef bytes status_line(int status):
    line = STATUS_LINES.get(status)
    if line is None:
        # RFC 9112, 4: the reason may be empty, the space before it may not be missing.
        line = b"HTTP/1.1 %d \r\n" % status
    return <bytes>line


cdef inline bint is_name(const unsigned char* name, Py_ssize_t size, const char* other) noexcept:
    """Is the field name equal to `other` (lower case, the same size)?"""
    cdef Py_ssize_t i
    for i in range(size):
        if name[i] | 0x20 != <unsigned char>other[i]:
            return False
    return True


cdef inline bint consists_of(bytes text, unsigned char wanted) noexcept:
    cdef const unsigned char* byte = <const unsigned char*>PyBytes_AS_STRING(text)
    cdef Py_ssize_t i
    cdef unsigned char every = 0xFF
    for i in range(PyBytes_GET_SIZE(text)):
        every &= PART_OF[byte[i]]
    return every & wanted != 0


cdef bytes render_fields(object headers, bint drop_length, Said* said):
    """The app's header fields as lines, in their order; fills `said`.

    headers: an iterable of pairs of bytes. Left out are Transfer-Encoding and Connection, since framing
    and persistence are ours (a `close` is kept in `said`), and Content-Length if `drop_length`.
    Raises TypeError for what is no pair of bytes, ValueError for a name that is no token (RFC 9110, 5.6.2),
    a value with control characters (5.5), and a Content-Length that is no number or given twice.
    """
    cdef list fields = headers if type(headers) is list else list(headers)
    cdef list kept = []
    cdef Py_ssize_t total = 0
    cdef bytes name, value
    cdef tuple pair

    said.content_length = NO_LENGTH
    said.date = said.server = said.close = said.keep_alive = said.upgrade = False

    for field in fields:
        pair = <tuple>field if type(field) is tuple and len(<tuple>field) == 2 else pair_of(field)
        if not isinstance(pair[0], bytes) or not isinstance(pair[1], bytes):
            raise TypeError(f"a header's name and value must be bytes, not {pair[0]!r}: {pair[1]!r}")
        name = <bytes>pair[0]
        value = <bytes>pair[1]
        if PyBytes_GET_SIZE(name) == 0 or not consists_of(name, TOKEN):
            raise ValueError(f"a header's name must be a token (RFC 9110, 5.6.2), not {name!r}")
        if not consists_of(value, VALUE):
            raise ValueError(f"the value of header {name!r} has control characters: {value!r}")
        if is_kept(name, value, drop_length, said):
            kept.append(pair)
            total += PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value) + 4

    cdef bytes rendered = PyBytes_FromStringAndSize(NULL, total)
    cdef char* out = PyBytes_AS_STRING(rendered)
    for pair in kept:
        out = put(out, <bytes>pair[0])
        out[0] = c':'
        out[1] = c' '
        out = put(out + 2, <bytes>pair[1])
        out[0] = c'\r'
        out[1] = c'\n'
        out += 2
    return rendered


cdef tuple pair_of(object field):
    """A field that is another sequence of two."""
    try:
        name, value = field
    except (TypeError, ValueError):
        raise TypeError(f"a header must be a pair of bytes, not {field!r}") from None
    return name, value


cdef inline bint is_kept(bytes name, bytes value, bint drop_length, Said* said) except -1:
    """Note what the framing has to know of a field; is it the app's to send?"""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(name)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(name)
    if size == 4:
        if is_name(text, size, b"date"):
            said.date = True
    elif size == 6:
        if is_name(text, size, b"server"):
            said.server = True
    elif size == 7:
        if is_name(text, size, b"upgrade"):
            said.upgrade = True
    elif size == 10:
        if is_name(text, size, b"connection"):
            if b"close" in value.lower():
                said.close = True
            return False
        if is_name(text, size, b"keep-alive"):
            said.keep_alive = True
    elif size == 14:
        if is_name(text, size, b"content-length"):
            if said.content_length != NO_LENGTH:
                raise ValueError("the response has more than one content-length")
            said.content_length = number(value)
            return not drop_length
    elif size == 17:
        if is_name(text, size, b"transfer-encoding"):
            return False
    return True


cdef long long number(bytes value) except -1:
    """The value of a Content-Length: digits, and no more of them than fit into 64 bits."""
    cdef const char* digit = PyBytes_AS_STRING(value)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value), i
    cdef long long result = 0
    for i in range(size):
        if not c'0' <= digit[i] <= c'9':
            size = 0
            break
        result = result * 10 + (digit[i] - c'0')
        if i == 18:
            size = 0
            break
    if size == 0:
        raise ValueError(f"content-length must be a number of bytes, not {value!r}")
    return result


cdef inline char* put(char* out, bytes text) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    memcpy(out, PyBytes_AS_STRING(text), size)
    return out + size


cdef bytes join(bytes first, bytes second, bytes third, bytes fourth, bytes fifth):
    """The five after each other, in one allocation."""
    cdef bytes joined = PyBytes_FromStringAndSize(
        NULL,
        PyBytes_GET_SIZE(first) + PyBytes_GET_SIZE(second) + PyBytes_GET_SIZE(third)
        + PyBytes_GET_SIZE(fourth) + PyBytes_GET_SIZE(fifth),
    )
    put(put(put(put(put(PyBytes_AS_STRING(joined), first), second), third), fourth), fifth)
    return joined


cdef bytes with_upgrade(bytes end):
    """The end of a head that has an Upgrade field: its Connection field names that (RFC 9110, 7.8), in one line with
    what it says already, since many look at one alone."""
    cdef bytes name = b"connection: "
    return name + b"upgrade" + (b", " + end[len(name):] if end.startswith(name) else b"\r\n" + end)


cdef bytes length_line(Py_ssize_t size):
    """The Content-Length field (RFC 9110, 8.6)."""
    return number_line(b"content-length: ", size, 10)


cdef bytes chunk_size_line(Py_ssize_t size):
    """RFC 9112, 7.1."""
    return number_line(b"", size, 16)


cdef bytes number_line(bytes before, Py_ssize_t number, int base):
    """`before`, `number` in digits of `base`, and CRLF. By hand: snprintf() took 700 instructions of each request."""
    cdef char[LONGEST_NUMBER_LINE] text
    cdef char* end = text + LONGEST_NUMBER_LINE
    cdef char* start = end - 2
    memcpy(start, b"\r\n", 2)
    while True:
        start -= 1
        start[0] = DIGITS[number % base]
        number //= base
        if number == 0:
            break
    start -= PyBytes_GET_SIZE(before)
    memcpy(start, PyBytes_AS_STRING(before), PyBytes_GET_SIZE(before))
    return PyBytes_FromStringAndSize(start, end - start)


cdef bytes error_answer(int status, str reason, bytes default_fields, bint bodiless):
    """A whole response of our own, after which the connection closes. bodiless: to HEAD."""
    body = reason.encode("utf-8") + b"\n"
    return (
        status_line(status) + default_fields + b"content-type: text/plain; charset=utf-8\r\n"
        + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + (b"" if bodiless else body)
    )
