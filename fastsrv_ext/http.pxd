# The HTTP/1.1 protocol class: asyncio's callbacks and every change of state.
# Alone touches a transport. fastsrv/server.py gives it to loop.create_server().

from fastsrv_ext.cycle cimport Cycle
from fastsrv_ext.reader cimport Reader


cdef class HTTP(Reader):
    # the peer
    cdef object transport            # None before connection_made and after connection_lost
    cdef tuple client                # (host, port) or None
    cdef tuple server                # (host, port) or (path, None)

    cdef bint throttled              # reading is paused
    cdef Py_ssize_t drained          # bytes that came and were thrown away

    # what is in hand, before the pipeline
    cdef Cycle cycle                 # being answered
    cdef object refusal              # BadRequest to be answered when their turn is over
    cdef bint advancing              # advance() is at work further up the stack
    cdef object turn                 # asyncio.Handle: advance() comes with it; None

    # what goes out
    cdef list corked                 # answers that leave in one write, or None
    cdef Py_ssize_t corked_size
    cdef list laggards               # futures of parked send() calls
    cdef Py_ssize_t backlog          # bytes handed to the transport that the peer has to read

    cdef int discard(self, Py_ssize_t size) except -1
    cdef int advance(self) except -1
    cdef int advance_soon(self) except -1
    cdef int start(self, Cycle cycle) except -1
    cdef int rest(self) except -1
    cdef int answer_refusal(self) except -1
    cdef int flush(self) except -1
    cdef bint is_worth_draining(self, Cycle cycle) noexcept
    cdef int throttle(self) except -1
    cdef int judge_laggard(self) except -1
    cdef int stop_waiting_for_body(self) except -1
    cdef int wake_laggards(self) except -1
    cdef int drain(self) except -1
    cdef int close(self) except -1
    cdef int half_close(self) except -1
    cdef int reset(self) except -1
    cdef bint has_unread_bytes(self) except -1
