"""Random histories of one connection against a model of what is owed, to whom, and by when.

The model knows what the client has sent, what the app was told to do, and the table of states; it never looks
into the connection. Everything is judged by what the client gets (h11 reads it), by whether and when the socket
is closed, and by what the app sees.
"""

import asyncio
import logging
from itertools import islice
from math import ceil

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
from tests.stress.history import GOOD, LAST, Failed, Request, Returned, Run
from tests.stress.model import Model
from tests.support.client import Answers
from tests.support.tls import Tunnel, client_context, server_context
from tests.support.wire import TICK, Wire

LIMITS = {"header": 10, "keepalive": 5, "body": 7, "send": 8, "drain": 3, "close": 2, "grace": 4}
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


class Machine(Model, RuleBasedStateMachine):

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

    # --- the app ---

    @precondition(lambda self: self.runs)
    @rule(choice=st.sampled_from([-1, -1, -1, 0, 1, 2]), step=st.one_of(
        st.tuples(st.just("answer")),
        st.tuples(st.just("start"), st.sampled_from([200, 404, 204, 304]),
                  st.sampled_from([None, None, 0, 5, 300]), st.sampled_from([False, False, False, True])),
        st.tuples(st.just("body"), st.sampled_from([0, 1, 5, 300]), st.booleans()),
        st.tuples(st.just("receive")),
        st.tuples(st.just("give_up")),
        st.tuples(st.just("end"), st.sampled_from([Returned, Failed])),
    ))
    def app(self, choice, step):
        run = self.runs[choice % len(self.runs)]
        if step[0] in ("receive", "give_up") or not (run.busy or run.ended):
            getattr(self, step[0])(run, *step[1:])

    def order(self, run, order):
        """Have the app do it; its outcome, None while it waits."""
        run.outcome = None
        self.wire.call(run.orders.put_nowait, order)
        return run.outcome

    def answer(self, run):
        self.start(run, 200, None, False)
        self.body(run, 5, False)

    def stream(self, run):
        self.start(run, 200, None, False)
        self.body(run, 5, True)

    def start(self, run, status, declared, close):
        headers = [(b"content-length", b"%d" % declared)] if declared is not None else []
        headers += [(b"connection", b"close")] if close else []
        outcome = self.order(run, lambda: run.send(
            {"type": "http.response.start", "status": status, "headers": headers}))
        if run.complete:
            assert outcome is None  # ignored, as every event behind the end
        elif run.status is not None:
            assert isinstance(outcome, RuntimeError)
        elif run.gone:
            assert outcome is None and not run.busy
            run.status = status
        else:
            assert outcome is None and not run.busy
            run.status, run.declared, run.says_close = status, declared, close

    def body(self, run, size, more):
        outcome = self.order(run, lambda: run.send(
            {"type": "http.response.body", "body": b"b" * size, "more_body": more}))
        if run.complete:
            assert outcome is None
        elif run.status is None or (run.full and size and not self.is_silent(run)):
            assert isinstance(outcome, RuntimeError)
        elif run.gone or run.full:
            assert outcome is None and not run.busy
            run.complete = not more
        else:
            self.respond(run, size, more, outcome)

    def respond(self, run, size, more, outcome):
        answer, silent = self.expected[run.number], self.is_silent(run)
        if run.declared is not None and not silent:
            after = len(answer.body) + size
            if after > run.declared or (not more and after < run.declared):
                assert isinstance(outcome, RuntimeError)
                if run.begun and after > run.declared:  # what fits is sent
                    answer.body += b"b" * (run.declared - len(answer.body))
                    answer.complete = True
                    self.complete(run)
                return
        assert outcome is None
        self.begin(run, more)
        if not silent:
            answer.body += b"b" * size
        self.look_for_the_end(run, more)

    def begin(self, run, more):
        answer = self.expected[run.number]
        if not run.begun:
            run.begun, answer.status = True, run.status
            if (self.requests[run.number].is_http_10 and run.declared is None and more
                    and run.status not in (204, 304)):
                answer.until_close = True

    def look_for_the_end(self, run, more):
        answer = self.expected[run.number]
        answer.complete = not more or self.takes_no_more(run)  # to the client
        if not more:
            run.complete = True
            self.complete(run)
        else:
            self.fill(run)

    def complete(self, run):
        request, answer = self.requests[run.number], self.expected[run.number]
        self.in_hand = None
        if not request.keep_alive or run.says_close or answer.until_close:
            self.over = True
            if not request.keep_alive and self.delivered >= request.end:
                self.last = request
        elif self.delivered < request.end and not self.eof:
            # To read the rest is worth it only if its size is known, and it is sure to come.
            self.over = request.chunked or request.awaits_continue
            self.draining = request

    def end(self, run, failure):
        async def end():
            raise failure

        over = self.is_over(run)
        self.order(run, end)
        assert run.ended
        if not run.complete and not run.gone and not run.full:
            self.fail(run, self.expected[run.number], silently=over and failure is Returned)  # it may give up then

    def fail(self, run, answer, silently=False):
        if not run.begun and not silently:
            answer.status, answer.complete = 500, True
            answer.body = b"" if answer.method == "HEAD" else b"Internal Server Error\n"
        answer.cut = run.begun
        run.complete = self.over = True
        self.in_hand = None

    def receive(self, run):
        """The app waits for an event, beside what else it does."""
        if run.receiver is not None:
            return
        request = self.requests[run.number]
        run.receives += 1
        waits = run is self.in_hand and not self.eof and self.delivered < request.end and not self.arrived(run)
        if waits and request.awaits_continue and not run.begun:
            request.awaits_continue = False
            self.expected[run.number].continues += 1

        def wait():
            run.receiver = asyncio.ensure_future(ready(run.receive))

        self.wire.call(wait)

    def give_up(self, run):
        if run.receiver is not None:
            self.wire.call(run.receiver.cancel)
            run.receiver = None

    # --- time ---

    @rule(ticks=st.sampled_from([1, 1, 2, 6, 15, 45]))
    def wait(self, ticks):
        for _ in range(ticks):
            key = self.waits_for()
            if key != self.key:
                self.key, self.quiet = key, 0
            before, lagging = self.written, self.lagging
            left_behind = [run for run in self.runs if run.told and not run.ended]
            run = self.in_hand
            held = run if run is not None and run.status is not None and not run.begun else None
            if held is not None and self.requests[held.number].awaits_continue and not self.is_whole(held):
                held = None  # 100 Continue cannot follow a head
            self.wire.tick()
            self.read_close_notify()
            self.quiet += 1
            self.drained = self.drained + 1 if key is not None and key[0] == "drain" else 0
            cancelled = self.judge_grace(left_behind, lagging)
            self.read_answers()
            released = held is not None and self.answers_with(held)
            if released:
                self.begin(held, True)
                self.look_for_the_end(held, True)
            for run in cancelled:
                self.fail(run, self.expected[run.number])
            news = self.written > before and not released
            if cancelled:
                pass  # what has come is its failure's answer
            elif key is None:
                assert not news and (self.lost or released or not self.wire.ended)
            else:
                self.judge(key[0], news)
            self.model()

    def judge_grace(self, left_behind, lagging):
        """Who has to end, and does? Returns those that owed an answer."""
        ticks, cancelled = ceil(LIMITS["grace"] / TICK), []
        for run in left_behind:
            run.alone += 1
            over = run.alone > ticks
            now = self.seen_of(run, lagging)
            if over and run.complete:
                run.told = over = False
            elif over and not run.gone and not now == run.known != -1:
                over = False
                self.wait_for(run, now)  # it takes what it is sent
            elif over and (run.unaware or self.is_unaware(run)):
                over, run.presumed = False, True
                self.wait_for(run, now)
            elif over and run.full and not self.is_silent(run):
                run.told = over = False  # the client has got all of it
            assert run.ended == over, "cancelled too early, or too late"
            if over and not run.gone and not run.full:
                cancelled.append(run)
        return cancelled

    def answers_with(self, run):
        """Has its head left with the tick? Only a limit that has passed comes before it."""
        answer = next(islice(self.answers, run.number, None), None)
        if answer is None or answer.status != run.status:
            assert self.wire.closed or (answer is not None and answer.status == 408), "its head was held back"
            return False
        return True

    def judge(self, state, news):
        limit = LIMITS["drain"] + LIMITS["close"] if state == "end" else LIMITS[
            {"head": "header", "idle": "keepalive"}.get(state, state)]
        ticks = ceil(limit / TICK)
        # Who has read much before may pause for three limits of SEND more.
        latest = {"send": 4 * ticks + 5, "end": 2 * ticks + 3}.get(state, ticks + 2)
        acted = news or self.wire.closed or (self.wire.ended and state != "end")
        if not acted:
            assert self.quiet < latest, f"still waits in {state}"
            return
        enough = state == "drain" and self.drained > 5 * ticks  # bytes extend it no more
        assert self.quiet > ticks or enough or state == "end", f"did not wait in {state}"
        if state in ("send", "end"):
            self.lose()
        elif state == "head" and self.delivered > self.next_start:
            self.refuse(408)
        elif state == "body":
            run, self.in_hand = self.in_hand, None
            self.part(run)
            self.expected[run.number].cut = run.begun
            if not run.begun:
                self.refuse(408, self.expected[run.number])
        self.over = True

    @invariant()
    def holds(self):
        self.check()


def within_tls(http):
    return TLS(SERVER, http, lambda failure: None, budget=http.context.budget)


async def ready(receive):
    return await receive()


def test_random_histories_of_a_connection(request, caplog):
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests")
    long = request.config.getoption("--long")
    run_state_machine_as_test(Machine, settings=settings(
        max_examples=20_000 if long else 500, stateful_step_count=40 if long else 20, deadline=None,
        derandomize=not long, database=None, suppress_health_check=list(HealthCheck), print_blob=True))
