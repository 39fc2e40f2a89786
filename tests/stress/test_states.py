"""Random histories of one connection against a model of what is owed, to whom, and by when.

The model knows what the client has sent, what the app was told to do, and the table of states; it never looks
into the connection. Everything is judged by what the client gets (h11 reads it), by whether and when the socket
is closed, and by what the app sees.
"""

import asyncio
import logging
from itertools import zip_longest
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

from tests.stress.history import GOOD, LAST, Expected, Failed, Request, Returned, Run
from tests.support.client import Answers
from tests.support.wire import TICK, Wire

LIMITS = {"header": 10, "keepalive": 5, "body": 7, "send": 8, "drain": 3, "close": 2}
BODIES = [b"", b"x", b"hello, world", b"GET /stolen HTTP/1.1\r\nHost: example.org\r\n\r\n"]


class Machine(RuleBasedStateMachine):

    # --- the beginning and the end ---

    @initialize()
    def connect(self):
        self.runs, self.requests, self.expected = [], [], []
        self.said, self.delivered, self.taken, self.turn = b"", 0, 0, 0
        self.in_hand = self.draining = self.key = None
        self.eof = self.lost = self.over = self.fed_end = False
        self.quiet = 0

        async def app(scope, receive, send):
            self.runs.append(Run(scope, receive, send))
            await self.runs[-1].work()

        self.wire = Wire(app, min_rate=1e-6, **LIMITS)
        self.written = 0  # bytes that the server has written, read by the client or not
        self.answers = Answers(lambda index: self.expected[index].method if index < len(self.expected) else "GET")

    def teardown(self):
        if hasattr(self, "wire"):
            for run in self.runs:
                if run.receiver is not None:
                    run.receiver.cancel()
            self.wire.close()
            assert not any(self.wire.clock.census().values())

    # --- the client ---

    @rule(kind=st.sampled_from(5 * GOOD + LAST), body=st.sampled_from(BODIES),
          kept_back=st.sampled_from(["nothing", "nothing", "byte", "body", "body", "head"]),
          app=st.sampled_from([(), ("answer",), ("answer",), ("receive",), ("stream",), ("receive", "give_up"),
                               ("receive", "stream")]),
          ends=st.sampled_from([False] * 7 + [True]), ticks=st.sampled_from([0] * 5 + [1, 30, 45]), anew=st.booleans())
    def say(self, kind, body, kept_back, app, ends, ticks, anew):
        """The client sends a request, but for its last bytes; the app does something with what is in its hand; time
        passes. Single steps would find such histories, too, but rarely."""
        if self.over and anew:
            self.teardown()
            self.connect()
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
        for step in app:
            if run is not None and not run.busy:
                getattr(self, step)(run)
                self.holds()
        if ends:
            self.half_close()
            self.holds()
        self.wait(ticks)

    @precondition(lambda self: not self.eof and self.delivered < len(self.said) and self.wire.transport.reading)
    @rule(size=st.one_of(st.integers(1, 60), st.just(10_000)))
    def deliver(self, size):
        data = self.said[self.delivered:self.delivered + size]
        if data and not self.wire.closed:
            self.delivered += len(data)
            self.wire.send(data)

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

    def reset(self):
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
            assert isinstance(outcome, OSError)
        else:
            assert outcome is None and not run.busy
            run.status, run.declared, run.says_close = status, declared, close

    def body(self, run, size, more):
        outcome = self.order(run, lambda: run.send(
            {"type": "http.response.body", "body": b"b" * size, "more_body": more}))
        if run.complete:
            assert outcome is None
        elif run.status is None:
            assert isinstance(outcome, RuntimeError)
        elif run.gone:
            assert isinstance(outcome, OSError)
        else:
            self.respond(run, size, more, outcome)

    def respond(self, run, size, more, outcome):
        request, answer = self.requests[run.number], self.expected[run.number]
        silent = run.status in (204, 304) or request.method == "HEAD"
        if run.declared is not None and not silent:
            after = len(answer.body) + size
            if after > run.declared or (not more and after < run.declared):
                assert isinstance(outcome, RuntimeError)
                return
        assert outcome is None
        if not run.begun:
            run.begun, answer.status = True, run.status
            if request.is_http_10 and run.declared is None and more and run.status not in (204, 304):
                answer.until_close = True
        if not silent:
            answer.body += b"b" * size
        answer.complete = not more or silent or len(answer.body) == run.declared  # to the client
        if not more:
            self.complete(run)

    def complete(self, run):
        request, answer = self.requests[run.number], self.expected[run.number]
        run.complete = True
        self.in_hand = None
        if not request.keep_alive or run.says_close or answer.until_close:
            self.over = True
        elif self.delivered < request.end and not self.eof:
            # To read the rest is worth it only if its size is known, and it is sure to come.
            self.over = request.chunked or request.awaits_continue
            self.draining = request

    def end(self, run, failure):
        async def end():
            raise failure

        self.order(run, end)
        assert run.ended
        if not run.complete and not run.gone:
            answer = self.expected[run.number]
            if not run.begun and not (self.eof and failure is Returned):  # it may give up when its client has ended
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
            before = self.written
            self.wire.tick()
            self.quiet += 1
            self.read_answers()
            news = self.written > before
            if key is None:
                assert not news and (self.lost or not self.wire.ended)
            else:
                self.judge(key[0], news)
            self.model()

    def waits_for(self):
        """(state, since which event), None for the app."""
        if self.lost:
            return None
        if self.lagging:
            return ("send", self.taken)
        if self.over:
            return ("end",)
        if self.in_hand is not None:
            run = self.in_hand
            if run.receiver is not None and not self.eof and self.delivered < self.requests[run.number].end:
                return ("body", run.number, self.arrived(run), run.receives)
            return None
        if self.draining is not None:
            return ("drain", self.draining.number)
        if self.delivered == 0 or self.delivered > self.next_start:
            return ("head", self.turn)
        return ("idle", self.turn)

    def judge(self, state, news):
        limit = LIMITS["drain"] + LIMITS["close"] if state == "end" else LIMITS[
            {"head": "header", "idle": "keepalive"}.get(state, state)]
        ticks = ceil(limit / TICK)
        latest = 2 * ticks + 3 if state in ("send", "end") else ticks + 2
        acted = news or self.wire.closed or (self.wire.ended and state != "end")
        if not acted:
            assert self.quiet < latest, f"still waits in {state}"
            return
        assert self.quiet > ticks or state == "end", f"did not wait in {state}"
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

    # --- the model ---

    @property
    def lagging(self):
        return self.wire.transport.paused and not self.lost

    @property
    def next_start(self):
        """Where the next request begins."""
        return self.requests[self.turn].start if self.turn < len(self.requests) else len(self.said)

    def arrived(self, run):
        heard = min(self.delivered, run.heard)
        return sum(offset <= heard for offset in self.requests[run.number].arrivals)

    def part(self, run):
        """The app has lost its client."""
        if not run.gone and not run.complete:
            run.gone, run.heard = True, self.delivered

    def refuse(self, status, answer=None):
        if answer is None:
            answer = Expected("GET")
            self.expected.append(answer)
        answer.status, answer.complete, answer.any_body = status, True, True
        self.over = True

    def lose(self):
        self.lost = self.over = True
        self.in_hand = None
        for run in self.runs:
            self.part(run)

    def model(self):
        """What has to follow from what has come."""
        while not self.over and not self.lost:
            run = self.in_hand
            if run is not None:
                request = self.requests[run.number]
                if request.refused and self.delivered >= request.end:
                    self.part(run)
                    self.over = True
                    self.in_hand = None
                    if not run.begun:
                        self.refuse(request.refused, self.expected[run.number])
                return
            if self.lagging and len(self.answers) <= len(self.expected):
                return
            if self.draining is not None:
                if self.delivered < self.draining.end:
                    self.over = self.eof
                    return
                self.draining = None
            request = self.requests[self.turn] if self.turn < len(self.requests) else None
            if request is not None and request.refused and self.delivered >= request.end:
                self.turn += 1
                self.refuse(request.refused)
            elif request is not None and request.head_end is not None and self.delivered >= request.head_end:
                self.turn += 1
                assert len(self.runs) >= self.turn, "a request was not acted upon"
                self.in_hand = self.runs[request.number]
                self.expected.append(Expected(request.method))
            else:
                self.over = self.eof
                return

    # --- what must hold after every step ---

    @invariant()
    def holds(self):
        if len(self.wire.transport.buffer) == 1:  # not worth a pause: no lag yet
            self.taken += 1
            self.wire.read(1)
        self.read_answers()
        self.model()
        if self.wire.closed and not self.lost:
            assert self.over and not self.lagging
            self.lose()
        assert [run.number for run in self.runs] == list(range(len(self.runs)))
        assert len(self.runs) <= self.turn
        self.check_answers()
        for run in self.runs:
            self.check_run(run)
        if self.over and not self.lagging:
            assert self.wire.closed or (self.wire.ended and not self.eof)
        if self.lost:
            assert self.wire.closed and not any(self.wire.clock.census().values())
        elif not self.over:
            assert not self.wire.ended

    def read_answers(self):
        """Those that the server has written, whether the client has read them or not."""
        everything = self.wire.output + self.wire.transport.buffer
        if len(everything) > self.written:
            self.answers.feed(everything[self.written:])
            self.written = len(everything)
        if self.wire.ended and not self.wire.transport.buffer and not self.fed_end:
            self.fed_end = True
            self.answers.feed(b"")

    def check_answers(self):
        for expected, answer in zip_longest(self.expected, self.answers):
            assert expected is not None, "an answer to nothing"
            if answer is None:
                assert expected.status is None and not expected.continues
                continue
            assert (answer.status, answer.continues) == (expected.status, expected.continues)
            assert expected.any_body or answer.body == expected.body
            assert answer.complete == (
                self.fed_end and not expected.cut if expected.until_close else expected.complete)

    def check_run(self, run):
        if run.busy:
            assert self.lagging, "send() waits for a peer that does not lag"
        if run.receiver is None:
            return
        request = self.requests[run.number]
        arrived = self.arrived(run)
        whole = min(self.delivered, run.heard) >= request.end and not request.refused
        news = arrived > run.consumed or (whole and not run.handed_over)
        assert run.receiver.done() == (news or run.complete or run.gone or self.eof)
        if not run.receiver.done():
            return
        event, run.receiver = run.receiver.result(), None
        if event["type"] == "http.disconnect":
            assert run.complete or (not news and (run.gone or self.eof))
        else:
            assert not run.complete
            assert event == {"type": "http.request", "body": request.body[run.consumed:arrived],
                             "more_body": not whole}
            run.consumed, run.handed_over = arrived, whole


async def ready(receive):
    return await receive()


def test_random_histories_of_a_connection(request, caplog):
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests")
    long = request.config.getoption("--long")
    run_state_machine_as_test(Machine, settings=settings(
        max_examples=20_000 if long else 800, stateful_step_count=40 if long else 20, deadline=None,
        derandomize=not long, database=None, suppress_health_check=list(HealthCheck), print_blob=True))
