"""The clock: who waits for the peer, and for how long.

Knows no HTTP and touches no transport. A Timed says what it waits for (`enter`); the worker's one
heartbeat calls `advance()` and, after the loop has polled once more, `judge()`.
"""

from math import ceil

from libc.string cimport memset

from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.state cimport CLOSED, NAMES, STATES, State, is_move, is_of_connection

TICK = 0.25  # seconds; a limit is met at most two ticks late, for four wake-ups a second
WATCH_EVERY = 1  # seconds: a system call for each that is watched; their apps have a grace period of some seconds

cdef double SECONDS_A_TICK = TICK

cdef enum:
    NEVER = 0  # ticks: the limit of a state that waits for nobody outside
    FAR = 1 << 29  # ticks, four years: two of them, added, fit into 31 bits
    NEXT = 1   # ticks: an answer's head leaves with the very next one; most bodies come in far less


cdef class Link:
    pass


cdef class Queue(Link):

    def __init__(self, long long limit):
        self.limit = limit
        self.previous = self.next = self


cdef class Timed(Link):
    """Base class of whoever waits. A new one is CLOSED: nobody waits yet."""

    def __init__(self, Clock clock not None):
        self.clock = clock
        self.state = CLOSED

    cdef int enter(self, State state) except -1:
        """Wait for what `state` waits for, from now on. The only writer of state and deadline."""
        assert is_move(self.state, state), f"{type(self).__name__}: {NAMES[self.state]} -> {NAMES[state]}"
        cdef Queue queue = <Queue>self.clock.queues[<Py_ssize_t>state]
        self.unlink()
        self.state = state
        self.since = self.clock.now
        self.deadline = self.clock.now + queue.limit
        # Waits of one state are equally long: its tail always has the latest deadline.
        if state != CLOSED:
            queue.append(self)
        return 0

    cdef int shorten(self, long long ticks) except -1:
        """The wait that has just begun is the rest of one that has lasted for so long."""
        cdef Queue early
        if ticks > 0:
            self.deadline -= ticks
            self.unlink()
            early = self.clock.early.get(self.deadline)
            if early is None:
                early = self.clock.early[self.deadline] = Queue(NEXT)
            early.append(self)
        return 0

    cdef int expired(self) except -1:
        raise NotImplementedError("a Timed says in expired() what its expiry means")


cdef class Clock:
    """The waits of one worker.

    limits: of each state by its name, in seconds, HEAD=30.0 and so on, each greater than 0 (ValueError otherwise): of
    all but those whose limit is fixed here (TypeError otherwise).
    """

    def __init__(self, **limits):
        fixed = {"CLOSED": NEVER, "RESPOND": NEVER, "WATCH": ticks(WATCH_EVERY), "HOLD": NEXT}
        wrong = limits.keys() ^ set(NAMES) - fixed.keys()
        if wrong:
            raise TypeError(f"Clock: limits that are missing or not to be given: {', '.join(sorted(wrong))}")
        self.queues = tuple(Queue(fixed[name] if name in fixed else ticks(limits[name])) for name in NAMES)
        self.early = {}

    cdef long long limit(self, State state) noexcept:
        return (<Queue>self.queues[<Py_ssize_t>state]).limit

    def advance(self):
        """One tick has passed, however long the loop took for it: a stall moves the clock by one."""
        self.now += 1

    def judge(self, Budget budget=None):
        """Call `expired()` on everybody whose deadline has come. True: the budget was spent before all were; call it
        again in the loop's next turn.

        Costs what expires, not what is connected: a queue is in order of deadline, so only heads are
        looked at. Call it after the loop has polled since `advance()`, so that bytes which came in
        during a stall are read before their sender is judged.
        """
        cdef Queue queue
        cdef double began = monotonic()
        for queue in self.queues:
            if queue.limit != NEVER and self.judge_queue(queue, budget, began):
                return True
        for deadline in [deadline for deadline in self.early if deadline <= self.now]:
            if self.judge_queue(self.early[deadline], budget, began):
                return True
            del self.early[deadline]
        return False

    cdef bint judge_queue(self, Queue queue, Budget budget, double began) except -1:
        """True: the budget was spent before all of it were judged."""
        cdef Timed first
        while queue.next is not queue:
            first = <Timed>queue.next
            if first.deadline > self.now:
                break
            first.expired()
            if queue.next is first and first.deadline <= self.now:
                raise RuntimeError(f"{first!r} stayed in {NAMES[first.state]} after its deadline")
            if budget is not None and budget.is_spent(began):
                return True
        return False

    def cap(self, str state, double seconds):
        """From now on `state` (its name; one with a limit) lasts for so many seconds at most, also for who is in it;
        with 0 until the next tick."""
        cdef long long limit = ticks(seconds) if seconds > 0 else 1
        cdef Queue queue = self.queues[NAMES.index(state)]
        cdef Timed timed
        if limit < queue.limit:
            queue.limit = limit
            for timed in members(queue):  # it stays in order of deadline
                timed.deadline = min(timed.deadline, <int>(self.now + limit))

    def waiting(self, str state):
        """Everybody in `state` (its name), as a list, the one that entered first at its head, and behind them those
        whose wait was shortened."""
        return self.members(NAMES.index(state))

    def connections(self):
        """Everybody in a state of connections, as a list."""
        cdef int state
        return [
            timed for state in range(STATES) if is_of_connection(<State>state) for timed in self.members(state)]

    def census(self):
        """How many wait in each state: {"HEAD": 0, "IDLE": 12, ...}, CLOSED left out."""
        cdef long long[STATES] found
        cdef Queue queue
        cdef Link link
        cdef int state
        memset(found, 0, sizeof(found))
        for queue in (*self.queues, *self.early.values()):
            link = queue.next
            while link is not queue:
                found[<int>(<Timed>link).state] += 1
                link = link.next
        return {NAMES[state]: found[state] for state in range(STATES) if state != CLOSED}

    cdef list members(self, int state):
        cdef Queue early
        cdef Timed timed
        found = members(self.queues[state])
        for early in self.early.values():
            found += [timed for timed in members(early) if <int>timed.state == state]
        return found


def ticks(double seconds):
    """The number of ticks after which `seconds` have certainly passed, or FAR, if they are more."""
    if not seconds > 0:
        raise ValueError(f"a limit must be greater than 0 seconds, not {seconds}")
    # One more, since the tick under way when a wait begins has been running for a while.
    return <long long>min(ceil(seconds / TICK) + 1.0, <double>FAR)


cdef list members(Queue queue):
    """Who waits there, the one that entered first at the list's head."""
    cdef list found = []  # first: a new list may wake the collector, and that let another thread go on
    cdef Link link = queue.next
    while link is not queue:
        found.append(link)
        link = link.next
    return found


cdef double seconds(long long ticks) noexcept:
    return ticks * SECONDS_A_TICK
