"""A request head of the plain, strict form, scanned in one go.

Pure: no connection, no parser. httptools stays the authority: what is accepted here it accepts with the same
method, target, fields, length and end (tests/unit/test_head.py compares them), and whatever is not plainly so is
left to it: a head that is not whole, an unusual method, a target that is no path, HTTP/1.0, framing by
Transfer-Encoding, anything that asks for more than an answer, anything that breaks a rule or a limit.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr

from fastsrv_ext.http.field_names cimport (
    CONNECTION, CONTENT_LENGTH, MEMORABLE, ONCE, PARSERS, PLAIN, USUAL, Kind, field_name,
)
from fastsrv_ext.http.octets cimport TARGET, TOKEN, VALUE, classify
from fastsrv_ext.http.uri cimport is_escape, is_host
from fastsrv_ext.http1.field_cache cimport recall, remember
from fastsrv_ext.http1.rules cimport FIELD_OVERHEAD, LONGEST_LENGTH, REQUEST_LINE_OVERHEAD, Framing, keeps_alive, note

cdef unsigned char[256] PART_OF
classify(PART_OF)

cdef str GET = "GET"
cdef dict METHODS = {method.encode("ascii"): method for method in ("HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")}
cdef bytes VERSION = b" HTTP/1.1\r\n"

cdef enum:
    LONGEST_METHOD = 7


cdef Py_ssize_t scan_head(const unsigned char* text, Py_ssize_t size, RequestHead head, Limits limits) except -1:
    """Fill `head` from the head that `text` begins with.

    Returns the size of the head in bytes, or 0 if it is left to the parser; `head` is of no use then. One function for
    all of it: parts that hand their place on to each other cost as much as they do.
    """
    cdef Py_ssize_t i, begin, end, line, length, question = 0
    cdef int known
    cdef const unsigned char* line_end
    cdef tuple field
    cdef const unsigned char* version = <const unsigned char*>PyBytes_AS_STRING(VERSION)
    cdef bytes name, value
    cdef Kind kind
    cdef Framing framing
    framing.options = framing.trailers = 0

    # request line
    if size >= 4 and text[0] == c'G' and text[1] == c'E' and text[2] == c'T' and text[3] == c' ':
        head.method = GET
        i = 4
    else:
        i = 0
        while i < size and i <= LONGEST_METHOD and text[i] != c' ':
            i += 1
        method = METHODS.get(text[:i])
        if method is None:
            return 0
        head.method = <str>method
        head.is_head = i == 4 and text[0] == c'H'
        i += 1
    begin = i
    if i >= size or text[i] != c'/':
        return 0
    while True:
        while i < size and PART_OF[text[i]] & TARGET:
            if text[i] == c'?' and question == 0:
                question = i
            i += 1
        if i == size or text[i] != c'%' or (question == 0 and not is_escape(text + i, size - i)):
            break
        i += 1
    end = i
    if size - end < 11 + 4 or end + 9 > limits.request_line:
        return 0
    for i in range(11):
        if text[end + i] != version[i]:
            return 0
    head.protocol = "HTTP/1.1"
    head.target = text[begin:end]
    if question == 0:
        head.raw_path = head.target
        head.query = b""
    else:
        head.raw_path = text[begin:question]
        head.query = text[question + 1:end]
    head.size = end - begin + REQUEST_LINE_OVERHEAD

    # fields
    i = end + 11
    while True:
        begin = i
        line_end = <const unsigned char*>memchr(text + i, c'\r', size - i)
        if line_end is NULL:
            return 0
        end = line_end - text
        if end == begin:
            break
        if size - end < 4 or text[end + 1] != c'\n':  # 4: its own line end and the head's
            return 0
        if len(head.headers) >= limits.request_fields:
            return 0
        line = begin
        field = recall(text + line, end - line, &known)
        if field is not None:
            kind = <Kind>known
            value = <bytes>field[1]
            length = end - line + 2
            i = end + 2
        else:
            while PART_OF[text[i]] & TOKEN:
                i += 1
            if i == begin or text[i] != c':':
                return 0
            name = field_name(text + begin, i - begin, &kind)
            i += 1
            while text[i] == c' ' or text[i] == c'\t':
                i += 1
            begin = i
            while PART_OF[text[i]] & VALUE:
                i += 1
            if i != end:
                return 0
            length = PyBytes_GET_SIZE(name) + (end - begin) + FIELD_OVERHEAD
            while end > begin and (text[end - 1] == c' ' or text[end - 1] == c'\t'):
                end -= 1
            i += 2
            value = text[begin:end]
            field = (name, value)
            if 1 << <int>kind & MEMORABLE and end - line + 2 == length and end + 2 == i:
                # as usual: one space before the value, none behind
                remember(text + line, end - line, field, kind)
        head.size += length
        if length > limits.request_field_size:
            return 0
        head.headers.append(field)
        if kind != USUAL and kind != PLAIN:
            if 1 << <int>kind & PARSERS or not may_be_plain(head, kind, value):
                return 0
            note(head, &framing, kind, value)

    if size - i < 2 or text[i] != c'\r' or text[i + 1] != c'\n':
        return 0
    if head.host is None or not is_host(head.host):
        return 0
    if head.size > limits.request_head or head.content_length > limits.request_body:
        return 0
    head.keep_alive = keeps_alive(head, &framing)
    return i + 2


cdef inline bint may_be_plain(RequestHead head, Kind kind, bytes value) noexcept:
    """Is there nothing about the field that its rules might refuse?"""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value), i
    cdef const char* digit = PyBytes_AS_STRING(value)
    if head.is_second(kind):
        return not 1 << <int>kind & (ONCE | 1 << <int>CONNECTION | 1 << <int>CONTENT_LENGTH)
    if kind == CONNECTION:
        return value == b"keep-alive" or value == b"close" or value.lower() in (b"close", b"keep-alive")
    if kind == CONTENT_LENGTH:
        for i in range(size):
            if not c'0' <= digit[i] <= c'9':
                return False
        return 0 < size <= LONGEST_LENGTH
    return True
