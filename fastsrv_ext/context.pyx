"""What all connections of a worker share.

Holds no connection and touches no transport. fastsrv/server.py makes one, gives it to each new
connection, and refreshes the Date of its responses with every tick.
"""

import sys
import time
from asyncio import BaseEventLoop
from email.utils import formatdate
from types import GetSetDescriptorType

from fastsrv_ext.budget cimport Budget
from fastsrv_ext.counters cimport CONNECTED, MAX_REQUESTS, OPENED, REQUESTS, WORKER_DRAINS
from fastsrv_ext.share cimport Share


cdef class Settings:
    """values: of all of its attributes, by their names (TypeError otherwise)."""

    def __init__(self, **values):
        names = {name for name, kind in vars(type(self)).items() if isinstance(kind, GetSetDescriptorType)}
        wrong = values.keys() ^ names
        if wrong:
            raise TypeError(f"{type(self).__name__}: missing or unknown: {', '.join(sorted(wrong))}")
        for name, value in values.items():
            setattr(self, name, value)


cdef class Limits(Settings):
    """What a peer has to keep to; docs/SETTINGS.md has each one's reason."""


cdef class Service(Settings):
    """How much is served, for how long, and how."""


cdef class Callbacks:
    """dispatch(call) starts the app; gone(call, task) is told, once, of a client that has gone, or may have, while
    the app is at work for it in this task; finished(call) is told, once, of each call of the app: when its response is
    complete, or when the app ends if that was lost before; unless it is None;
    forwarded(scope, underscored) rewrites the scope of a request with fields that are a proxy's to set, or that have
    an underscore in their name, unless it is None;
    identify(call) gives a request its id, once its scope is made, unless it is None;
    unserved(call) is told of each request that was answered by a 4xx or 503 of ours before its app was called, unless
    it is None: what is not known of it is "-"; warn(kind, message, *args) has a line for the log, of which a peer may
    cause any number; crowded(full) is told of worker_connections reached and of room again; ahead() of a
    new connection with which this worker has clearly more of them than another; exhausted() of max_requests reached.
    """

    def __init__(
        self, *, dispatch, gone=None, finished=None, unserved=None, forwarded=None, identify=None, warn=None,
        crowded=None, ahead=None, exhausted=None,
    ):
        self.dispatch = dispatch
        self.gone = gone
        self.finished = finished
        self.forwarded = forwarded
        self.identify = identify
        self.unserved = unserved
        self.warn = warn
        self.crowded = crowded
        self.ahead = ahead
        self.exhausted = exhausted


cdef class CommonScope:
    """What the scopes of a worker have in common.

    state: the dict that the lifespan left behind, None without a lifespan.
    send_after_disconnect: "raise", if send() is to raise when the client has gone (http 2.4 and later), or "ignore".
    root_path: "", or one that begins with a slash and ends with none. add_root_path: when it is put before a request's
    path: "missing", where the path does not begin with it; "always"; "never".
    tls: whether connections are TLS objects.
    """

    def __init__(
        self, *, str scheme="http", str root_path="", dict state=None, str send_after_disconnect="ignore",
        str add_root_path="missing", bint tls=False,
    ):
        self.tells_of_tls = tls
        self.send_raises = send_after_disconnect == "raise"
        self.asgi = {"version": "3.0", "spec_version": "2.5" if self.send_raises else "2.3"}
        self.is_mounted = bool(root_path)
        self.add_root_path = add_root_path
        # Every key in its place: a copy of it then costs one memcpy.
        self.template = {
            "type": "http", "asgi": None, "http_version": "1.1", "server": None, "client": None,
            "scheme": scheme, "method": "GET", "root_path": root_path, "path": "", "raw_path": b"",
            "query_string": b"", "headers": None, "state": None,
        }
        self.state = {} if state is None else state


