# One parsed request head: collects what the parser finds, then applies the rules it leaves to us.
# Knows no connection and no app. protocol.pyx fills it, scope.pyx reads it.

from fastsrv_ext.context cimport Limits
from fastsrv_ext.http.field_names cimport Kind


cdef enum:
    NO_BODY_LENGTH = -1          # neither Content-Length nor Transfer-Encoding: no body
    CHUNKED_LENGTH = -2          # Transfer-Encoding: chunked
    LONGEST_LENGTH = 18          # digits of a Content-Length: they fit into 64 bits
    FIELD_OVERHEAD = 4           # bytes of a field beside name and value: ": " and CRLF
    REQUEST_LINE_OVERHEAD = 10   # bytes beside method and target: two spaces and "HTTP/1.1"


cdef class RequestHead:
    # request line
    cdef readonly str method
    cdef readonly bytes target           # as received
    cdef readonly str version            # "1.0", "1.1", or up to "1.9" (permit_unconventional_http_version)
    cdef bint is_head                    # the method
    cdef bint is_http_10
    cdef bytes raw_path                  # target without query and authority
    cdef bytes query

    # fields
    cdef readonly list headers           # (name in lower case, value), in their order
    cdef bytes host                      # None without a Host
    cdef bytes transfer_encoding         # None without
    cdef bytes expect                    # None without
    cdef unsigned int seen               # bits: kinds (field_names.pxd) that may be there once
    cdef Py_ssize_t size                 # bytes counted so far, trailers included
    cdef Py_ssize_t trailers             # how many came behind the body

    # what follows from them
    cdef long long content_length        # or NO_BODY_LENGTH, CHUNKED_LENGTH
    cdef bint keep_alive                 # what the client asks for
    cdef bint close_named                # by a Connection field
    cdef bint keep_alive_named           # by another, or the same
    cdef bint forwarded                  # a field was there that is a proxy's to set,
    cdef bint underscored                # or that has an underscore in its name

    cdef int add_field(self, bytes name, bytes value, Limits limits) except -1
    cdef int check_trailer(self, bytes name, bytes value, Limits limits) except -1
    cdef bint is_second(self, Kind kind) noexcept
    cdef int read_options(self, bytes value, bint may_keep_alive) except -1
    cdef int complete(self, bint parser_keeps_alive, Limits limits) except -1
    cdef int split_target(self) except -1
    cdef bytes strip_authority(self, bytes target)


cdef bint is_host(bytes host) noexcept
cdef bint is_escape(const unsigned char* text, Py_ssize_t size) noexcept
