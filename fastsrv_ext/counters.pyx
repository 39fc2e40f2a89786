"""What happens to connections and requests: counts, and how long it takes: histograms.

Decides nothing and knows no connection. One a worker process, made by fastsrv/server.py and shared by the
connections through their Context; snapshot() and read() are for whoever shows it.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcpy, memset

from fastsrv_ext.state cimport NAMES, RESPOND, State, is_of_connection

SIZE = sizeof(Numbers)  # bytes

# What a request is refused for (BadRequest.kind), and the setting that decides it: None where the standards do, or a
# bound of ours that has none.
KINDS = {
    "syntax": None, "method": None, "target": None, "version": None, "host": None, "transfer_encoding": None,
    "content_length": None, "content_type": None, "authorization": None, "expect": None, "trailer": None,
    "websocket": None, "websocket_version": None, "chunk_excess": None,
    "underscore": "header_map",
    "forwarded": "fastsrv_forwarded_fields",
    "proxy_protocol": "proxy_protocol",
    "line_size": "limit_request_line",
    "field_size": "limit_request_field_size",
    "fields": "limit_request_fields",
    "head_size": "fastsrv_limit_request_head",
    "body_size": "fastsrv_limit_request_body",
    "concurrency": "fastsrv_limit_concurrency",
    "header_timeout": "fastsrv_header_timeout",
    "body_timeout": "fastsrv_body_timeout",
    "body_rate": "fastsrv_min_rate",
    "other": None,  # what stands here under no name
}
# Those that end a connection for the reason of their name; the others end it for BAD_REQUEST.
cdef frozenset APART = frozenset(("header_timeout", "body_timeout", "body_rate", "concurrency"))
# What WebSockets are closed with: 3000 stands for all up to 3999, 4000 for all up to 4999.
CLOSE_CODES = (*range(1000, 1016), 3000, 4000)
cdef dict KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
cdef tuple COUNT_NAMES = tuple(map(str.lower, Count.__members__))
ENDING_NAMES = (None, *map(str.lower, list(Ending.__members__)[1:]))  # by Ending
cdef tuple CLASS_NAMES = ("other", "1xx", "2xx", "3xx", "4xx", "5xx")
# The upper ends of a histogram's buckets but the last, which has none: seconds.
BOUNDS = tuple(2**bits / 1e4 for bits in range(BUCKETS - 1))

assert len(KINDS) <= REFUSALS and len(CLOSE_CODES) == CODES and len(CLASS_NAMES) == CLASSES


cdef class Counters:
    """memory: a writable buffer of SIZE bytes, aligned to 8, where it goes on from the sums that stand there, while the
    gauges begin anew; by default one of its own. Nobody else may write there. Raises ValueError if it is too small."""

    def __cinit__(self, memory=None):
        self.memory = bytearray(SIZE) if memory is None else memory
        self.now = <Numbers*>address_of(self.memory, SIZE, PyBUF_WRITABLE)
        clear_gauges(self.memory)
        memcpy(&self.before, self.now, SIZE)

    cdef Ending refuse(self, str kind) except PERSISTS:
        """Count a refusal. Returns what it ends the connection for."""
        self.now.refused[<int>KIND_NUMBERS.get(kind, len(KINDS) - 1)] += 1
        return <Ending><int>Ending.__members__[kind.upper()] if kind in APART else BAD_REQUEST

    def count(self, str name not None):
        """The number that snapshot() has by this name, of those that are one: "requests"."""
        cdef int row = COUNT_NAMES.index(name)
        return self.now.counts[row] - self.before.counts[row]

    cdef int close(self, int code) except -1:
        """Count the end of a WebSocket."""
        self.now.close_codes[<int>CLOSE_CODES.index(code if code < 3000 else code // 1000 * 1000)] += 1
        return 0

    def tick_was_late(self, double seconds):
        """By so much."""
        observe(&self.now.lags, max(0.0, seconds))  # the loop counts in whole milliseconds

    def note_states(self, dict census not None):
        """Clock.census() of now."""
        for i, name in enumerate(NAMES):
            self.now.states[<int>i] = census.get(name, 0)

    def snapshot(self):
        """The counts since the worker began, as a new dict:

        {"connected": 1, "in_flight": 1, "opened": 3, "requests": 7, "responses": 6, ..., "states": {"HEAD": 0, ...},
        "connections": {"keepalive": 2, ...}, "expired": {"IDLE": 2, ...}, "refused": {"host": 1},
        "close_codes": {1000: 1}, "statuses": {"2xx": 6, ...},
        "durations": {"count": 6, "sum": 0.025, "buckets": [4, 2, 0, ...]}, ...}

        connected: connections. in_flight: requests whose app is at work now, until its response is complete or, where
        its client has gone, until the app has sent the last of it to nobody, or ends. opened: connections. requests:
        whose app was called. responses: complete ones. states: connections by state, when note_states() was last
        called. connections: closed ones, by the reason of their end; each
        reason is there. expired: limits of time that were acted upon, by state. refused: requests that were refused, by
        kind (BadRequest.kind, or "other"); a kind is there once it has occurred. close_codes: WebSockets that have
        ended, by code; 3000 stands for all up to 3999, 4000 for all up to 4999. statuses: answers, also those without
        the app, by the class of their status; each class is there. durations, first_bytes, lags: histograms, in
        seconds; BOUNDS are the upper ends of all buckets but the last. docs/COUNTERS.md tells the rest.
        """
        cdef Numbers since
        cdef Py_ssize_t i
        for i in range(<Py_ssize_t>(SIZE // sizeof(long long))):
            (<long long*>&since)[i] = (<long long*>self.now)[i] - (<long long*>&self.before)[i]
        return told(&since)


def read(*memories):
    """What stands in `memories`, which may be other workers', as Counters.snapshot() has it: sums over all that
    have counted there. Raises ValueError for less than SIZE bytes."""
    cdef Numbers total
    cdef Numbers* numbers
    cdef Py_ssize_t i
    memset(&total, 0, sizeof(Numbers))
    for memory in memories:
        numbers = <Numbers*>address_of(memory, SIZE, PyBUF_SIMPLE)
        for i in range(<Py_ssize_t>(SIZE // sizeof(long long))):
            (<long long*>&total)[i] += (<long long*>numbers)[i]
    return told(&total)


def clear_gauges(memory):
    """Whoever has counted there is dead, and with it what there was at the moment. Raises ValueError as read()."""
    cdef Numbers* numbers = <Numbers*>address_of(memory, SIZE, PyBUF_WRITABLE)
    memset(numbers.counts, 0, GAUGES * sizeof(long long))
    memset(numbers.states, 0, sizeof(numbers.states))


cdef void* address_of(object memory, Py_ssize_t size, int how) except NULL:
    """Where `memory`, a buffer of at least so many bytes, lies. Whoever asks holds it for as long as that is used. how:
    PyBUF_SIMPLE to read, PyBUF_WRITABLE."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(memory, &buffer, how)
    try:
        if buffer.len < size:
            raise ValueError(f"{size} bytes are needed, not {buffer.len}")
        return buffer.buf
    finally:
        PyBuffer_Release(&buffer)


