"""What all connections of a worker share.

Holds no connection and touches no transport. fastsrv/server.py makes one, gives it to each new
connection, and refreshes its Date with every tick.
"""

import sys
import time
from asyncio import BaseEventLoop
from email.utils import formatdate

from cpython.pyport cimport PY_SSIZE_T_MAX

from fastsrv_ext.budget cimport Budget
from fastsrv_ext.counters cimport WORKER_DRAINS, WORKER_EXHAUSTED


cdef class Limits:
    """What a peer has to keep to; see docs/SETTINGS.md for each one's reason.

    request_line, request_field_size, request_head, request_body: bytes; request_fields: a count;
    drain: bytes that are read and thrown away; min_rate: bytes a second. any_method: any token is a method;
    any_version: HTTP/1.2 to 1.9 are served as 1.1; refuse_underscores: a trailer with one in its name is a 400.
    """

    def __init__(
        self, *, Py_ssize_t request_line, Py_ssize_t request_fields, Py_ssize_t request_field_size,
        Py_ssize_t request_head, double min_rate, Py_ssize_t request_body=PY_SSIZE_T_MAX,
        Py_ssize_t drain=PY_SSIZE_T_MAX, bint any_method=False, bint any_version=False, bint refuse_underscores=False,
    ):
        self.request_line = request_line
        self.request_fields = request_fields
        self.request_field_size = request_field_size
        self.request_head = request_head
        self.request_body = request_body
        self.drain = drain
        self.min_rate = min_rate
        self.any_method = any_method
        self.any_version = any_version
        self.refuse_underscores = refuse_underscores


cdef class Context:
    """One a worker and scheme.

    dispatch(cycle) starts the app; gone(cycle, task) is told, once, of a client that has gone, or may have, while
    the app is at work on its answer in this task; finished(cycle) is told, once, of each request whose app was called:
    when its response is complete, or when the app ends if that was lost before; unless it is None;
    forwarded(scope, underscored) rewrites the scope of a request with fields that are a proxy's to set, or that have
    an underscore in their name, unless it is None;
    refused(client, status, reason) is told of each 4xx and 503 of ours; crowded(full) of worker_connections
    reached and of room again; exhausted() of max_requests reached.
    state: the dict that the lifespan left behind, None without a lifespan.
    keepalive: False to close after each response. announced_keepalive: seconds, told to clients; 0: they are told
    nothing. max_requests: 0 for no limit.
    max_in_flight: requests, see Counters.in_flight.
    scan_heads: False to give every head to httptools.
    counters: the worker's; None: of its own. budget: of a turn of the loop; None: as long as it is by default.
    direct: whether bytes may go past the transports: they are plain, and tell at once of what they keep.
    send_raises: whether send() raises when the client has gone (http 2.4 and later), or is silent.
    """

    def __init__(
        self, *, loop, Clock clock not None, Limits limits not None, dispatch, gone=None, finished=None,
        forwarded=None, refused=None, crowded=None, exhausted=None, str scheme="http", str root_path="",
        dict state=None, bint keepalive=True, int announced_keepalive=0, bint scan_heads=True, bint direct=False,
        Py_ssize_t max_connections, long long max_in_flight=PY_SSIZE_T_MAX, long long max_requests=0,
        Counters counters=None, Budget budget=None, bint send_raises=False,
    ):
        self.loop = loop
        self.clock = clock
        self.budget = Budget() if budget is None else budget
        self.limits = limits
        self.counters = Counters() if counters is None else counters
        self.scan_heads = scan_heads
        self.eager = sys.version_info >= (3, 12)
        # asyncio joins the parts up to 3.11; in 3.12 and 3.13 it never calls pause_writing() for them.
        self.gathers = not isinstance(loop, BaseEventLoop)
        self.direct = direct
        self.send_raises = send_raises
        self.turn = 1  # 0 is none
        self.dispatch = dispatch
        self.gone = gone
        self.finished = finished
        self.forwarded = forwarded
        self.refused = refused
        self.crowded = crowded
        self.exhausted = exhausted
        self.asgi = {"version": "3.0", "spec_version": "2.5" if send_raises else "2.3"}
        # Every key in its place: a copy of it then costs one memcpy.
        self.template = {
            "type": "http", "asgi": None, "http_version": "1.1", "server": None, "client": None,
            "scheme": scheme, "method": "GET", "root_path": root_path, "path": "", "raw_path": b"",
            "query_string": b"", "headers": None, "state": None,
        }
        self.lifespan_state = {} if state is None else state
        self.keepalive = keepalive
        self.max_connections = max_connections
        self.max_in_flight = max_in_flight
        self.requests_left = max_requests
        self.drains_for = WORKER_DRAINS
        self.server_field = b"server: fastsrv\r\n"
        if announced_keepalive:
            # RFC 2068, 19.7.1.1; RFC 9110, 7.6.1: what belongs to the connection is named in Connection.
            self.keep_alive_fields = b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % announced_keepalive
        self.refresh_date()

    def refresh_date(self):
        """Write the Date field anew (RFC 9110, 6.6.1)."""
        self.date_field = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode("ascii")
        self.default_fields = self.date_field + self.server_field

    cdef tuple one_server(self, tuple server):
        """One object for equal addresses: 160 bytes less for each idle connection. The last one stands in the template,
        where a scope leaves it if it is its own."""
        if server != self.server:
            self.server = self.template["server"] = server
        return self.server

    cdef long long this_turn(self) except -1:
        """A number that the loop's next turn changes: who asks twice, and gets the same, has not waited in between."""
        if not self.turn_ends:
            self.turn_ends = True
            self.loop.call_soon(self.next_turn)
        return self.turn

    def next_turn(self):
        """Called by the loop."""
        self.turn += 1
        self.turn_ends = False

    cdef int connection_opened(self) except -1:
        self.counters.opened += 1
        self.connections += 1
        if self.connections == self.max_connections and self.crowded is not None:
            self.crowded(True)
        return 0

    cdef int connection_closed(self, Ending ending) except -1:
        self.counters.closed[<int>ending] += 1
        self.connections -= 1
        if self.connections == self.max_connections - 1 and self.crowded is not None:
            self.crowded(False)
        return 0

    cdef int request_started(self) except -1:
        self.counters.requests += 1
        if self.requests_left > 0:
            self.requests_left -= 1
            if self.requests_left == 0 and self.exhausted is not None:
                if not self.draining:
                    self.drains_for = WORKER_EXHAUSTED
                self.exhausted()
        return 0
