"""Random histories of one connection against a model of what is owed, to whom, and by when. Here: how a history begins
and ends, and what the client does; elsewhere: the app (orders.py), time (deadlines.py), what must hold (model.py).

The model knows what the client has sent, what the app was told to do, and the table of states; it never looks
into the connection. Everything is judged by what the client gets (h11 reads it), by whether and when the socket
is closed, and by what the app sees.
"""

import logging

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fastsrv_ext.wire.tls import TLS
from tests.stress.deadlines import LIMITS, Deadlines
from tests.stress.history import GOOD, LAST, Request, Run
from tests.support.client import Answers
from tests.support.tls import Tunnel, client_context, server_context
from tests.support.wire import Wire

# What meets: the kernel has no room for an answer whose app then waits for a body, or gives it up; an answer is
# complete before the body has come, with room for it and without.
PAIRS = [
    {"kept_back": "body", "room": 0, "app": ("stream", "receive"), "ticks": 1, "reads": True, "then": 30},
    {"kept_back": "body", "room": 60, "app": ("receive", "stream"), "ticks": 30, "reads": True, "then": 30},
    {"kept_back": "body", "room": 0, "app": ("stream", "receive", "give_up"), "ticks": 1, "reads": True, "then": 45},
    {"kept_back": "byte", "room": 0, "app": ("answer",), "ticks": 1, "reads": True, "then": 0},
    {"kept_back": "body", "room": None, "app": ("answer",), "ticks": 0, "reads": False, "then": 0},
]
CLIENT, SERVER = client_context(), server_context()
BODIES = [b"", b"x", b"hello, world", b"GET /stolen HTTP/1.1\r\nHost: example.org\r\n\r\n"]


