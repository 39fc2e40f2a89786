"""One run of the app, from begin() to end(): what all kinds of it have in common.

Knows no kind of event (exchange.pyx does), and of the peer only whether it is there and lags: what an app waits for,
whose turn it is, and the word that its client has gone.
"""

from asyncio import sleep

from cpython.exc cimport PyErr_SetObject

from fastsrv_ext.asgi.awaitables import Turn
from fastsrv_ext.counters import ENDING_NAMES

from fastsrv_ext.asgi.awaitables cimport Elsewhere, pthread_self
from fastsrv_ext.budget cimport monotonic
from fastsrv_ext.counters cimport IN_FLIGHT, PERSISTS

cdef enum:
    STREAK = 256 * 1024     # bytes a stream may write before the loop has a turn: some 50 us of work
    EVENT_COST = 1024       # bytes that an event counts for, beside its own: small ones take time, too


class ClientDisconnected(OSError):
    """Raised by send() after the client has gone (ASGI http and websocket 2.4): always by a WebSocket's, by that of a
    request if fastsrv_send_after_disconnect is "raise"."""


cdef class Call:

    # --- what each kind of call makes of it ---

    cdef bint has_event(self) noexcept:
        return False

    cdef bint is_over(self) noexcept:
        return False

    cdef bint has_more(self) noexcept:
        return self.is_over()

    cdef dict next_event(self):
        raise NotImplementedError

    cdef object send_event(self, dict event):
        raise NotImplementedError

    cdef int wanted(self) except -1:
        return 0

    cdef int unwanted(self) except -1:
        return 0

    cdef object why_not_sent(self):
        return ClientDisconnected("the client has gone") if self.context.scope.send_raises else None

    def is_websocket(self):
        return False

    def details(self):
        """More that the access log may be asked for, by name: numbers, or None."""
        return {}

    # What fastsrv/dispatch.py asks of it; exchange.pyx says what each means. No kind of call goes without one.

    def describe(self):
        raise NotImplementedError

    def is_complete(self):
        raise NotImplementedError

    def is_answered(self):
        raise NotImplementedError

    def has_begun(self):
        raise NotImplementedError

    def is_delivered(self):
        raise NotImplementedError

    def is_abandoned(self):
        raise NotImplementedError

    def may_be_gone(self):
        raise NotImplementedError

    def taken(self):
        raise NotImplementedError

    def goes_on(self, long long taken):
        raise NotImplementedError

    def fail(self, bint owed):
        raise NotImplementedError

    # --- the order of life ---

    cdef int begin(self) except -1:
        """In flight from now on: the app is about to be called."""
        self.started = monotonic()
        if self.context.callbacks.finished is not None:
            self.logged = self.scope.copy()
            self.head.headers = self.head.headers[:]  # the scope's are the app's to change
        self.in_flight = True
        self.context.counters.now.counts[<int>IN_FLIGHT] += 1
        return self.context.request_started()

    cdef int end(self) except -1:
        """In flight no more: the answer is complete or lost, and nobody works on the rest of one. Once."""
        if self.in_flight:
            self.in_flight = False
            self.context.counters.now.counts[<int>IN_FLIGHT] -= 1
            if self.logged is not None:
                self.tell_finished()
        return 0

    cdef int tell_finished(self) except -1:
        """Once for each call, while its app, or a task that sends for it, is at work: its context variables are the
        current ones then."""
        if self.took == 0:
            self.took = monotonic() - self.started
        self.context.callbacks.finished(self)
        self.logged = None
        return 0

    # --- the app's side ---

    def receive(self):
        """The ASGI receive(): an awaitable of the next event; of the one that says that all is over, time and again."""
        cdef Ready ready
        if self.has_event():
            if self.has_more() and pthread_self() == self.thread and self.has_had_its_turn(0):
                return self.wait_for_turn()
            ready = Ready.__new__(Ready)
            ready.call = self
            return ready
        return new_receiving(self)

    async def wait_for_turn(self):
        """There is something to take each time, and the app may never wait for anything else: let others be served."""
        self.streak.size = 0
        await sleep(0)
        return self.next_event() if self.has_event() else await new_receiving(self)

    cdef int wake(self) except -1:
        """Let the parked receive() calls look again, in the loop's next turn; who finds nothing waits again."""
        if self.receivers is not None:
            receivers, self.receivers = self.receivers, None
            for receiving in receivers:
                (<Receiving?>receiving).wake_soon()
        return 0

    def send(self, message):
        """The ASGI send(): an awaitable, which waits for a peer that lags. Raises TypeError for what is no dict,
        KeyError for one without a type, and what the kind of call does; all of it when the awaitable runs, if another
        thread calls."""
        cdef Elsewhere elsewhere
        if pthread_self() != self.thread:
            elsewhere = Elsewhere.__new__(Elsewhere)
            elsewhere.send_now = self.send
            elsewhere.message = message
            elsewhere.thread = self.thread
            return elsewhere
        if not isinstance(message, dict):
            raise TypeError(f"send() takes a dict, not {type(message).__name__}")
        # Not `dict message` (nor `str` for its type): these would refuse a subclass, and an enum's str.
        return self.send_event(<dict>message)

    cdef bint has_had_its_turn(self, Py_ssize_t size) except -1:
        """The app goes on, and may never wait for anything else: is it time that others are served? One that sends to
        nobody gives way however often it waits in between: anyio cancels no task whose wait is over.
        """
        cdef long long turn = self.context.budget.this_turn(self.context.loop)
        if self.streak.turn != turn:
            self.streak.turn = turn
            self.streak.began = monotonic()
            if self.outlet is not None:
                self.streak.size = 0
        self.streak.size += size + EVENT_COST
        return self.streak.size > STREAK or self.context.budget.is_spent(self.streak.began)

    async def wait_for_peer(self):
        """For one that lags, or for a turn of the loop."""
        self.streak.size = 0
        if self.outlet is None and not self.streak.in_one_go:
            self.streak.in_one_go = True
            await Turn(self.context.loop)
        elif self.outlet is None or not self.outlet.lagging():
            self.streak.in_one_go = False
            await sleep(0)
        if self.lagging_senders == 0:
            self.lags_since = monotonic()
        self.lagging_senders += 1
        try:
            while self.outlet is not None and self.outlet.lagging():
                await self.outlet.caught_up()
        finally:
            self.lagging_senders -= 1
            if self.lagging_senders == 0:
                self.lagged += monotonic() - self.lags_since
        if self.peer == GONE:
            failure = self.why_not_sent()
            if failure is not None:
                raise failure

    # --- the peer ---

    cdef int peer_is(self, Peer peer) except -1:
        """HALF_CLOSED, FINISHED: no more of what it sends will come, and it may read on. GONE: it reads nothing."""
        self.peer = peer
        if peer == GONE and self.outlet is not None:
            if self.outlet.ending != PERSISTS:
                self.ending = self.outlet.ending
            self.outlet = None
        self.wake()
        if self.became is not None:
            self.became.peer_is(peer)
        if peer != HALF_CLOSED:
            self.tell_gone()
        return 0

    cdef int tell_gone(self) except -1:
        """The app may be at work for nobody: have it end. Once: from then on its task is in other hands."""
        if self.became is not None:
            return self.became.tell_gone()
        task, self.task = self.task, None
        if task is not None and self.context.callbacks.gone is not None:
            self.context.callbacks.gone(self, task)
        return 0

    # --- what is told of it (fastsrv/log/) ---

    @property
    def connection_ended(self):
        """Why it ends, or has ended, by the name that Counters.snapshot() has for it; None while it goes on."""
        return ENDING_NAMES[<int>self.ending]

    def waited_for_client(self):
        """Seconds, of those that it has taken."""
        if self.lagging_senders == 0:
            return self.lagged
        return self.lagged + monotonic() - self.lags_since

    def identified(self):
        """ " (its request id)", for a human; nothing without one."""
        return "" if self.request_id is None else f" ({self.request_id})"

    def answers_with(self, bytes lines):
        """Whole lines, with CRLF, that the head of its answer has beside the app's."""
        self.own_lines = lines

    # --- how the app ended (called by fastsrv/dispatch.py) ---

    def waits(self):
        """The app has had to wait."""
        self.has_waited = True

    def ended(self):
        """The app has ended, and nothing is owed."""
        self.end()

    def is_unaware(self):
        """Has the app not been told yet that its client may have gone?"""
        return not self.is_over()

    def tell_disconnect(self):
        """Tell the app that its client seems to have gone, or the worker ends: receive() says so from now on. What it
        sends all the same still leaves."""
        self.unwanted()
        self.told = True
        self.wake()

    def is_unreachable(self):
        """Can nothing be sent to the client any more?"""
        return self.peer == GONE


