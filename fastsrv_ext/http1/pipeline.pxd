# Requests get their turn: one cycle at a time is in hand, in the order in which they came.
# Half of the protocol class; protocol.pyx is the other.

from fastsrv_ext.http1.cycle cimport Carrier, Cycle
from fastsrv_ext.http1.reader cimport Reader


cdef class Pipeline(Carrier):
    cdef Reader reader

    # what is in hand, before what the reader has read
    cdef Cycle cycle                 # being answered
    cdef object refusal              # BadRequest to be answered when their turn is over
    cdef double corked_since         # the time; 0 where answers do not wait for those of the loop's next turn
    cdef bint advancing              # advance() is at work further up the stack
    cdef int left_at_work            # apps that go on though their answers can take no more

    cdef int start(self, Cycle cycle) except -1
    cdef object describe_in_scope(self, Cycle cycle)
    cdef object forward(self, Cycle cycle)
    cdef int tell_of_tls(self, dict scope) except -1
    cdef int serve(self, Cycle cycle) except -1
    cdef bint takes_a_switch(self, Cycle cycle) except -1
    cdef int respond(self) except -1
    cdef int rest(self) except -1
    cdef int drain(self) except -1
    cdef int finish(self) except -1
    cdef int refuse_body(self, Cycle cycle, object refusal) except -1
    cdef int refuse_cycle(self, Cycle cycle, object refusal) except -1
    cdef int count_refusal(self, object refusal) except -1
    cdef str describe_client(self, Cycle cycle)
    cdef int answer_refusal(self) except -1
    cdef int cut_off(self, Cycle cycle) except -1
    cdef int act_no_more(self) except -1
    cdef bint is_worth_draining(self, Cycle cycle) noexcept
