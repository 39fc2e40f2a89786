# A request and its response on an HTTP/1.1 connection: the framing (RFC 9112).
# Touches no transport: it asks its Carrier, which pipeline.pyx and protocol.pyx are.

from fastsrv_ext.asgi.exchange cimport UNCOUNTED, Exchange
from fastsrv_ext.counters cimport Ending
from fastsrv_ext.http.request cimport RequestHead
from fastsrv_ext.wire.connection cimport Connection


cdef class Carrier(Connection):
    """The connection, as far as its parts know it."""
    # what a cycle asks for
    cdef int await_body(self, Cycle cycle) except -1                # the app waits for body bytes
    cdef int await_body_no_more(self, Cycle cycle) except -1
    cdef int body_taken(self) except -1                             # there is room for more
    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept   # why no other request may follow, or PERSISTS
    cdef int response_complete(self, Cycle cycle) except -1
    cdef int response_broken_off(self, Cycle cycle) except -1       # close: the rest of it never comes
    cdef int app_ended(self) except -1                              # one that went on behind an answer that was full

    # what the reader has found
    cdef int refuse(self, object refusal) except -1                 # BadRequest: what was read is no request
    cdef int body_came(self, Cycle cycle, Py_ssize_t size) except -1
    cdef int message_ended(self) except -1


cdef class Cycle(Exchange):
    cdef Cycle following             # the next one in its connection's pipeline
    cdef long long waited            # ticks that the app has waited for the request's body
    cdef long long heard             # so many it had waited when the last piece came
    cdef long long seen              # bytes of it when the peer's end was last seen behind it, or NOT_SEEN
    cdef Carrier left                # its connection, if it served others since the answer could take no more; None

    cdef inline bint is_until_close(self) noexcept:
        """Does only our close tell where the response's body ends?"""
        return self.content == UNCOUNTED and self.head.is_http_10

    cdef bytes choose_framing(self, Py_ssize_t size, bint final)
    cdef int write_framed(self, bytes before, bytes data, bint final) except -1
    cdef bytes lines_of_ours(self, list fields)


cdef Cycle new_cycle(Carrier carrier, RequestHead head)
