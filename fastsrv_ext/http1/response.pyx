"""Status line, header fields and framing of a response -> bytes.

Pure: no connection, no app, no clock. Called by cycle.pyx, which decides the framing, and by pipeline.pyx
for an answer of our own. What an app says has been validated by then (http/fields.pyx).
"""

from http import HTTPStatus

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memcpy

from fastsrv_ext.http1.rules cimport FIELD_OVERHEAD

cdef extern from "Python.h":
    PyObject* PyList_GET_ITEM(list items, Py_ssize_t index)    # borrowed, as the list stays: half of the loop's cost
    PyObject* PyTuple_GET_ITEM(tuple items, Py_ssize_t index)

cdef enum:
    LONGEST_NUMBER_LINE = 48       # bytes: a name, the 19 digits of the largest size, CRLF

cdef const char* DIGITS = b"0123456789abcdef"

cdef dict STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus
}


cdef bytes status_line(int status):
    line = STATUS_LINES.get(status)
    if line is None:
        # RFC 9112, 4: the reason may be empty, the space before it may not be missing.
        line = b"HTTP/1.1 %d \r\n" % status
    return <bytes>line


cdef inline char* put(char* out, bytes text) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(text)
    memcpy(out, PyBytes_AS_STRING(text), size)
    return out + size


cdef bytes render_head(
    int status, bytes defaults, list fields, Py_ssize_t size, bytes framing, bytes end, bytes body,
):
    """A response's head, and the beginning of its body, in one allocation. fields: the app's, as pairs whose names and
    values are of `size` bytes in all; the others are whole lines, `end` with the empty one."""
    cdef bytes first = status_line(status)
    cdef Py_ssize_t count = PyList_GET_SIZE(fields), i
    cdef bytes rendered = PyBytes_FromStringAndSize(
        NULL,
        PyBytes_GET_SIZE(first) + PyBytes_GET_SIZE(defaults) + size + count * FIELD_OVERHEAD
        + PyBytes_GET_SIZE(framing) + PyBytes_GET_SIZE(end) + PyBytes_GET_SIZE(body))
    cdef char* out = put(put(PyBytes_AS_STRING(rendered), first), defaults)
    cdef PyObject* field
    for i in range(count):
        field = PyList_GET_ITEM(fields, i)
        out = put(out, <bytes>PyTuple_GET_ITEM(<tuple>field, 0))
        out[0] = c':'
        out[1] = c' '
        out = put(out + 2, <bytes>PyTuple_GET_ITEM(<tuple>field, 1))
        out[0] = c'\r'
        out[1] = c'\n'
        out += 2
    put(put(put(out, framing), end), body)
    return rendered


cdef bytes join(bytes first, bytes second, bytes third):
    """The three after each other, in one allocation."""
    cdef bytes joined = PyBytes_FromStringAndSize(
        NULL, PyBytes_GET_SIZE(first) + PyBytes_GET_SIZE(second) + PyBytes_GET_SIZE(third))
    put(put(put(PyBytes_AS_STRING(joined), first), second), third)
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


cdef bytes error_body(str reason):
    return reason.encode("utf-8") + b"\n"


cdef bytes error_answer(int status, bytes body, bytes default_fields, bint bodiless):
    """A whole response of our own, after which the connection closes. bodiless: to HEAD."""
    return (
        status_line(status) + default_fields + b"content-type: text/plain; charset=utf-8\r\n"
        + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + (b"" if bodiless else body)
    )


cdef list fields_of(bytes answer):
    """All fields of such an answer, for the access log."""
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [tuple(line.split(b": ", 1)) for line in lines[1:]]
