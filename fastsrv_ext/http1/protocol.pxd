# The HTTP/1.1 protocol class: asyncio's callbacks, and the limits of time.
# fastsrv/server.py makes one for each connection that it accepts.

from fastsrv_ext.http1.cycle cimport Cycle
from fastsrv_ext.http1.pipeline cimport Pipeline


cdef class HTTP1(Pipeline):
    cdef bint in_preface             # a part of what a proxy says before the first request has come, and not all

    cdef int refuse_late(self, str reason, str kind) except -1
    cdef int judge_pace(self, Cycle cycle) except -1
