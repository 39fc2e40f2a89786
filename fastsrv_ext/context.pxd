# What all connections of a worker share: the only argument of a connection's constructor.
# Holds no connection and touches no transport; fastsrv/server.py makes it and refreshes it.

from fastsrv_ext.budget cimport Budget
from fastsrv_ext.clock cimport Clock
from fastsrv_ext.counters cimport Counters, Ending


cdef class Limits:
    """What a peer has to keep to: sizes in bytes, a count of fields, a rate; and what is bent for it."""
    cdef readonly Py_ssize_t request_line
    cdef readonly Py_ssize_t request_fields       # how many
    cdef readonly Py_ssize_t request_field_size
    cdef readonly Py_ssize_t request_head
    cdef readonly Py_ssize_t request_body
    cdef readonly Py_ssize_t drain
    cdef readonly double min_rate                 # bytes a second
    cdef readonly bint any_method                 # also those that the parser does not know
    cdef readonly bint any_version                # HTTP/1.2 to HTTP/1.9, too
    cdef readonly bint refuse_underscores         # in the names of trailers; of fields, see fastsrv/forwarded.py


cdef class Context:
    # the loop and the clock
    cdef readonly object loop
    cdef readonly Clock clock
    cdef readonly Budget budget
    cdef readonly Limits limits
    cdef readonly Counters counters
    cdef bint scan_heads            # plain heads need no parser (plain_head.pyx)

    cdef bint eager                 # a task runs its first step when it is made
    cdef bint gathers               # its transports' writelines() is worth calling
    cdef bint direct                # bytes may go past its transports: they tell at once of what they keep
    cdef bint send_raises           # send() raises when the client has gone

    # upward calls, plain callables
    cdef object dispatch            # (cycle) -> None: start the app
    cdef object gone                # None, or (cycle, task) -> None: its client may have gone, the app is at work
    cdef object finished            # None, or (cycle) -> None: a response is complete, or lost (access log, hooks)
    cdef object forwarded           # None, or (scope, underscored) -> None: what a proxy may say
    cdef object refused             # (client, status, reason) -> None: a request was answered by a 4xx or 503 of ours
    cdef object crowded             # (bool) -> None: worker_connections reached, or room again
    cdef object exhausted           # () -> None: max_requests reached

    # what a scope is made of
    cdef dict template              # the scope's constant keys
    cdef dict asgi                  # its "asgi", to be copied
    cdef tuple server               # the last connection's, which is everybody's on most servers
    cdef dict lifespan_state        # what the lifespan left behind

    # what a response is made of
    cdef bytes default_fields       # date and server lines
    cdef bytes date_field
    cdef bytes server_field
    cdef bytes keep_alive_fields    # None, or what tells the client how long an idle connection is kept

    # whose turn it is
    cdef long long turn             # a number for this turn of the loop; see this_turn()
    cdef bint turn_ends             # next_turn() comes with the next one

    # how long we serve
    cdef public bint draining       # no request after those in hand
    cdef public bint forked         # a child process may hold copies of its connections
    cdef bint keepalive
    cdef readonly Py_ssize_t connections
    cdef Py_ssize_t max_connections
    cdef long long max_in_flight
    cdef long long requests_left
    cdef Ending drains_for           # WORKER_DRAINS or WORKER_EXHAUSTED

    cdef tuple one_server(self, tuple server)
    cdef long long this_turn(self) except -1
    cdef int connection_opened(self) except -1
    cdef int connection_closed(self, Ending ending) except -1
    cdef int request_started(self) except -1
