"""Why connections end and why requests are refused: counts.

Decides nothing and knows no connection. One a worker process, made by fastsrv/server.py and shared by the
connections through their Context; snapshot() is for whoever shows it.
"""

from fastsrv_ext.state cimport NAMES, RESPOND, State, is_of_connection

# The names of `Ending`, in its order; docs/COUNTERS.md tells what each means.
cdef tuple ENDING_NAMES = (
    "persists", "keepalive", "header_timeout", "body_timeout", "body_rate", "send_timeout", "drain_timeout",
    "concurrency", "bad_request", "client_close", "app_close", "keepalive_off", "body_unread", "app_failed",
    "peer_ended", "lost", "tls_failed", "worker_drains", "max_requests", "worker_stops",
)

# Refusals (BadRequest.kind) that a connection's end is counted apart for.
cdef dict APART = {
    "header_timeout": HEAD_LATE, "body_timeout": BODY_LATE, "body_rate": BODY_SLOW, "concurrency": OVERLOADED,
}


cdef class Counters:

    def __cinit__(self):
        self.refused = {}

    cdef Ending refuse(self, object kind) except PERSISTS:
        """Count a refusal. Returns what it ends the connection for."""
        self.refused[kind] = self.refused.get(kind, 0) + 1
        return <Ending><int>APART.get(kind, BAD_REQUEST)

    def snapshot(self):
        """The counts since the worker began, as a new dict:

        {"opened": 3, "connections": {"keepalive": 2, ...}, "expired": {"IDLE": 2, ...}, "requests": 7,
        "responses": 6, "in_flight": 1, "refused": {"host": 1}}

        opened: connections. connections: closed ones, by the reason of their end; each reason is there. expired: limits
        of time that were acted upon, by state. requests: whose app was called. responses: complete ones. in_flight:
        those whose app is at work now, until its response is complete or, where its client has gone, until the app
        has sent the last of it to nobody, or ends. refused: requests that were refused, by kind (BadRequest.kind); a
        kind is there once it has occurred.
        """
        cdef int i
        return {
            "opened": self.opened,
            "connections": {name: self.closed[i] for i, name in enumerate(ENDING_NAMES) if i != PERSISTS},
            "expired": {
                name: self.expired[i] for i, name in enumerate(NAMES)
                if is_of_connection(<State>i) and i != RESPOND
            },
            "requests": self.requests,
            "responses": self.responses,
            "in_flight": self.in_flight,
            "refused": self.refused.copy(),
        }
