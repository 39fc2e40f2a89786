# What is answered instead of what was asked for. Who finds the fault raises a BadRequest (refusal.pyx).

from fastsrv_ext.context cimport Limits

cdef object too_large(Limits limits)             # BadRequest: the whole head
cdef object body_too_large(Limits limits)        # the same: the body
