# Has this worker clearly more connections than another? Knows no board, but the memory of some slots of it.

cdef enum:
    MAX_PEERS = 16       # workers that are looked at: the least of so many is close to the least of all


cdef struct Peer:
    const long long* state           # of the worker
    const long long* connected       # its connections


cdef class Share:
    cdef Peer[MAX_PEERS] peers
    cdef int count                   # of them
    cdef list memory                 # where they are
    cdef long long ready             # the state of one that takes connections

    cdef long long lowest(self) noexcept
    cpdef bint is_exceeded(self, long long connected) noexcept
