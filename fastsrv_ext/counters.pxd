# What happens to connections and requests: counts, and how long it takes: histograms.
# Decides nothing and knows no connection: protocol.pyx, connection.pyx and others say what happened.
#
# A row of one of these tables (but PERSISTS) is a counter; snapshot() calls it by its name in lower case, and
# docs/COUNTERS.md tells what it means. The numbers are 64-bit words, one beside the other, in memory that other
# processes may read at any time (fastsrv/board.py).

from fastsrv_ext.state cimport STATES


cpdef enum Count:
    # How many there are at the moment. They end with the worker.
    CONNECTED            # connections
    IN_FLIGHT            # requests whose app is at work, until its response is complete
    WEBSOCKETS_OPEN
    # How many there were.
    OPENED               # connections
    REQUESTS             # whose app was called
    RESPONSES            # that are complete
    WEBSOCKETS           # accepted
    MESSAGES_RECEIVED    # whole ones
    MESSAGE_BYTES_RECEIVED
    MESSAGES_SENT
    MESSAGE_BYTES_SENT
    BYTES_RECEIVED       # of all connections; with TLS what is within it
    BYTES_SENT

cdef enum:
    GAUGES = WEBSOCKETS_OPEN + 1       # so many, at the beginning
    COUNTS = BYTES_SENT + 1            # so many in all


cpdef enum Ending:
    # Why a connection ends, or why its last response is the last; the first reason that is found counts.
    PERSISTS             # no end in sight
    KEEPALIVE            # the limits of time, by state: IDLE
    HEADER_TIMEOUT       # HEAD
    BODY_TIMEOUT         # BODY
    BODY_RATE            # BODY, and the body came slower than the lowest rate
    SEND_TIMEOUT         # SEND
    DRAIN_TIMEOUT        # DRAIN with our side open: the rest of a body that was answered before it came
    CONCURRENCY          # more requests in flight than a worker takes
    BAD_REQUEST          # what came is no request, or breaks a rule or a limit of size
    CLIENT_CLOSE         # the request says that no other follows: Connection: close, HTTP/1.0
    APP_CLOSE            # the response does: Connection: close, or a body without a length to an HTTP/1.0 client
    KEEPALIVE_OFF        # keepalive = 0
    BODY_UNREAD          # the response came before the request's body, and the rest is not worth reading
    APP_FAILED           # answered 500, or cut off
    BAD_FRAME            # a WebSocket's peer broke a rule, or a limit of size
    PONG_TIMEOUT         # PONG
    CLOSE_TIMEOUT        # CLOSING
    PEER_ENDED           # the peer's orderly end
    LOST                 # the peer's reset, or the transport's error
    TLS_FAILED           # a handshake that failed, or bytes that are not what they should be
    WORKER_DRAINS        # the worker's graceful end
    MAX_REQUESTS         # the same, by max_requests
    WORKER_STOPS         # the worker's quick stop, or what its graceful_timeout has left

cdef enum:
    ENDINGS = WORKER_STOPS + 1   # so many


cdef enum:
    REFUSALS = 32        # room for the kinds of refused requests (KINDS in counters.pyx)
    CODES = 18           # WebSockets' close codes: 1000 to 1015 each, 3000 to 3999 and 4000 to 4999 together
    CLASSES = 6          # of statuses, by their first digit: 1 to 5, and 0 for what is none of HTTP's
    BUCKETS = 22         # of a histogram: up to 0.1 ms, 0.2, 0.4 and so on up to 105 s, and what takes longer

cdef extern from *:
    int leading_zeros "__builtin_clzll"(unsigned long long number) nogil    # of a number that is not 0


cdef struct Histogram:
    long long[BUCKETS] buckets          # how many took so long, and longer than the bucket before
    long long sum                       # nanoseconds


cdef inline void observe(Histogram* histogram, double seconds) noexcept:
    """The bucket is the number of bits of the time in tenths of a millisecond: neither a logarithm nor a search."""
    cdef unsigned long long tenths = <unsigned long long><long long>(seconds * 1e4)
    cdef int bits = 64 - leading_zeros(tenths) if tenths > 0 else 0
    histogram.buckets[bits if bits < BUCKETS else BUCKETS - 1] += 1
    histogram.sum += <long long>(seconds * 1e9)


cdef struct Numbers:
    long long[COUNTS] counts
    long long[STATES] states            # connections by State, at the last tick; they end with the worker, too
    long long[ENDINGS] closed           # connections
    long long[STATES] expired           # limits of time that were acted upon, by State
    long long[REFUSALS] refused         # requests, by BadRequest.kind
    long long[CODES] close_codes        # of WebSockets: the first that was said, by us or the peer
    long long[CLASSES] statuses         # of all answers, also of those without an app
    Histogram durations                 # from the call of the app to its complete response
    Histogram first_bytes               # to the head of the response
    Histogram lags                      # of the loop: how late each tick was


cdef class Counters:
    cdef Numbers* now
    cdef Numbers before                 # what was counted before the worker began, and no gauge
    cdef object memory                  # what holds the numbers

    cdef inline void answered(self, int status) noexcept:
        self.now.statuses[status // 100 if 100 <= status < 600 else 0] += 1

    cdef Ending refuse(self, str kind) except PERSISTS
    cdef int close(self, int code) except -1


cdef void* address_of(object memory, Py_ssize_t size, int how) except NULL
