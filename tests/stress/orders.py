"""What the app does in the histories of test_states.py, and what is owed to its client from then on. The rule `app` is
a step of a history.
"""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stress.history import Failed, Returned
from tests.stress.model import Model


class Orders(Model):

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
                    answer.complete = run.complete = True
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


async def ready(receive):
    return await receive()
