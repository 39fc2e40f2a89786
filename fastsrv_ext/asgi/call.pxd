# One run of the app, from begin() to end(): what all kinds of it have in common. Knows no kind of event.

from fastsrv_ext.asgi.awaitables cimport Done, Waiter
from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport PERSISTS, Ending
from fastsrv_ext.http.request cimport RequestHead
from fastsrv_ext.wire.outlet cimport Outlet


cdef enum Peer:
    THERE                # it may send and read
    HALF_CLOSED          # it sends no more, and reads the answer
    FINISHED             # it sends no more: it has half-closed, or has gone
    GONE                 # it cannot be reached


cdef struct Streak:
    # What an app has done without a wait, as far as can be seen.
    long long turn       # of the loop, in which it was last seen
    double began         # about when: seconds of the system's monotonic clock
    Py_ssize_t size      # bytes since then; to nobody: since it has given way
    bint in_one_go       # it last gave way without a wait that could be cancelled


cdef class Call:
    cdef Context context
    cdef Outlet outlet               # None once nothing is owed to the peer
    cdef readonly dict scope         # None before the start
    cdef readonly object client      # the peer: (host, port) or None
    cdef unsigned long thread        # the loop's
    cdef public object task          # asyncio.Task of an app that had to wait, until its client may have gone; None
    cdef list receivers              # Receivings: parked receive() calls; or None
    cdef Streak streak
    cdef Peer peer
    cdef bint told                   # receive() says that the peer has gone, whatever it is
    cdef bint has_waited             # the app was not done in its first step
    cdef bint in_flight              # between begin() and end()
    cdef Call became                 # None, or what goes on with the peer in its place, and is told of it

    cdef readonly double started     # seconds of the system's monotonic clock; 0: it has not begun
    cdef Ending ending               # why no other request may follow, or its connection has ended; PERSISTS
    cdef bytes own_lines             # whole lines of ours for the head of its answer; or None

    # for the access log
    cdef readonly RequestHead head
    cdef readonly int status         # of the response: 0 before it has one
    cdef readonly object response_headers    # as the app gave them; all of an answer of ours
    cdef readonly long long sent     # body bytes on the wire
    cdef readonly dict logged        # the scope as the app got it; None with the log off
    cdef readonly long long received     # body bytes, or those of messages
    cdef readonly double took        # seconds from the start of the app to the end of its work, or to its loss
    cdef readonly double first_byte  # seconds from the start of the app to the head of its answer; 0: not yet
    cdef double lagged               # seconds for which it has waited in send() for a peer that lags
    cdef double lags_since           # of the system's monotonic clock: another such wait goes on
    cdef int lagging_senders         # send()s that wait so
    cdef public str request_id       # None, or what it goes by: fastsrv/log/identity.py
    cdef public str trace_id
    cdef public object hook_request  # None, or what gunicorn's pre_request was given, for its post_request

    cdef inline void ends(self, Ending ending) noexcept:
        """Note why no other request may follow. The first reason counts."""
        if self.ending == PERSISTS:
            self.ending = ending

    # what each kind of call makes of it
    cdef bint has_event(self) noexcept                       # for receive()
    cdef bint is_over(self) noexcept                         # does receive() say so, behind what has come?
    cdef bint has_more(self) noexcept                        # and may there be something to take each time?
    cdef dict next_event(self)
    cdef object send_event(self, dict event)                 # an awaitable
    cdef int wanted(self) except -1                          # the app waits for an event that has not come
    cdef int unwanted(self) except -1                        # it has given up waiting
    cdef int tell_finished(self) except -1
    cdef object why_not_sent(self)                           # an error; None if nobody is told that nothing can be

    # called by the connection
    cdef int begin(self) except -1
    cdef int end(self) except -1
    cdef int peer_is(self, Peer peer) except -1
    cdef int tell_gone(self) except -1

    # within
    cdef int wake(self) except -1
    cdef bint has_had_its_turn(self, Py_ssize_t size) except -1


cdef class Ready(Done):
    cdef Call call
    cdef object waiting              # None, or a Receiving: another receive() was faster


cdef class Receiving(Waiter):
    cdef Call call