class Machine(Deadlines, RuleBasedStateMachine):

    # --- the beginning and the end ---

    @initialize(tls=st.sampled_from([False] * 5 + [True]))
    def connect(self, tls=False):
        self.runs, self.requests, self.expected = [], [], []
        self.said, self.delivered, self.taken, self.turn = b"", 0, 0, 0
        self.in_hand = self.draining = self.key = self.last = None
        self.eof = self.lost = self.over = self.fed_end = self.was_reset = False
        self.quiet = self.drained = 0

        async def app(scope, receive, send):
            self.runs.append(Run(scope, receive, send))
            await self.runs[-1].work()

        self.tunnel = Tunnel(CLIENT) if tls else None
        self.wire = Wire(app, min_rate=1e-6, layer=within_tls if tls else None, **LIMITS)
        self.written = 0  # bytes that the server has written, read by the client or not
        if tls:
            self.shake_hands()
        self.answers = Answers(self.method_of)

    def shake_hands(self):
        flight = self.tunnel.shake_hands()
        while flight:
            self.wire.send(flight)
            news, self.written = self.wire.output[self.written:], len(self.wire.output)
            flight = self.tunnel.shake_hands(news)

    def teardown(self):
        if hasattr(self, "wire"):
            for run in self.runs:
                if run.receiver is not None:
                    run.receiver.cancel()
            was_closed = self.wire.closed
            self.wire.call(self.wire.transport.abort)
            self.wire.close()
            assert not any(self.wire.clock.census().values())
            self.count(was_closed)

    def count(self, was_closed):
        """A connection's end has one reason."""
        snapshot = self.wire.context.counters.snapshot()
        assert snapshot["opened"] == 1
        (reason, times), = ((reason, times) for reason, times in snapshot["connections"].items() if times)
        assert times == 1
        assert reason != "lost" or self.was_reset or not was_closed
        assert snapshot["requests"] == len(self.runs)
        assert snapshot["responses"] <= snapshot["requests"] and snapshot["in_flight"] == 0

    # --- the client ---

    @rule(kind=st.sampled_from(5 * GOOD + LAST), body=st.sampled_from(BODIES),
          kept_back=st.sampled_from(["nothing", "nothing", "byte", "body", "body", "head"]),
          room=st.sampled_from([None] * 5 + [0, 0, 60]),
          app=st.sampled_from([(), ("answer",), ("answer",), ("receive",), ("stream",), ("receive", "give_up"),
                               ("receive", "stream"), ("stream", "receive"), ("stream", "receive", "give_up")]),
          ends=st.sampled_from([False] * 7 + [True]), ticks=st.sampled_from([0] * 5 + [1, 30, 45]),
          reads=st.booleans(), then=st.sampled_from([0] * 4 + [30]), anew=st.booleans())
    def say(self, kind, body, kept_back, room, app, ends, ticks, reads, then, anew):
        """The client sends a request, but for its last bytes; the app does something with what is in its hand, which
        may find no room in the client's kernel; time passes; the client reads; time passes. Single steps would find
        such histories, too, but rarely."""
        if self.over and anew:
            self.teardown()
            self.connect(self.tunnel is not None)
        if self.eof:
            return
        if not any(word in kind for word in ("length", "chunk")):
            body = None
        elif "chunk" in kind:
            body = body or b"x"
        request = Request(kind, len(self.requests), len(self.said), body)
        self.requests.append(request)
        self.said += request.data
        upto = {"nothing": request.end, "byte": request.end - 1, "body": request.head_end or request.end,
                "head": request.start}[kept_back]
        if self.wire.transport.reading:
            self.deliver(max(0, upto - self.delivered))
        self.holds()
        run = self.in_hand
        if room is not None:
            self.read_only(room)
        for step in app:
            if run is not None and not run.busy:
                getattr(self, step)(run)
                self.holds()
        if ends:
            self.half_close()
            self.holds()
        self.wait(ticks)
        if reads:
            self.read(1 << 20)
            self.holds()
            self.wait(then)

    @rule(kind=st.sampled_from(["length", "length", "length expect", "chunked"]), pair=st.sampled_from(PAIRS),
          last=st.booleans())
    def meet(self, kind, pair, last):
        """A pair, and perhaps the connection's last request behind it."""
        self.say(kind, BODIES[-1], ends=False, anew=True, **pair)
        if last:
            self.say("close", b"", kept_back="nothing", room=None, app=("answer",), ends=False, ticks=0, reads=True,
                     then=0, anew=False)

    @precondition(lambda self: not self.eof and self.delivered < len(self.said) and self.wire.transport.reading)
    @rule(size=st.one_of(st.integers(1, 60), st.just(10_000)))
    def deliver(self, size):
        data = self.said[self.delivered:self.delivered + size]
        if data and not self.wire.closed:
            self.delivered += len(data)
            self.wire.send(data if self.tunnel is None else self.tunnel.encrypt(data))

    @rule(step=st.one_of(
        st.tuples(st.just("read_only"), st.integers(0, 300)),
        st.tuples(st.just("read"), st.integers(1, 100)),
        st.tuples(st.just("read"), st.just(1 << 20)),
        st.tuples(st.just("half_close")),
        st.tuples(st.just("reset")),
    ))
    def client(self, step):
        if step[0] not in ("half_close", "reset") or not (self.eof or self.lost):
            getattr(self, step[0])(*step[1:])

    def half_close(self):
        self.eof = True
        self.wire.end()
        if self.in_hand is not None:
            self.tell(self.in_hand)

    def reset(self):
        self.was_reset = not self.wire.closed
        self.wire.reset()
        self.lose()

    def read_only(self, room):
        self.wire.transport.room = room

    def read(self, size):
        if size > 1000:
            self.wire.transport.room = None
        self.taken += min(size, len(self.wire.transport.buffer))
        self.wire.read(size)

    # --- after every step ---

    @invariant()
    def holds(self):
        self.check()


def within_tls(http):
    return TLS(SERVER, http, lambda failure, peer: None, budget=http.context.budget)


def test_random_histories_of_a_connection(request, caplog):
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests")
    long = request.config.getoption("--long")
    run_state_machine_as_test(Machine, settings=settings(
        max_examples=20_000 if long else 500, stateful_step_count=40 if long else 20, deadline=None,
        derandomize=not long, database=None, suppress_health_check=list(HealthCheck), print_blob=True))
