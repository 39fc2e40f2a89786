"""The request line of a head that is the parser's (RFC 9112, 3), read strictly before the parser gets it.

Pure: no connection, no parser. The parser takes several spaces for one and does not tell HTTP from RTSP and ICE; a
proxy in front may read such a line otherwise. It stays the judge of the methods and of the target's characters, unless
gunicorn's permit_unconventional_http_method or _version are set: it then gets a line that it knows in this one's place.
"""

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.dict cimport PyDict_GetItem
from libc.string cimport memchr

from fastsrv_ext.http.refusal import BadRequest

from fastsrv_ext.http.octets cimport TOKEN, classify
from fastsrv_ext.http.refusal cimport too_large
from fastsrv_ext.http1.rules cimport REQUEST_LINE_OVERHEAD

cdef unsigned char[256] PART_OF
classify(PART_OF)

cdef dict METHODS = {
    method: method.decode("ascii") for method in (
        b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT",
    )
}
cdef bytes NOTHING = b"-"
cdef bytes HTTP_1 = b"HTTP/1."
cdef str PROTOCOL = "HTTP/1.1"
cdef str OLD_PROTOCOL = "HTTP/1.0"


cdef Py_ssize_t read_line(
    const unsigned char* text, Py_ssize_t size, Py_ssize_t known, RequestHead head, Limits limits
) except -1:
    """Read the line that `text` begins with: method SP target SP HTTP-version CRLF, and nothing else.

    known: bytes that an earlier call with this head has found to be a good beginning. Returns the size of the line
    with its CRLF, or 0 if more has to come. Raises BadRequest as soon as nothing that may come would make it good.
    """
    cdef Py_ssize_t limit = min(limits.request_line, limits.request_head)
    cdef Py_ssize_t most = size if size - 2 <= limit else limit + 2
    cdef Py_ssize_t i, begin, end
    cdef const unsigned char* version = <const unsigned char*>PyBytes_AS_STRING(HTTP_1)
    cdef const void* space
    cdef unsigned char byte

    # method
    if head.method is None:
        i = 0
        while i < most and PART_OF[text[i]] & TOKEN:
            i += 1
        if i == most:
            return not_whole(size, limit, limits)
        if i == 0 or text[i] != c' ':
            raise BadRequest(400, "the request line does not begin with a method and a space", "method")
        method = text[:i]
        known_method = PyDict_GetItem(METHODS, method)
        head.method = <str>known_method if known_method is not NULL else (<bytes>method).decode("ascii")
        head.is_head = head.method == "HEAD"
        if head.method == "SOURCE" and not limits.any_method:  # Icecast's: the parser takes it for HTTP's
            raise BadRequest(400, "the method is one of ICE's", "method")
    begin = len(head.method) + 1

    # target
    space = memchr(text + begin, c' ', known - begin) if known > begin else NULL
    if space is not NULL:
        i = <const unsigned char*>space - text
    else:
        i = max(known, begin)
        while i < most and 0x20 < text[i] < 0x7F:
            i += 1
    if i == most:
        return not_whole(size, limit, limits)
    if i == begin or text[i] != c' ':
        raise BadRequest(
            400, "the request line is not a method, a target and a version with one space between each", "target")
    end = i

    # version, and the end of the line
    for i in range(10):
        if end + 1 + i == most:
            return not_whole(size, limit, limits)
        byte = text[end + 1 + i]
        if i < 7 and byte != version[i] or i == 7 and not (
            c'0' <= byte <= c'1' or (limits.any_version and c'2' <= byte <= c'9')
        ):
            raise BadRequest(400, "the version must be HTTP/1.1 or HTTP/1.0", "version")
        if i == 8 and byte != c'\r' or i == 9 and byte != c'\n':
            raise BadRequest(400, "the request line does not end with CRLF right behind the version", "version")
    byte = text[end + 8]
    head.is_http_10 = byte == c'0'
    head.protocol = PROTOCOL if byte == c'1' else OLD_PROTOCOL if byte == c'0' else f"HTTP/1.{chr(byte)}"
    head.target = text[begin:end]
    head.size = end - begin + REQUEST_LINE_OVERHEAD
    return end + 11


cdef Py_ssize_t not_whole(Py_ssize_t size, Py_ssize_t limit, Limits limits) except -1:
    if size - 2 < limit:
        return 0
    if limit < limits.request_line:
        raise too_large(limits)
    raise BadRequest(414, f"request line larger than {limits.request_line} bytes", "line_size")


cdef int fill_in(RequestHead head, bytes line) except -1:
    """A head that is refused before it is whole, as far as it has come, for the logs: with "-" for what has not.

    line: the beginning of a request line that was not read to its end.
    """
    cdef list words
    if head.target is None:
        line = line.partition(b"\n")[0].removesuffix(b"\r")
        if not (line.isascii() and line.decode("ascii").isprintable()):
            line = line.decode("latin-1").encode("unicode_escape")
        # All of it is in one of the three, however many spaces it has.
        words = [word or NOTHING for word in line.split(b" ", 2)] + [NOTHING, NOTHING]
        head.method, head.target, head.protocol = words[0].decode("ascii"), words[1], words[2].decode("ascii")
    if head.raw_path is None:
        head.raw_path = head.query = NOTHING
        if head.target.startswith(b"/"):
            head.raw_path, _, head.query = head.target.partition(b"?")
    return 0


cdef bytes stand_in(RequestHead head, Limits limits):
    """A line that the parser knows, and reads fields and body behind as it would behind the head's own. Without
    any_method it stays the judge of the method."""
    method = head.method if head.method.encode() in METHODS or not limits.any_method else "POST"
    return f"{method} ".encode() + head.target + (b" HTTP/1.0\r\n" if head.is_http_10 else b" HTTP/1.1\r\n")
