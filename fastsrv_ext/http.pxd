# The HTTP/1.1 protocol class: asyncio's callbacks, the parser's callbacks, every change of state.
# Alone touches a transport. fastsrv/server.py gives it to loop.create_server().

from fastsrv_ext.cycle cimport Connection, Cycle
from fastsrv_ext.request cimport RequestHead


cdef enum Input:
    # What the next byte belongs to.
    BETWEEN              # no message yet
    IN_HEAD
    IN_BODY
    PRIMING              # a new parser is being led past a head that has been read
    ENDED                # the peer has said that no request follows; what comes is discarded
    REFUSED              # we act upon nothing more; what comes is discarded


cdef class HTTP(Connection):
    # the peer
    cdef object transport            # None before connection_made and after connection_lost
    cdef tuple client                # (host, port) or None
    cdef tuple server                # (host, port) or (path, None)

    # what comes in
    cdef object parser               # httptools.HttpRequestParser, None until the first byte
    cdef Input input
    cdef bint throttled              # reading is paused
    cdef RequestHead head            # being read
    cdef Cycle reading               # whose body is being read
    cdef long long body_left         # bytes of its Content-Length
    cdef Py_ssize_t excess           # bytes of an unfinished head, or around the chunks of a body
    cdef Py_ssize_t drained          # bytes thrown away
    cdef bytes unread                # not parsed yet: enough has been read ahead

    # what is in hand, in order
    cdef Cycle cycle                 # being answered
    cdef list pipeline               # cycles that wait for their turn
    cdef object refusal              # BadRequest to be answered when their turn is over
    cdef bint advancing              # advance() is at work further up the stack

    # what goes out
    cdef list corked                 # answers that leave in one write, or None
    cdef Py_ssize_t corked_size
    cdef list laggards               # futures of parked send() calls
    cdef Py_ssize_t backlog          # bytes handed to the transport that the peer has to read

    cdef int read(self, bytes data) except -1
    cdef int parse(self, object data) except -1
    cdef int spend(self, Py_ssize_t size) except -1
    cdef int pass_refused_upgrade(self) except -1
    cdef int discard(self, Py_ssize_t size) except -1
    cdef int advance(self) except -1
    cdef int start(self, Cycle cycle) except -1
    cdef int rest(self) except -1
    cdef int refuse(self, object refusal) except -1
    cdef int answer_refusal(self) except -1
    cdef int flush(self) except -1
    cdef bint is_crowded(self) noexcept
    cdef bint is_worth_draining(self, Cycle cycle) noexcept
    cdef int throttle(self) except -1
    cdef int judge_laggard(self) except -1
    cdef int stop_waiting_for_body(self) except -1
    cdef int wake_laggards(self) except -1
    cdef int drain(self) except -1
    cdef int close(self) except -1
    cdef int half_close(self) except -1
    cdef bint has_unread_bytes(self) except -1
