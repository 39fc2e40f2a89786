# What comes in: bytes -> a pipeline of cycles. The callback target of httptools.
# Touches no transport and starts no app; the connection (pipeline.pyx), which does, has one.

from fastsrv_ext.asgi.call cimport Peer
from fastsrv_ext.context cimport Context
from fastsrv_ext.http.request cimport RequestHead
from fastsrv_ext.http1.chunked cimport Chunks
from fastsrv_ext.http1.cycle cimport Carrier, Cycle
from fastsrv_ext.http1.rules cimport Framing


cdef enum Input:
    # What the next byte belongs to.
    BETWEEN              # no message yet
    IN_HEAD              # the parser's
    IN_BODY              # the parser's
    IN_PLAIN_BODY        # of a scanned head: `body_left` bytes that need no parser
    PRIMING              # a new parser is being led past a head that has been read
    SWITCHING            # perhaps another protocol: it is not read before the request that asks for one is answered
    ENDED                # the peer has said that no request follows; what comes is discarded
    REFUSED              # we act upon nothing more; what comes is discarded


cdef inline bint is_acted_upon(Input input) noexcept:
    """Is what comes acted upon, or discarded?"""
    return input != ENDED and input != REFUSED


cdef class Reader:
    cdef Context context
    cdef Carrier carrier             # the connection; None behind its end

    # the parser and what it is at
    cdef object parser               # httptools.HttpRequestParser, None until a head asks for it
    cdef Input input
    cdef int matched                 # bytes of CRLF CRLF that the last piece of a head ended with
    cdef bytes line                  # what has come of a request line, None without
    cdef RequestHead head            # being read
    cdef bint has_all_fields         # has its end come?
    cdef Framing framing             # what its fields have said of it, and how many trailers have come
    cdef Chunks chunks               # how far a chunked body has come
    cdef Cycle reading               # whose body is being read
    cdef long long body_left         # bytes of its Content-Length
    cdef Py_ssize_t excess           # bytes of an unfinished head, or around the chunks of a body
    cdef bytes unread                # not parsed yet, from `parsed` on: enough has been read ahead
    cdef Py_ssize_t parsed           # bytes of `unread`

    # the pipeline: cycles that wait for their turn; each knows the following one
    cdef Cycle first
    cdef Cycle last
    cdef int pipelined               # how many
    cdef int bare                    # bytes that were read at once, and carried no body

    # for the connection
    cdef bint read(self, bytes data) except -1
    cdef bint read_unread(self) except -1
    cdef int keep(self, bytes data) except -1
    cdef int stop(self) except -1
    cdef int end(self, Peer peer) except -1
    cdef int forget(self) except -1
    cdef int go_on(self) except -1
    cdef bint may_go_on(self) noexcept
    cdef Cycle dequeue(self)
    cdef Cycle refused(self)
    cdef bint is_crowded(self) noexcept

    # within
    cdef bint read_from(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t step(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t scan(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t read_body(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t begin(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t feed(self, bytes data, Py_ssize_t start) except -1
    cdef Py_ssize_t head_end(self, const unsigned char* text, Py_ssize_t size) noexcept
    cdef int head_complete(self, RequestHead head, Input body) except -1
    cdef int end_message(self) except -1
    cdef int parse(self, object data) except -1
    cdef int check_excess(self) except -1
    cdef int pass_refused_upgrade(self) except -1
    cdef int enqueue(self, Cycle cycle) except -1
    cdef int forget_last(self) except -1


cdef Reader new_reader(Carrier carrier)
