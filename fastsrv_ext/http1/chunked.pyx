"""Where a chunked body ends (RFC 9112, 7.1), in bytes that the parser has not seen yet.

Pure, and no judge: what is not as it should be is the parser's to refuse, and it sees the same bytes. It skips the
data of a chunk in one step, however many line ends are in it.
"""

from libc.string cimport memchr

from fastsrv_ext.http.octets cimport hexadecimal


cdef Py_ssize_t chunks_end(Chunks* chunks, const unsigned char* text, Py_ssize_t size) noexcept:
    """How far the parser may be led: to the end of the body, or as far as there is any of it.

    chunks: zeroed before a body's first byte; it is known from call to call how far the body has come.
    """
    cdef Py_ssize_t i = 0
    cdef const void* found
    cdef int digit
    while i < size:
        if chunks.part == SIZE:
            digit = hexadecimal(text[i])
            if digit < 0:
                chunks.part = REST_OF_LINE
            else:
                chunks.left = chunks.left * 16 + digit
                i += 1
        elif chunks.part == REST_OF_LINE or chunks.part == REST_OF_TRAILER:
            found = memchr(text + i, c'\n', size - i)
            if found is NULL:
                return size
            i = <const unsigned char*>found - text + 1
            chunks.part = DATA if chunks.left > 0 else TRAILER
        elif chunks.part == DATA:
            if chunks.left > <unsigned long long>(size - i):
                chunks.left -= size - i
                return size
            i += <Py_ssize_t>chunks.left
            chunks.left = 0
            chunks.part = BEHIND_DATA
        elif chunks.part == BEHIND_DATA:
            if text[i] == c'\n':
                chunks.part = SIZE
            elif text[i] != c'\r':
                return size  # the parser refuses it
            i += 1
        elif chunks.part == TRAILER:
            if text[i] == c'\r':
                chunks.part = LAST_LF
                i += 1
            else:
                chunks.part = REST_OF_TRAILER
        else:
            return i + 1 if text[i] == c'\n' else size
    return size