cdef class CommonResponse:
    """What the responses of a worker have in common.

    keepalive: seconds that an idle connection is kept. keep_alive_header: whether clients are told of them.
    """

    def __init__(self, *, double keepalive=0, bint keep_alive_header=False):
        cdef long long told = <long long>keepalive
        self.server_field = b"server: fastsrv\r\n"
        if keep_alive_header and told > 0:
            # RFC 2068, 19.7.1.1; RFC 9110, 7.6.1: what belongs to the connection is named in Connection.
            self.keep_alive_fields = b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % told
        self.refresh_date()

    def refresh_date(self):
        """Write the Date field anew (RFC 9110, 6.6.1)."""
        self.date_field = f"date: {formatdate(time.time(), usegmt=True)}\r\n".encode("ascii")
        self.default_fields = self.date_field + self.server_field


cdef class Context:
    """One a worker and scheme.

    direct: whether bytes may go past the loop's transports: they are plain, and tell at once of what they keep.
    share: None where no other worker is.
    upgrades, alpn: other protocols, by the names that a request's Upgrade field, or TLS, has for them.
    budget: of a turn of the loop; None: as long as it is by default. counters: the worker's; None: of its own.
    """

    def __init__(
        self, *, loop, Clock clock not None, Callbacks callbacks not None, Limits limits not None,
        Service service not None, CommonScope scope not None, CommonResponse response not None,
        bint direct=False, Budget budget=None, Counters counters=None, Share share=None, dict upgrades=None,
        dict alpn=None,
    ):
        self.loop = loop
        self.eager = sys.version_info >= (3, 12)
        # asyncio joins the parts up to 3.11; in 3.12 and 3.13 it never calls pause_writing() for them.
        self.gathers = not isinstance(loop, BaseEventLoop)
        self.direct = direct
        self.clock = clock
        self.budget = Budget() if budget is None else budget
        self.counters = Counters() if counters is None else counters
        self.share = share
        self.limits = limits
        self.response = response
        self.callbacks = callbacks
        self.service = service
        self.scope = scope
        self.upgrades = {} if upgrades is None else upgrades.copy()
        self.alpn = {} if alpn is None else alpn.copy()
        self.requests_left = service.max_requests
        self.drains_for = WORKER_DRAINS

    @property
    def connections(self):
        """How many there are."""
        return self.counters.now.counts[<int>CONNECTED]

    cdef tuple one_server(self, tuple server):
        """One object for equal addresses: 160 bytes less for each idle connection. The last one stands in the scopes'
        template, where a scope leaves it if it is its own."""
        if server != self.server:
            self.server = self.scope.template["server"] = server
        return self.server

    cdef int connection_opened(self) except -1:
        self.counters.now.counts[<int>OPENED] += 1
        self.budget.has_accepted = True
        self.counters.now.counts[<int>CONNECTED] += 1
        cdef long long connected = self.counters.now.counts[<int>CONNECTED]
        if connected == self.service.max_connections and self.callbacks.crowded is not None:
            self.callbacks.crowded(True)
        if self.share is not None and self.share.is_exceeded(connected):
            self.callbacks.ahead()
        return 0

    cdef int connection_closed(self, Ending ending) except -1:
        self.counters.now.closed[<int>ending] += 1
        self.counters.now.counts[<int>CONNECTED] -= 1
        if self.counters.now.counts[<int>CONNECTED] == self.service.max_connections - 1 and (
            self.callbacks.crowded is not None
        ):
            self.callbacks.crowded(False)
        return 0

    cdef int request_started(self) except -1:
        self.counters.now.counts[<int>REQUESTS] += 1
        if self.requests_left > 0:
            self.requests_left -= 1
            if self.requests_left == 0 and self.callbacks.exhausted is not None:
                if not self.draining:
                    self.drains_for = MAX_REQUESTS
                self.callbacks.exhausted()
        return 0

    cdef object upgrade_of(self, bytes names):
        """What takes a request for one of `names` (the value of Upgrade fields), the client's favourite first; None."""
        for name in names.lower().split(b","):
            accepts = self.upgrades.get(name.strip(b" \t"))
            if accepts is not None:
                return accepts
        return None
