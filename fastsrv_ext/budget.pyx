"""How long one turn of the loop may take for what peers can repeat.

Apps run within the callbacks of their connections, so a loop over what a peer has sent is a loop over an app's code.
Whoever has such a loop asks is_spent() before each step but the first, and stands in line for another turn if it is.

One app can take all of a turn by itself. The loop reads nothing meanwhile, and would then call all that it knows to be
readable: who is answered last would ask again behind that reading, and wait for all others twice. So behind such an app
everybody stands in line, one is called a turn, and the loop reads in between: first come, first served. It accepts one
connection a turn: while there are more, the line waits, or who asks again would pass those who are not accepted yet.
"""

from collections import deque
from contextvars import copy_context

cdef enum:
    TURNS_GIVEN = 32  # of some 40 us each

TURN = 0.001  # seconds: far less than a client notices, and far more than a turn of the loop costs by itself


cdef class Budget:
    """One a worker. seconds: how long connections with more to do may go on with it in one turn, all together."""

    def __init__(self, double seconds=TURN):
        self.seconds = seconds
        self.line = deque()
        self.turn = 1  # 0 is none
        self.context = copy_context()

    cdef int app_ran(self, loop, double since) except -1:
        """To be told of each: it was called then, and has returned or waits."""
        if monotonic() - since >= self.seconds:
            self.is_used_up = True
            self.ask_for_turn(loop)
        return 0

    cdef int stand_in_line(self, loop, go_on) except -1:
        """`go_on()` comes with the loop's next turn, or a later one if apps use up those before it."""
        cdef bint sharing = not self.is_used_up  # otherwise it is an app that has had too much, most likely another's
        self.line.append((go_on, sharing))
        self.sharing += sharing
        return self.ask_for_turn(loop)

    cdef long long this_turn(self, loop) except -1:
        """A number that the loop's next turn changes: who asks twice, and gets the same, has not waited in between."""
        self.ask_for_turn(loop)
        return self.turn

    cdef int ask_for_turn(self, loop) except -1:
        if not self.turn_ends:
            self.turn_ends = True
            loop.call_soon(self.next_turn, loop, context=self.context)
        return 0

    def next_turn(self, loop):
        """Called by the loop: who stands in line goes on, once, until an app uses up this turn, too."""
        cdef Py_ssize_t left = len(self.line)
        cdef bint has_accepted
        self.turn += 1
        self.turn_ends = False
        has_accepted, self.has_accepted = self.has_accepted, False
        if self.is_used_up and has_accepted and self.turns_given < TURNS_GIVEN:
            self.turns_given += 1
            return self.ask_for_turn(loop)
        self.turns_given = 0
        self.is_used_up = False
        try:
            while left > 0 and not self.is_used_up:
                left -= 1
                go_on, sharing = self.line.popleft()
                self.sharing -= sharing
                go_on()
        finally:
            if self.line:
                self.ask_for_turn(loop)
