# A request and its response, as an app sees them: the events of ASGI http. Knows no framing and no connection.
# http1/cycle.pyx is the one of HTTP/1.1.

from fastsrv_ext.asgi.call cimport Call
from fastsrv_ext.clock cimport Timed
from fastsrv_ext.http.fields cimport Said


cdef enum Progress:
    # How far the response has come.
    NOTHING              # no http.response.start yet
    HELD                 # started by the app, nothing on the wire
    BEGUN                # the head is on the wire
    FULL                 # all of it is that can be, and the app has not said that it has ended
    COMPLETE             # all of it is, or nobody is left to read it, and the app has said so


cdef enum Arrival:
    # How far the request's body has come.
    COMING
    ARRIVED              # all of it is here
    PASSED_ON            # more_body: False has been said


cdef enum Content:
    # What may follow the response's head (RFC 9110, 6.4.1).
    NONE                 # nothing: 1xx, 204, 304, and the answer to HEAD
    COUNTED              # as many bytes as were declared
    UNCOUNTED            # what the app sends, until it says that this was all


cdef enum:
    CLIENT_CLOSED_REQUEST = 499  # no standard's status but nginx's: of an answer that nobody was there to get


cdef inline bint is_bodiless(int status) noexcept:
    """Does nothing follow the head, whatever the request was?"""
    return status < 200 or status == 204 or status == 304


cdef class Exchange(Call):
    # the request's body
    cdef list pieces                 # bytes received and not handed over
    cdef Py_ssize_t buffered         # their size in memory
    cdef Arrival arrival

    # the response
    cdef Progress progress
    cdef Content content
    cdef list fields                 # the app's, validated: (name, value)
    cdef Said said                   # by the app, in its fields
    cdef long long length            # declared Content-Length, or NO_LENGTH
    cdef Hold hold                   # None, or what lets a held head leave in time
    cdef int unanswered              # the status that is told of where no answer of the app's has begun; or 0

    # what a version of HTTP makes of it
    cdef int made_room(self) except -1                              # the app has taken what had come
    cdef int write_first(self, bytes data, bint final) except -1    # the head, and the first of the body
    cdef int write_more(self, bytes data, bint final) except -1
    cdef Py_ssize_t write_error(self, object status) except -1      # our own answer: http.HTTPStatus; its body's size
    cdef int completed(self) except -1                              # the answer is COMPLETE, or FULL
    cdef int broken_off(self) except -1                             # the rest of it never comes

    # called by the connection
    cdef int body_received(self, bytes data) except -1
    cdef int body_ended(self) except -1
    cdef int lose(self, int status) except -1
    cdef int count_response(self) except -1

    # within
    cdef bint has_body_event(self) noexcept
    cdef object send_start(self, object status, object headers)
    cdef object send_body(self, object body, object more)
    cdef object send_what_fits(self, bytes data)
    cdef object send_to_nobody(self, Py_ssize_t size, bint final)
    cdef int begin_on_wire(self, bytes data, bint final) except -1
    cdef int send_head(self) except -1
    cdef int hold_for_a_tick(self) except -1
    cdef int hold_no_more(self) except -1
    cdef bint is_full(self, Py_ssize_t size) noexcept
    cdef int fill(self) except -1
    cdef int choose_content(self, Py_ssize_t size, bint final) except -1
    cdef int check_length(self, Py_ssize_t size, bint final) except -1
    cdef object too_long(self)


cdef class Hold(Timed):
    cdef Exchange exchange           # None when its head has left
