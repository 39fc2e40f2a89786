# The WebSocket protocol class: what a connection is handed over to when its handshake is answered.
# handshake.pyx makes one.

from fastsrv_ext.websocket.frames cimport Decoder
from fastsrv_ext.websocket.session cimport Channel, Session


cdef class WebSocket(Channel):
    cdef Decoder decoder
    cdef Session session             # None when it has been told of the end
    cdef bytes unread                # not decoded yet, from `decoded` on: enough has been read ahead, or for this turn
    cdef Py_ssize_t decoded          # bytes of `unread`
    cdef Py_ssize_t heard            # bytes that have come since the last Ping
    cdef bytes pong                  # the answer to the last Ping, until the peer has caught up; None
    cdef long long shut_since        # the tick at which the app was told that the worker ends; 0: it was not
    cdef bint has_said_close
    cdef bint has_ended              # the peer has, its side, behind what is unread
    cdef bint is_done                # nothing that comes is acted upon any more
    cdef long long read_in           # the turn of the loop in which much was last read
    cdef Py_ssize_t read_size        # bytes of it, then

    cdef int read(self, bytes data, Py_ssize_t start) except -1
    cdef int keep(self, bytes data, Py_ssize_t start) except -1
    cdef int act(self) except -1
    cdef int answer_ping(self, bytes payload) except -1
    cdef int peer_closed(self, bytes payload) except -1
    cdef int fail(self, int code, str reason) except -1
    cdef int write_close(self, int code, bytes reason) except -1
    cdef int tell_closed(self, int code, str reason) except -1
    cdef int peer_gone(self) except -1
    cdef int end(self) except -1
    cdef bint listens(self) noexcept
    cdef int send_close(self, int code, bytes reason) except -1
    cdef int say_last(self, int code, bytes said, str told) except -1
    cdef int leave(self) except -1
    cdef bint has_read_enough(self, Py_ssize_t size) except -1
    cdef int ask_for_pong(self) except -1


cdef WebSocket new_websocket(Session session, Py_ssize_t max_message)
