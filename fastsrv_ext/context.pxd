# What all connections of a worker share: the only argument of a connection's constructor.
# Holds no connection and touches no transport; fastsrv/server.py makes it and refreshes it.

from fastsrv_ext.budget cimport Budget
from fastsrv_ext.clock cimport Clock
from fastsrv_ext.counters cimport Counters, Ending
from fastsrv_ext.share cimport Share


cdef class Settings:
    """Attributes that are settings' values. Where each comes from: `goes` in fastsrv/config/."""


cdef class Limits(Settings):
    """What a peer has to keep to: sizes in bytes, a count of fields, a rate; and what is bent for it."""
    cdef public Py_ssize_t request_line
    cdef public Py_ssize_t request_fields         # how many
    cdef public Py_ssize_t request_field_size
    cdef public Py_ssize_t request_head
    cdef public Py_ssize_t request_body
    cdef public Py_ssize_t drain                  # what is read and thrown away
    cdef public double min_rate                   # bytes a second
    cdef public bint any_method                   # also those that the parser does not know
    cdef public bint any_version                  # HTTP/1.2 to HTTP/1.9, too, as 1.1
    cdef public bint refuse_underscores           # in the names of trailers; of fields, see fastsrv/forwarded.py


cdef class Service(Settings):
    """How much is served, for how long, and how."""
    cdef public Py_ssize_t max_connections
    cdef public long long max_in_flight           # requests, see Counters.in_flight
    cdef public long long max_requests            # 0: no limit
    cdef public bint keepalive                    # False: a connection ends with its first response
    cdef public bint scan_heads                   # plain heads need no parser (plain_head.pyx)


cdef class Callbacks:
    """Upwards, plain callables."""
    cdef object dispatch            # (call) -> None: start the app
    cdef object gone                # None, or (call, task) -> None: its client may have gone, the app is at work
    cdef object finished            # None, or (call) -> None: a response is complete, or lost (access log, hooks)
    cdef object forwarded           # None, or (scope, underscored) -> None: what a proxy may say
    cdef object identify            # None, or (call) -> None: what a request goes by
    cdef object unserved            # None, or (call) -> None: a 4xx or 503 of ours, without the app (access log)
    cdef object warn                # None, or (kind, message, *args) -> None: for the log, as fastsrv/log/seldom.py
    cdef object crowded             # (bool) -> None: worker_connections reached, or room again
    cdef object ahead               # () -> None: with a new connection this worker has clearly more than another one
    cdef object exhausted           # () -> None: max_requests reached


cdef class CommonScope:
    """What a scope is made of, and the other half of what a client's going means to send()."""
    cdef dict template              # the scope's constant keys
    cdef dict asgi                  # its "asgi", to be copied
    cdef bint is_mounted            # it has a root_path
    cdef str add_root_path          # to a path: "missing", where it does not begin with it; "always", "never"
    cdef dict state                 # what the lifespan left behind
    cdef bint send_raises           # send() raises when the client has gone
    cdef bint tells_of_tls          # each scope has the extension tls


cdef class CommonResponse:
    """What a response is made of."""
    cdef bytes default_fields       # date and server lines
    cdef bytes date_field
    cdef bytes server_field
    cdef bytes keep_alive_fields    # None, or what tells the client how long an idle connection is kept


cdef class Context:
    cdef readonly object loop
    # Five flags: three say what the loop can do, for good; the last two, what has become of the worker.
    cdef bint eager                 # a task runs its first step when it is made
    cdef bint gathers               # its transports' writelines() is worth calling
    cdef bint direct                # bytes may go past its transports: they tell at once of what they keep

    cdef readonly Clock clock
    cdef readonly Budget budget
    cdef readonly Counters counters
    cdef Share share                # None: no other worker is known
    cdef readonly Limits limits
    cdef readonly CommonResponse response
    cdef Callbacks callbacks
    cdef Service service
    cdef CommonScope scope

    cdef readonly dict upgrades     # by name, in lower case: (connection, exchange) -> bool: does it take the request?
    cdef readonly dict alpn         # by name: (context) -> Connection
    cdef list corked                # senders that keep something back until this turn of the loop is over, or None

    # how long we serve
    cdef public bint draining       # no request after those in hand
    cdef public bint forked         # a child process may hold copies of its connections
    cdef tuple server               # the last connection's, which is everybody's on most servers
    cdef long long requests_left    # 0: no limit
    cdef Ending drains_for          # WORKER_DRAINS or MAX_REQUESTS

    cdef tuple one_server(self, tuple server)
    cdef int connection_opened(self) except -1
    cdef int connection_closed(self, Ending ending) except -1
    cdef int request_started(self) except -1
    cdef object upgrade_of(self, bytes names)
