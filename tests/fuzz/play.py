"""One connection on a Wire, its peer and its app, which do as they are told, and what must hold after each step.

Knows nothing of the fuzzer: protocol.py reads its input and gives the orders.
"""

import logging
from itertools import zip_longest

from tests.policy.row import LIMITS
from tests.support.client import Answers
from tests.support.puppet import Puppet
from tests.support.wire import TICK, Wire, settle

SECONDS = 2  # each limit on time
PATIENCE = int(SECONDS / TICK)  # ticks that a peer may keep us waiting
# What the app may be told when it sends what it must not, or its client has gone.
REPROACHES = ("send() got ", "the response's body ", "the client has gone")
QUIET = logging.getLogger("fastsrv.tests.fuzz")  # apps are told to fail
QUIET.disabled = True


class Request:
    """A call of the app, and what it knows and has done."""

    def __init__(self, call):
        self.call = call
        self.body, self.whole, self.gone = b"", False, False
        self.begun = self.complete = self.failed = False
        self.left = None  # bytes of the length that it has declared
        self.receiving, self.sending = None, []  # tasks

    def look(self):
        """Has something come of what the app waits for?"""
        if self.receiving is not None and self.receiving.done():
            event, self.receiving = self.receiving.result(), None
            if event["type"] == "http.disconnect":
                self.gone = True
            else:
                assert not self.whole and not self.gone, f"nothing can follow: {event}"
                self.body += event["body"]
                self.whole = not event["more_body"]
        for task in [task for task in self.sending if task.done()]:
            self.sending.remove(task)
            failure = task.exception()
            assert failure is None or str(failure).startswith(REPROACHES), repr(failure)

    def receive(self):
        if self.receiving is None:
            self.receiving = self.call.receive()
        self.look()

    def stop_receiving(self):
        if self.receiving is not None:
            self.call.loop.call_soon(self.receiving.cancel)
            self.call.loop.run_until_complete(settle())
            self.receiving = None

    def send(self, **message):
        """Is it on its way?"""
        task = self.call.send(message)
        self.sending.append(task)
        self.look()
        return not task.done() or task.exception() is None

    def begin(self, length=None):
        headers = [] if length is None else [(b"content-length", b"%d" % length)]
        if self.send(type="http.response.start", status=200, headers=headers) and not (self.begun or self.failed):
            self.begun, self.left = True, length

    def write(self, body, more=True):
        if self.send(type="http.response.body", body=body, more_body=more):
            self.complete = self.complete or not (more or self.failed)
            if self.left is not None:
                self.left -= len(body)

    def end(self, failure=None):
        if not self.call.over.done():
            self.failed = not self.complete
            self.call.finish(failure)

    def answer(self):
        """Take all that there is of the body, send all that is left of the answer, end."""
        if self.call.over.done():
            return
        while not (self.whole or self.gone or self.receiving):
            self.receive()
        self.stop_receiving()
        if not self.begun:
            self.begin()
        if not self.complete:
            self.write(b"x" * (self.left or 0), more=False)
        self.end()


class Play:
    """requests: those that the app has seen; answers: those that were written; said: the peer's bytes."""

    def __init__(self, scan):
        self.app, self.requests, self.said = Puppet(), [], b""
        self.wire = Wire(self.app, scan_heads=scan, **LIMITS, **dict.fromkeys(
            ["header", "keepalive", "body", "send", "drain", "close"], SECONDS))
        self.wire.dispatch.log = QUIET
        self.answers, self.fed, self.saw_end = Answers(self.method), 0, False
        self.peer_ended = self.peer_reset = False
        self.kept_waiting = 0  # ticks that the peer was waited for, beside the next request

    def method(self, index):
        """Of the request that an answer belongs to. Without one it is a refusal, hence the last, and of a HEAD request
        if it has no body."""
        if index < len(self.requests):
            return self.requests[index].call.scope["method"]
        return "HEAD" if self.written.endswith(b"\r\n\r\n") else "GET"

    @property
    def written(self):
        return self.wire.output + self.wire.transport.buffer

    @property
    def refused(self):
        return any(is_refusal(answer) for answer in self.answers)

    def check(self):
        assert not self.wire.errors, self.wire.errors
        self.requests += map(Request, self.app.calls[len(self.requests):])
        for request in self.requests:
            request.look()
        self.wire.connection.describe()
        written = self.written
        if len(written) > self.fed:
            self.answers.feed(written[self.fed:])
            self.fed = len(written)
        self.saw_end = self.saw_end or self.wire.ended
        assert len(self.answers) <= len(self.requests) + 1, "an answer to nothing"
        for index, answer in enumerate(self.answers):
            if answer.status is None:
                continue
            if not is_refusal(answer):
                request = self.requests[index]
                assert request.begun if answer.status == 200 else request.failed and answer.status == 500
            if is_refusal(answer) or answer.headers.get("connection") == "close":
                assert len(self.answers) == index + 1 and len(self.requests) <= index + 1, "acted upon after the last"

    def finish(self):
        """The peer reads everything, the app gives each answer that is owed, the peer ends: then we have to."""
        self.peer_reads()
        self.check()
        done = 0
        while done < len(self.requests):
            self.requests[done].answer()
            self.check()
            done += 1
        self.peer_ends()
        if self.saw_end:
            self.answers.feed(b"")
        self.tick(PATIENCE + 3)
        self.check()
        assert self.wire.closed, "the connection does not close"
        self.check_counts()

    def check_counts(self):
        """What is told of it: one end with one reason, what was refused, and nothing that is left."""
        counts = self.wire.context.counters.snapshot()
        ends = [reason for reason, times in counts["connections"].items() for _ in range(times)]
        assert counts["opened"] == len(ends) == 1 and ("lost" not in ends or self.peer_reset), ends
        assert self.refused <= sum(counts["refused"].values()) <= 1
        assert counts["requests"] == len(self.requests) and counts["in_flight"] == 0

    def unanswered(self):
        """The requests that the app has seen and the peer has no whole answer to."""
        return [request for request, answer in zip_longest(self.requests, self.answers)
                if request is not None and not (answer is not None and answer.complete)]

    # --- time, the peer, the worker ---

    def tick(self, times=1):
        self.wire.loop.run_until_complete(self.ticking(times))

    async def ticking(self, times):
        """As Wire.tick() does, and faster."""
        for _ in range(times):
            self.kept_waiting += self.wire.transport.paused or any(
                request.receiving and not request.whole for request in self.requests)
            self.wire.clock.advance()
            self.wire.clock.judge()
            if self.wire.context.draining:
                self.wire.connection.shut(0)
            await settle()

    def peer_sends(self, data):
        if data and not self.peer_ended:
            self.said += data
            self.wire.send(data)

    def peer_ends(self):
        if not self.peer_ended:
            self.peer_ended = True
            self.wire.end()

    def peer_resets(self):
        self.peer_ended = self.peer_reset = True
        self.wire.reset()

    def peer_stops_reading(self):
        self.wire.transport.room = 0

    def peer_reads(self):
        self.wire.transport.room = None
        self.wire.read()

    def worker_drains(self):
        self.wire.context.draining = True
        self.wire.clock.cap("IDLE", 1)


def is_refusal(answer):
    return answer.status is not None and 400 <= answer.status < 500
