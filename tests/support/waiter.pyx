# A Timed that tests can hold: what a connection is to the clock, without HTTP.
# Compiled by the fixture of tests/unit/test_clock.py.

from fastsrv_ext.clock cimport Timed
from fastsrv_ext.state cimport BODY, CLOSE, CLOSED, DRAIN, GRACE, HEAD, IDLE, RESPOND, SEND, WATCH

cdef dict STATES = {
    "CLOSED": CLOSED, "HEAD": HEAD, "IDLE": IDLE, "RESPOND": RESPOND, "BODY": BODY, "SEND": SEND,
    "DRAIN": DRAIN, "CLOSE": CLOSE, "GRACE": GRACE, "WATCH": WATCH,
}


cdef class Waiter(Timed):
    """on_expiry(waiter): called when its deadline has come; it should move to another state."""
    cdef object on_expiry

    def __init__(self, clock, on_expiry):
        super().__init__(clock)
        self.on_expiry = on_expiry

    def wait(self, str state, long long waited=0):
        """waited: ticks that this wait has lasted before."""
        self.enter(STATES[state])
        self.shorten(waited)

    cdef int expired(self) except -1:
        self.on_expiry(self)
        return 0
