# A WebSocket, as an app sees it: the events of ASGI websocket. Knows no frame that comes in, and no clock.
# handshake.pyx makes one for a request that asks for it, protocol.pyx is its Channel.

from fastsrv_ext.asgi.call cimport Call
from fastsrv_ext.asgi.exchange cimport Exchange
from fastsrv_ext.context cimport Context
from fastsrv_ext.wire.connection cimport Connection
from fastsrv_ext.websocket.deflate cimport Deflate


cdef enum Stage:
    # How far it has come, as far as the app's events are concerned.
    CONNECTING           # the app has to accept it, or to deny it
    DENYING              # by an answer of the app's own
    ACCEPTED
    ENDED                # by the app: nothing more may be sent


cdef class Channel(Connection):
    """The connection, as far as its session knows it."""
    cdef int say_close(self, int code, bytes reason) except -1       # end it, in an orderly way
    cdef int message_taken(self) except -1                           # there may be room for another one


cdef class Opening:
    """The handshake, as far as the session knows it."""
    cdef Exchange exchange           # the request that asks for a WebSocket

    cdef Channel accept(self, Session session, str subprotocol, list headers)   # None: the client has gone meanwhile


cdef class Session(Call):
    cdef Stage stage
    cdef Opening opening             # None when it is over
    cdef Deflate deflate             # None: messages are not compressed

    # for receive()
    cdef bint announced              # websocket.connect has been received
    cdef bint aware                  # websocket.disconnect has, or send() has told of it
    cdef object message              # the first that the app has not taken, or None
    cdef list later                  # those behind it, or None
    cdef Py_ssize_t held             # bytes of memory that these take
    cdef int code                    # of websocket.disconnect; 0: it is open
    cdef str reason

    # for the access log
    cdef readonly long long messages_received
    cdef readonly long long messages_sent
    cdef int close_code              # of the first Close, ours or the client's; what the app was told may differ

    # for the connection
    cdef int message_came(self, object payload, Py_ssize_t size) except -1
    cdef int closed(self, int code, str reason) except -1

    # within
    cdef object accept_it(self, dict event)
    cdef object deny(self)
    cdef object send_denial(self, dict event, str kind)
    cdef object send_message(self, dict event)
    cdef object close_it(self, dict event)
    cdef int say_close(self, int code, bytes reason) except -1
    cdef int end_opening(self) except -1
    cdef int count_close(self, int code) except -1
    cdef int hear_of_end(self, int code, str reason) except -1
    cdef int write_message(self, int opcode, const char* payload, Py_ssize_t size, bytes whole) except -1
