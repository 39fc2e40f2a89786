"""Every answer, whatever the app says, is to h11 as a client the answer that answers.py expects, and the connection
goes on or ends as h11 takes it to."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from tests.differ import run
from tests.differ.answers import FRAMING, exchanges, expected
from tests.support.apps import read_body
from tests.support.client import Answers
from tests.support.wire import Wire

QUIET = logging.getLogger("fastsrv.tests.differ")  # apps are told to fail
QUIET.disabled = True


class App:
    """Follows each exchange's script in turn."""

    def __init__(self, exchanges):
        self.exchanges, self.calls = exchanges, 0

    async def __call__(self, scope, receive, send):
        exchange = self.exchanges[self.calls]
        self.calls += 1
        if exchange.reads:
            assert await read_body(receive) == exchange.body
        last = len(exchange.parts) - 1
        for index, message in enumerate([
            {"type": "http.response.start", "status": exchange.status, "headers": exchange.headers},
            *({"type": "http.response.body", "body": part, "more_body": number < last}
              for number, part in enumerate(exchange.parts)),
        ]):
            if exchange.fails == index:
                raise RuntimeError("told to")
            await send(message)


@given(st.lists(exchanges(), min_size=1, max_size=3), st.booleans(), st.sampled_from([True, True, True, False]))
def any_answers(exchanges, together, keepalive):
    app = App(exchanges)
    wire = Wire(app, keepalive=5 if keepalive else 0)
    wire.dispatch.log = QUIET
    try:
        reads = [read for exchange in exchanges for read in exchange.sent if read]
        wire.send(*([b"".join(reads)] if together else reads))
        answers = Answers(lambda index: exchanges[index].method.decode()).feed(wire.output)
        ended = wire.ended or wire.transport.aborted
        if ended:
            answers.feed(b"")
        told = []
        for exchange in exchanges:
            told.append(expected(exchange, keepalive, together))
            if not told[-1].persists:
                break
        assert len(answers) == app.calls == len(told)
        for answer, expectation in zip(answers, told, strict=True):
            check(answer, expectation)
        assert ended == (not told[-1].persists)
        assert wire.transport.aborted == told[-1].reset
    finally:
        wire.close()


def check(answer, expectation):
    assert answer.status == expectation.status
    assert answer.body == expectation.body
    assert answer.complete == expectation.whole
    assert [(name, value) for name, value in answer.fields if name not in FRAMING] == expectation.fields
    assert [int(value) for name, value in answer.fields if name == b"content-length"] == expectation.lengths
    assert sum(name == b"date" for name, _ in answer.fields) == 1
    assert sum(name == b"server" for name, _ in answer.fields) == 1
    if expectation.announced:
        assert answer.persists == expectation.persists


def test_answers_are_what_a_client_reads(request):
    run(request, any_answers, 400, 50_000)
