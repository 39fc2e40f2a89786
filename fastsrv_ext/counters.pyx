"""Why connections end and why requests are refused: counts.

Decides nothing and knows no connection. One a worker process, made by fastsrv/server.py and shared by the
connections through their Context; snapshot() is for whoever shows it.
"""

from fastsrv_ext.state cimport NAMES, RESPOND, State, is_of_connection

# Refusals (BadRequest.kind) that end a connection for the reason of their name; the others for BAD_REQUEST.
cdef frozenset APART = frozenset(("header_timeout", "body_timeout", "body_rate", "concurrency"))
cdef tuple COUNT_NAMES = tuple(map(str.lower, Count.__members__))


cdef class Counters:

    def __cinit__(self):
        self.refused = {}
        self.close_codes = {}

    cdef Ending refuse(self, str kind) except PERSISTS:
        """Count a refusal. Returns what it ends the connection for."""
        self.refused[kind] = self.refused.get(kind, 0) + 1
        return <Ending><int>Ending.__members__[kind.upper()] if kind in APART else BAD_REQUEST

    def count(self, str name not None):
        """The number that snapshot() has by this name, of those that are one: "requests"."""
        return self.counts[<int>COUNT_NAMES.index(name)]

    cdef int close(self, int code) except -1:
        """Count the end of a WebSocket."""
        self.close_codes[code] = self.close_codes.get(code, 0) + 1
        return 0

    def snapshot(self):
        """The counts since the worker began, as a new dict:

        {"opened": 3, "requests": 7, "responses": 6, "in_flight": 1, ..., "connections": {"keepalive": 2, ...},
        "expired": {"IDLE": 2, ...}, "refused": {"host": 1}, "close_codes": {1000: 1}}

        opened: connections. requests: whose app was called. responses: complete ones. in_flight: those whose app is at
        work now, until its response is complete or, where its client has gone, until the app has sent the last of it to
        nobody, or ends. connections: closed ones, by the reason of their end; each reason is there. expired: limits of
        time that were acted upon, by state. refused: requests that were refused, by kind (BadRequest.kind); a kind is
        there once it has occurred. close_codes: WebSockets that have ended, by code. docs/COUNTERS.md tells the rest.
        """
        cdef int i
        shot = {name: self.counts[i] for i, name in enumerate(COUNT_NAMES)}
        shot["connections"] = {
            name.lower(): self.closed[i] for i, name in enumerate(Ending.__members__) if i != PERSISTS
        }
        shot["expired"] = {
            name: self.expired[i] for i, name in enumerate(NAMES) if is_of_connection(<State>i) and i != RESPOND
        }
        shot["refused"] = self.refused.copy()
        shot["close_codes"] = self.close_codes.copy()
        return shot