cdef dict told(Numbers* numbers):
    cdef int i
    shot = {name: numbers.counts[i] for i, name in enumerate(COUNT_NAMES)}
    shot["states"] = {name: numbers.states[i] for i, name in enumerate(NAMES) if is_of_connection(<State>i)}
    shot["connections"] = {name: numbers.closed[i] for i, name in enumerate(ENDING_NAMES) if name is not None}
    shot["expired"] = {
        name: numbers.expired[i] for i, name in enumerate(NAMES) if is_of_connection(<State>i) and i != RESPOND}
    shot["refused"] = {name: numbers.refused[i] for i, name in enumerate(KINDS) if numbers.refused[i]}
    shot["close_codes"] = {code: numbers.close_codes[i] for i, code in enumerate(CLOSE_CODES) if numbers.close_codes[i]}
    shot["statuses"] = {name: numbers.statuses[i] for i, name in enumerate(CLASS_NAMES)}
    shot["durations"] = histogram(&numbers.durations)
    shot["first_bytes"] = histogram(&numbers.first_bytes)
    shot["lags"] = histogram(&numbers.lags)
    return shot


cdef dict histogram(Histogram* counted):
    buckets = [counted.buckets[i] for i in range(BUCKETS)]
    return {"count": sum(buckets), "sum": counted.sum * 1e-9, "buckets": buckets}
