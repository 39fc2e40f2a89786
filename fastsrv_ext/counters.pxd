# Why connections end and why requests are refused: counts.
# Decides nothing and knows no connection: protocol.pyx, connection.pyx and others say what happened.

from fastsrv_ext.state cimport STATES


cdef enum Ending:
    # Why a connection ends, or why its last response is the last; the first reason that is found counts.
    PERSISTS             # no end in sight
    KEEPALIVE_OVER       # the limits of time, by state: IDLE
    HEAD_LATE            # HEAD
    BODY_LATE            # BODY
    BODY_SLOW            # BODY, and the body came slower than the lowest rate
    READER_LATE          # SEND
    REST_LATE            # DRAIN with our side open: the rest of a body that was answered before it came
    OVERLOADED           # more requests in flight than a worker takes
    BAD_REQUEST          # what came is no request, or breaks a rule or a limit of size
    CLIENT_CLOSE         # the request says that no other follows: Connection: close, HTTP/1.0
    APP_CLOSE            # the response does: Connection: close, or a body without a length to an HTTP/1.0 client
    KEEPALIVE_OFF        # keepalive = 0
    BODY_UNREAD          # the response came before the request's body, and the rest is not worth reading
    APP_FAILED           # answered 500, or cut off
    PEER_ENDED           # the peer's orderly end
    LOST                 # the peer's reset, or the transport's error
    TLS_FAILED           # a handshake that failed, or bytes that are not what they should be
    WORKER_DRAINS        # the worker's graceful end
    WORKER_EXHAUSTED     # the same, by max_requests
    WORKER_STOPS         # the worker's quick stop, or what its graceful_timeout has left
    ENDINGS              # how many there are


cdef class Counters:
    cdef readonly long long opened           # connections
    cdef readonly long long requests         # whose app was called
    cdef readonly long long responses        # that are complete
    cdef readonly long long in_flight        # requests whose app is at work, until its response is complete
    cdef long long[ENDINGS] closed           # connections
    cdef long long[STATES] expired           # limits of time that were acted upon, by State
    cdef dict refused                        # requests, by BadRequest.kind

    cdef Ending refuse(self, object kind) except PERSISTS
