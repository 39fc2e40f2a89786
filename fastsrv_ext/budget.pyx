"""How long one turn of the loop may take for what peers can repeat.

Apps run within the callbacks of their connections, so a loop over what a peer has sent is a loop over an app's code.
Whoever has such a loop asks is_spent() before each step but the first, and goes on in the loop's next turn if it is.
"""

TURN = 0.001  # seconds: far less than a client notices, and far more than a turn of the loop costs by itself


cdef class Budget:
    """One a worker. seconds: how long connections with more to do may go on with it in one turn, all together."""

    def __init__(self, double seconds=TURN):
        self.seconds = seconds
        self.turn = 1  # 0 is none

    cdef long long this_turn(self, loop) except -1:
        """A number that the loop's next turn changes: who asks twice, and gets the same, has not waited in between."""
        if not self.turn_ends:
            self.turn_ends = True
            loop.call_soon(self.next_turn)
        return self.turn

    def next_turn(self):
        """Called by the loop."""
        self.turn += 1
        self.turn_ends = False
