# The states of a connection: whom do we wait for?
# Not the waiting itself (clock.pyx) nor the moves (http.pyx, closing.pyx); everybody below reads it.
#
# A connection has a deadline only while it waits for the peer; while the app works it has none. The last three are no
# connection's: GRACE is that of an app whose client has gone (grace.pyx), WATCH stands beside a connection's own
# state (stream.pyx), HOLD is that of an answer (cycle.pyx).
# The limit of a state is looked up in the clock's table (clock.pyx), never stored with the connection.
#
#   state    waits for                         entered by                            extended by  on expiry
#   -------  --------------------------------  ------------------------------------  -----------  ---------------------
#   HEAD     a complete request head           connection made; first byte of a      nothing      408 if a byte came;
#                                              head; pipelined bytes left; the peek               else peek, once; CLOSE
#   IDLE     first byte of the next request    response complete, writes drained     nothing      peek; CLOSE
#   RESPOND  the app                           head complete; body handed over;      -            never
#                                              writes drained
#   BODY     body bytes the app awaits         receive() finds no data               progress     408 if no head was
#                                                                                                 sent; DRAIN
#   SEND     the peer to read what we wrote    pause_writing, while something is     reading at   abort
#                                              owed                                  its rate
#   DRAIN    what is still on its way to us    response complete before the body;    bytes, up    CLOSE
#                                              our own 4xx                           to 6 limits
#   CLOSE    our last bytes to leave           close()                               nothing      abort
#   CLOSED   nobody                            connection_lost                       -            -
#   GRACE    the app, to end by itself         its client has gone, or has ended     that it      its task is cancelled
#                                              its side                              takes bytes
#   WATCH    a peer that the loop does not     reading is paused; the peer's end,    nothing      look; gone: abort;
#            listen to, to reset or end        while something is owed                            ended: GRACE, or the
#                                                                                                 rest is read
#   HOLD     the app, to send the body that    http.response.start, and the app has  nothing      the head leaves
#            belongs to a head                 had to wait

cdef enum State:
    CLOSED
    HEAD
    IDLE
    RESPOND
    BODY
    SEND
    DRAIN
    CLOSE
    GRACE
    WATCH
    HOLD

cdef enum:
    OF_CONNECTIONS = CLOSE + 1       # so many, the first ones, are a connection's
