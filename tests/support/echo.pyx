# A protocol beside HTTP/1.1: it sends back what comes. What WebSocket and HTTP/2 need of a connection, in small.
# Compiled by compiled.py.

from fastsrv_ext.context cimport Context
from fastsrv_ext.counters cimport KEEPALIVE, PEER_ENDED
from fastsrv_ext.state cimport CLOSE, IDLE, RESPOND, SEND, is_ending
from fastsrv_ext.wire.connection cimport Connection


cdef class Echo(Connection):
    cdef bint peer_has_ended

    def __init__(self, Context context not None):
        self.share(context)

    cdef int taken_over(self, bytes unread) except -1:
        if unread:
            self.data_received(unread)
        return self.advance()

    def data_received(self, bytes data not None):
        if is_ending(self.state):
            self.discard(len(data))
            return
        if self.state == IDLE:
            self.enter(RESPOND)
        self.write(data)
        self.advance()

    cdef bint has_enough(self) noexcept:
        return self.state == SEND

    cdef int advance(self) except -1:
        if self.state == RESPOND and self.peer_has_ended:
            self.enter(CLOSE)
            self.hang_up()
        elif self.state == RESPOND:
            self.enter(IDLE)
        return self.throttle()

    cdef int expired(self) except -1:
        if self.state != IDLE:
            return Connection.expired(self)
        self.context.counters.now.expired[<int>self.state] += 1
        self.ends(self.context.drains_for if self.context.draining else KEEPALIVE)
        return self.close(False)

    def eof_received(self):
        self.ends(PEER_ENDED)
        self.peer_has_ended = True
        if self.state == SEND:
            return True
        self.enter(CLOSE)
        return False


def accept(connection, cycle):
    """For Context.upgrades."""
    return not connection.context.draining and connection.switch(cycle, Echo(connection.context), [(b"upgrade", b"echo")])


def decline(connection, cycle):
    return False
