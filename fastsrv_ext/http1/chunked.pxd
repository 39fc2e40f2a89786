# Where a chunked body ends, in bytes that the parser has not seen yet.
# Pure; reader.pyx asks, so that the parser gets no byte of what follows.

cdef enum Part:
    # What the next byte belongs to.
    SIZE
    REST_OF_LINE         # behind the size: an extension, CRLF
    DATA
    BEHIND_DATA          # CRLF
    TRAILER              # a line, or the CRLF that ends the body
    REST_OF_TRAILER
    LAST_LF

cdef struct Chunks:
    Part part
    unsigned long long left          # bytes of the chunk's data, or its size so far

cdef Py_ssize_t chunks_end(Chunks* chunks, const unsigned char* text, Py_ssize_t size) noexcept
