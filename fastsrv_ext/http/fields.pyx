"""The header fields of a response, as an app gives them: validated, and what of them the framing has to know.

Pure: no connection, no app. Called by exchange.pyx. Everything an app says is validated here, so no app can split a
response.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from fastsrv_ext.http.octets cimport TOKEN, VALUE, classify

cdef unsigned char[256] PART_OF
classify(PART_OF)


cdef list validate(object headers, bint drop_length, Said* said):
    """The app's header fields that are its own to send, in their order, as pairs of bytes; fills `said`.

    headers: an iterable of pairs of bytes. Left out are Transfer-Encoding and Connection, since framing
    and persistence are ours (a `close` is kept in `said`), and Content-Length if `drop_length`.
    Raises TypeError for what is no pair of bytes, ValueError for a name that is no token (RFC 9110, 5.6.2),
    a value with control characters (5.5), and a Content-Length that is no number or given twice.
    """
    cdef list fields = headers if type(headers) is list else list(headers)
    cdef list kept = []
    cdef bytes name, value
    cdef tuple pair

    said.content_length = NO_LENGTH
    said.size = 0
    said.date = said.server = said.close = said.keep_alive = said.upgrade = False

    for field in fields:
        pair = <tuple>field if type(field) is tuple and len(<tuple>field) == 2 else pair_of(field)
        if not isinstance(pair[0], bytes) or not isinstance(pair[1], bytes):
            raise TypeError(f"a header's name and value must be bytes, not {pair[0]!r}: {pair[1]!r}")
        name = <bytes>pair[0]
        value = <bytes>pair[1]
        if not is_token(name):
            raise ValueError(f"a header's name must be a token (RFC 9110, 5.6.2), not {name!r}")
        if not consists_of(value, VALUE):
            raise ValueError(f"the value of header {name!r} has control characters: {value!r}")
        if is_kept(name, value, drop_length, said):
            kept.append(pair)
            said.size += PyBytes_GET_SIZE(name) + PyBytes_GET_SIZE(value)
    return kept


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


cdef inline bint is_name(const unsigned char* name, Py_ssize_t size, const char* other) noexcept:
    """Is the field name equal to `other` (lower case, the same size)?"""
    cdef Py_ssize_t i
    for i in range(size):
        if name[i] | 0x20 != <unsigned char>other[i]:
            return False
    return True


cdef bint is_token(bytes text) noexcept:
    return PyBytes_GET_SIZE(text) > 0 and consists_of(text, TOKEN)


cdef inline bint consists_of(bytes text, unsigned char wanted) noexcept:
    cdef const unsigned char* byte = <const unsigned char*>PyBytes_AS_STRING(text)
    cdef Py_ssize_t i
    cdef unsigned char every = 0xFF
    for i in range(PyBytes_GET_SIZE(text)):
        every &= PART_OF[byte[i]]
    return every & wanted != 0


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