cdef class Ready(Done):
    """A receive() whose event is there. It is taken when the awaitable runs: one that never does must lose none."""

    def __next__(self):
        if self.waiting is None and self.call.has_event():
            # What `raise StopIteration(event)` does, but for its traceback, which costs more than all the rest.
            PyErr_SetObject(StopIteration, self.call.next_event())
            raise StopIteration
        return self.send(None)

    def send(self, value):
        if self.waiting is None:
            if self.call.has_event():
                raise StopIteration(self.call.next_event())
            self.waiting = new_receiving(self.call)
        return self.waiting.send(value)

    def throw(self, kind, value=None, traceback=None):
        if self.waiting is None:
            raise kind if value is None else value
        return self.waiting.throw(kind if value is None else value)

    def close(self):
        if self.waiting is not None:
            self.waiting.close()


cdef class Receiving(Waiter):
    """A receive() whose event has not come. One for each that waits: to cancel one must not disturb another."""

    cdef bint has_come(self) noexcept:
        return self.call.has_event()

    cdef object take(self):
        return self.call.next_event()

    cdef int waits(self) except -1:
        if self.call.receivers is None:
            self.call.receivers = []
        self.call.receivers.append(self)
        return self.call.wanted()

    cdef int waits_no_more(self) except -1:
        """It is cancelled. With nobody left in one, we no longer wait for the peer."""
        cdef Call call = self.call
        if call.receivers is not None and self in call.receivers:
            call.receivers.remove(self)
            if not call.receivers:
                call.receivers = None
                call.unwanted()
        return 0


cdef Receiving new_receiving(Call call):
    cdef Receiving receiving = Receiving.__new__(Receiving)
    receiving.call = call
    receiving.loop = call.context.loop
    return receiving
