# The rules for a request head that the parser leaves to us. Each raises BadRequest for what breaks it.
# Knows no connection and no app; reader.pyx calls for heads that are the parser's.

from fastsrv_ext.context cimport Limits
from fastsrv_ext.http.field_names cimport Kind
from fastsrv_ext.http.request cimport RequestHead


cdef enum:
    LONGEST_LENGTH = 18          # digits of a Content-Length: they fit into 64 bits
    FIELD_OVERHEAD = 4           # bytes of a field beside name and value: ": " and CRLF
    REQUEST_LINE_OVERHEAD = 10   # bytes beside method and target: two spaces and "HTTP/1.1"

cdef struct Framing:
    # What it takes to judge a message of HTTP/1.1, and nobody asks for behind its end.
    int options                  # bits: what Connection and Transfer-Encoding fields have named
    int trailers                 # how many have come behind the body


cdef int add_field(RequestHead head, Framing* framing, bytes name, bytes value, Limits limits) except -1
cdef int note(RequestHead head, Framing* framing, Kind kind, bytes value) except -1
cdef int read_options(Framing* framing, bytes value, bint of_connection) except -1
cdef bint keeps_alive(RequestHead head, const Framing* framing) noexcept
cdef int complete(RequestHead head, const Framing* framing, bint parser_keeps_alive, Limits limits) except -1
cdef int check_trailer(RequestHead head, Framing* framing, bytes name, bytes value, Limits limits) except -1
cdef int split_target(RequestHead head) except -1
cdef bytes strip_authority(RequestHead head, bytes target)
