# The states of a connection: whom do we wait for?
# Not the waiting itself (clock.pyx) nor the moves (protocol.pyx, connection.pyx); everybody below reads it.
#
# A connection has a deadline only while it waits for the peer; while the app works it has none. The limit of a state is
# looked up in the clock's table (clock.pyx), never stored with the connection. What a state means for a connection is
# asked with the functions below, so that the order says nothing. docs/ARCHITECTURE.md tells what comes of each limit;
# state.pyx lists the moves.

cpdef enum State:
    CLOSED               # nobody
    HEAD                 # the peer, to send a complete request head
    IDLE                 # the peer, to send the first byte of the next request
    RESPOND              # the app
    BODY                 # the peer, to send body bytes that the app awaits
    SEND                 # the peer, to read what we wrote
    DRAIN                # the peer, to send what is still on its way: nothing is owed, and a close would be a reset
    CLOSE                # our last bytes to leave, and the peer's end
    # Of a WebSocket:
    OPEN                 # the peer, to send or not: a Ping looks after it
    PONG                 # the peer, to answer a Ping, or to send anything else
    CLOSING              # the peer, to answer our Close
    # No connection's own:
    GRACE                # an app whose client has gone, to end by itself (grace.pyx)
    WATCH                # a peer that the loop does not listen to, to reset or end; beside a connection's
    HOLD                 # an app, to send the body that belongs to a head; beside a connection's (cycle.pyx)

cdef enum:
    STATES = HOLD + 1    # so many

cdef tuple NAMES         # of the states, in their order


cdef inline bint is_owed(State state) noexcept:
    """Is something owed to the peer: an answer, or the rest of one?"""
    return state == RESPOND or state == BODY or state == SEND


cdef inline bint may_lag(State state) noexcept:
    """Does a peer that does not take what we write make the state SEND?"""
    return state == RESPOND or state == OPEN or state == PONG


cdef inline bint is_ending(State state) noexcept:
    """Does what still comes serve nothing but an orderly end? (DRAIN may be followed by the next request.)"""
    return state == DRAIN or state == CLOSE


cdef inline bint is_of_connection(State state) noexcept:
    """Is it a connection's own, which has begun and not ended?"""
    return state != CLOSED and state != GRACE and state != WATCH and state != HOLD


cdef bint is_move(State before, State after) noexcept
