# One request and its response: the ASGI receive() and send().
# Touches no transport: it asks its Connection, which protocol.pyx implements.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport Counters, Ending
from fastsrv_ext.http.request cimport RequestHead
from fastsrv_ext.http1.response cimport Framing, Said


cdef enum Progress:
    # How far the response has come.
    NOTHING              # no http.response.start yet
    HELD                 # started by the app, nothing on the wire
    BEGUN                # the head is on the wire
    FULL                 # all of it is that can be, and the app has not said that it has ended
    COMPLETE             # all of it is, or nobody is left to read it, and the app has said so


cdef enum Peer:
    THERE                # it may send and read
    HALF_CLOSED          # it sends no more, and reads the answer
    FINISHED             # it sends no more: it has half-closed, or has gone
    GONE                 # it cannot be reached


cdef enum:
    CLIENT_CLOSED_REQUEST = 499  # no standard's status but nginx's: of an answer that nobody was there to get


cdef class Connection(Timed):
    """What a cycle may ask of its connection."""
    cdef readonly Context context

    cdef int write(self, bytes data) except -1
    cdef int write_parts(self, list parts) except -1
    cdef bint lagging(self) except -1                       # must a send() wait for the peer, or for its end?
    cdef object caught_up(self)                             # a future, done when it no longer lags
    cdef int want_body(self, Cycle cycle) except -1         # the app waits for body bytes
    cdef int body_unwanted(self, Cycle cycle) except -1     # it has given up waiting
    cdef int body_taken(self, Cycle cycle) except -1        # there is room for more
    cdef Ending ends_with(self, Cycle cycle, bint final) noexcept   # why no other request may follow, or PERSISTS
    cdef int response_complete(self, Cycle cycle) except -1
    cdef int response_failed(self, Cycle cycle) except -1   # close: the rest of it never comes
    cdef int app_ended(self) except -1                      # one that has gone on behind an answer that was full


cdef class Cycle:
    cdef Context context
    cdef Connection connection       # None once the connection owes nothing to this cycle
    cdef readonly RequestHead head
    cdef readonly dict scope         # None before the start
    cdef readonly object client      # the peer: (host, port) or None
    cdef Cycle following             # the next one in its connection's pipeline
    cdef unsigned long thread        # the loop's

    # the request's body
    cdef list pieces                 # bytes received and not handed over
    cdef Py_ssize_t buffered         # their size in memory
    cdef long long received          # bytes so far
    cdef long long waited            # ticks that the app has waited for them
    cdef long long heard             # so many it had waited when the last piece came
    cdef bint body_complete          # all of it has been received
    cdef bint body_handed_over       # more_body: False has been said
    cdef list receivers              # futures of parked receive() calls

    # the response
    cdef Progress progress
    cdef Framing framing
    cdef readonly int status         # 0 before http.response.start
    cdef bytes fields                # rendered field lines
    cdef readonly object response_headers    # as the app gave them
    cdef long long length            # declared Content-Length, or NO_LENGTH
    cdef readonly long long sent     # body bytes on the wire
    cdef Hold hold                   # None, or what lets a held head leave in time
    cdef long long turn              # of the loop, in which the app was last seen to send
    cdef double turn_began           # about when: seconds of the system's monotonic clock
    cdef Py_ssize_t streak           # bytes since then; to nobody: since it has given way
    cdef bint had_turn               # which it did without a wait that could be cancelled
    cdef Ending ending               # why no other request may follow, or PERSISTS
    cdef Said said                   # by the app, in its fields

    # for the access log
    cdef readonly dict logged        # the scope as the app got it; None with the log off
    cdef double started              # seconds of the system's monotonic clock
    cdef readonly double took        # seconds from the start of the app to the end of the response, or to its loss
    cdef int unanswered              # what is told of an answer that was lost before it began: a status; 0: it was not
    cdef public object request       # None, or what gunicorn's pre_request was given, for its post_request

    cdef Peer peer
    cdef bint told                   # receive() says http.disconnect, whatever the peer is
    cdef public object task          # asyncio.Task of an app that had to wait, until its client may have gone; None
    cdef bint has_waited             # the app was not done in its first step
    cdef Counters counters           # None, or where it is in flight though its connection owes it nothing
    cdef Connection left             # that, if it is there, and served others since the answer could take no more; None

    # called by the connection
    cdef int begin(self, Connection connection, RequestHead head) except -1
    cdef int body_received(self, bytes data) except -1
    cdef int body_ended(self) except -1
    cdef int peer_is(self, Peer peer) except -1
    cdef int tell_gone(self) except -1
    cdef int lose(self, int status) except -1
    cdef int tell_finished(self) except -1

    # within
    cdef bint has_event(self) noexcept
    cdef bint has_body_event(self) noexcept
    cdef bint is_over(self) noexcept
    cdef dict next_event(self)
    cdef int wake(self) except -1
    cdef int give_up(self, object future) except -1
    cdef object send_start(self, object status, object headers)
    cdef object send_body(self, object body, object more)
    cdef object send_what_fits(self, bytes data)
    cdef object send_to_nobody(self, Py_ssize_t size, bint final)
    cdef int send_head(self) except -1
    cdef int hold_for_a_tick(self) except -1
    cdef int hold_no_more(self) except -1
    cdef bint has_had_its_turn(self, Py_ssize_t size) except -1
    cdef bint is_full(self, Py_ssize_t size) noexcept
    cdef int fill(self) except -1
    cdef void ends(self, Ending ending) noexcept
    cdef int choose_framing(self, Py_ssize_t size, bint final) except -1
    cdef int check_length(self, Py_ssize_t size, bint final) except -1
    cdef object too_long(self)
    cdef int write_first(self, bytes data, bint final) except -1
    cdef int in_flight_no_more(self) except -1
    cdef int write_framed(self, bytes before, bytes data, bint final) except -1


cdef class Hold(Timed):
    cdef Cycle cycle                 # None when its head has left
