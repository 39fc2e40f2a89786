"""The moves from state to state: a table, which the debug build holds against each enter() (clock.pyx).

Moves nobody: that is for those who know why (protocol.pyx, connection.pyx ...).
tools/states_document.py makes the table of docs/ARCHITECTURE.md from it.
"""

from collections import namedtuple

# before: names of states. event: in words. after: the name of a state. how: what comes with it, in words, or "".
Move = namedtuple("Move", "before event after how", defaults=("",))

LIVE = ("HEAD", "IDLE", "RESPOND", "BODY", "SEND", "DRAIN", "CLOSE", "OPEN", "PONG", "CLOSING")

MOVES = (
    Move(("CLOSED",), "`connection_made`", "HEAD"),
    Move(("HEAD",), "the peer had reset the connection before it was accepted", "CLOSE", "reset"),
    Move(("HEAD",), "the head is complete", "RESPOND"),
    Move(("HEAD",), "the limit, and the kernel has bytes for us", "HEAD", "for a second, once"),
    Move(("HEAD",), "the limit, and what has come waits for the loop's next turn", "HEAD", "until the next tick"),
    Move(("HEAD",), "what came is no request; the limit, in the middle of a head", "RESPOND", "DRAIN behind a 4xx"),
    Move(("HEAD",), "the limit, or a second while the worker drains, and no byte came; the peer's end", "CLOSE"),
    Move(("IDLE",), "a part of a head", "HEAD"),
    Move(("IDLE",), "a complete head", "RESPOND"),
    Move(("IDLE",), "what came is no request", "RESPOND", "DRAIN behind a 4xx"),
    Move(("IDLE",), "the limit, and bytes have come: they are with us, in the kernel, or a part of a TLS record",
         "HEAD"),
    Move(("IDLE",), "the limit; the peer's end", "CLOSE"),
    Move(("RESPOND",), "`receive()` finds nothing, and the body is not complete", "BODY"),
    Move(("RESPOND",), "response complete; the next request is there, or what follows is no request (4xx)", "RESPOND"),
    Move(("RESPOND",), "response complete; a part of the next head is there", "HEAD"),
    Move(("RESPOND",), "response complete; nothing is there", "IDLE"),
    Move(("RESPOND",), "response complete before the request's body, the rest of which is worth reading", "DRAIN",
         "both sides open"),
    Move(("RESPOND",), "response complete; we end the connection", "DRAIN", "our side closed"),
    Move(("RESPOND",), "response complete; the peer has said that no request follows", "CLOSE"),
    Move(("RESPOND",), "the app failed before its head was sent: 500", "DRAIN", "our side closed"),
    Move(("RESPOND",), "the app failed later", "DRAIN", "our side closed"),
    Move(("RESPOND",), "the request's body is broken or too slow: 4xx if no head was sent, otherwise nothing", "DRAIN",
         "our side closed"),
    Move(("BODY",), "body bytes, or the body's end; the peer's end", "RESPOND"),
    Move(("BODY",), "the last waiting `receive()` is cancelled; the app is told that the worker ends", "RESPOND"),
    Move(("BODY",), "the limit, and what has come waits for the loop's next turn", "BODY", "until the next tick"),
    Move(("BODY",), "the limit: 408 if no head was sent, otherwise nothing", "RESPOND", "DRAIN behind it"),
    Move(("RESPOND", "BODY"), "an answer is cut off whose end only our close would tell", "CLOSE", "reset"),
    Move(("BODY",), "response complete, or the app failed (one task sends, another receives)", "DRAIN"),
    Move(("RESPOND", "BODY"), "`pause_writing`", "SEND"),
    Move(("SEND",), "`resume_writing`", "RESPOND",
         "on to BODY if a `receive()` waits, and on as after a response if it was complete"),
    Move(("SEND",), "the limit, and the peer has read enough, now or before", "SEND"),
    Move(("SEND",), "the limit", "CLOSE", "reset"),
    Move(("DRAIN",), "the rest of the body has come (both sides open)", "RESPOND",
         "on as after a response; SEND, if what TLS wrote by itself waits for the peer"),
    Move(("DRAIN",), "a piece is read and thrown away; the rest of the body is broken (both sides open)", "DRAIN"),
    Move(("DRAIN",), "the limit, and what has come waits for the loop's next turn", "DRAIN", "until the next tick"),
    Move(("DRAIN",), "the limit, and the peer still reads what our kernel has", "DRAIN"),
    Move(("DRAIN",), "the limit; the peer's end", "CLOSE"),
    Move(("CLOSE",), "the limit, and the peer still reads what our kernel has", "CLOSE"),
    Move(("CLOSE",), "the peer's end; the limit", "CLOSE", "reset, if it was the limit"),
    Move(("RESPOND",), "a WebSocket's handshake is answered", "OPEN"),
    Move(("OPEN",), "the limit: a Ping is sent", "PONG"),
    Move(("PONG",), "a frame has come", "OPEN"),
    Move(("PONG",), "the limit, and enough of a frame has come, or we do not read", "PONG"),
    Move(("CLOSING",), "the limit, and the peer still reads what our kernel has", "CLOSING"),
    Move(("OPEN", "PONG"), "`pause_writing`", "SEND"),
    Move(("SEND",), "`resume_writing`, of a WebSocket", "OPEN", "CLOSING, if our Close was among what was written"),
    Move(("OPEN", "PONG", "SEND"), "we send Close", "CLOSING", "not before the peer has caught up"),
    Move(("OPEN", "PONG", "SEND", "CLOSING"), "the end of a WebSocket's peer", "CLOSE",
         "not before it has caught up, if it reads"),
    Move(("OPEN", "PONG", "SEND", "CLOSING"), "Close has come and was answered; what came breaks a rule; the limit",
         "DRAIN", "our side closed, behind Close; not before the peer has caught up"),
    Move(LIVE, "`connection_lost`; another protocol goes on with the connection", "CLOSED"),
    Move(("CLOSED",), "a connection is handed over by the protocol before", "RESPOND"),
    Move(("CLOSED",), "an app is at work, and its client has gone, or may have", "GRACE"),
    Move(("CLOSED",), "reading is paused, or the peer has ended its side", "WATCH"),
    Move(("WATCH",), "the limit, and something is owed, or reading is paused", "WATCH"),
    Move(("CLOSED",), "the app has begun its answer, and had to wait", "HOLD"),
    Move(("HOLD",), "the limit, and the peer waits for 100 Continue", "HOLD"),
    Move(("GRACE", "WATCH", "HOLD"), "it is waited for no more; the limit", "CLOSED"),
)

NAMES = tuple(State.__members__)

cdef unsigned int[STATES] followers  # of each state: a bit for each that may follow


cdef int note_moves() except -1:
    for move in MOVES:
        for name in move.before:
            followers[<int>NAMES.index(name)] |= 1 << <int>NAMES.index(move.after)
    return 0


note_moves()


cdef bint is_move(State before, State after) noexcept:
    """Does the table have it?"""
    return followers[<int>before] >> <int>after & 1
