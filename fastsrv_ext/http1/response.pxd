# Status line, header fields and framing of a response -> bytes. Pure: knows no connection.
# cycle.pyx decides which framing; what is rendered here cannot be split by what an app says.

cdef enum Framing:
    NO_BODY              # 1xx, 204, 304, and the answer to HEAD
    LENGTH               # Content-Length
    CHUNKED              # Transfer-Encoding: chunked
    UNTIL_CLOSE          # HTTP/1.0 without a length


cdef struct Said:
    # What the app said in its fields that the framing has to know.
    long long content_length     # NO_LENGTH if it gave none
    bint date
    bint server
    bint close
    bint keep_alive              # a Keep-Alive field
    bint upgrade                 # an Upgrade field


cdef enum:
    NO_LENGTH = -1

cdef bytes render_fields(object headers, bint drop_length, Said* said)
cdef bytes status_line(int status)
cdef bytes with_upgrade(bytes end)
cdef bytes join(bytes first, bytes second, bytes third, bytes fourth, bytes fifth)
cdef bytes length_line(Py_ssize_t size)
cdef bytes chunk_size_line(Py_ssize_t size)
cdef bytes error_answer(int status, str reason, bytes default_fields, bint bodiless)
