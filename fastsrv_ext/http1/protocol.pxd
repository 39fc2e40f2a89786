# The HTTP/1.1 protocol class: asyncio's callbacks, and what is in hand.
# fastsrv/server.py makes one for each connection that it accepts.

from fastsrv_ext.http1.cycle cimport Carrier, Cycle
from fastsrv_ext.http1.reader cimport Reader


cdef class HTTP1(Carrier):
    cdef Reader reader

    # what is in hand, before the pipeline
    cdef Cycle cycle                 # being answered
    cdef object refusal              # BadRequest to be answered when their turn is over
    cdef bint advancing              # advance() is at work further up the stack
    cdef double corked_since         # the time; 0 where answers do not wait for those of the loop's next turn
    cdef int left_at_work            # apps that go on though their answers can take no more
    cdef long long seen              # bytes received of the body in hand when the peer's end was last seen behind it

    cdef int start(self, Cycle cycle) except -1
    cdef int respond(self) except -1
    cdef int refuse_late(self, str reason, str kind) except -1
    cdef int refuse_body(self, Cycle cycle, object refusal) except -1
    cdef int refuse_cycle(self, Cycle cycle, object refusal) except -1
    cdef int rest(self) except -1
    cdef int drain(self) except -1
    cdef int finish(self) except -1
    cdef int count_refusal(self, object refusal) except -1
    cdef int answer_refusal(self) except -1
    cdef int cut_off(self, Cycle cycle) except -1
    cdef int act_no_more(self) except -1
    cdef bint is_worth_draining(self, Cycle cycle) noexcept
    cdef int judge_pace(self, Cycle cycle) except -1
