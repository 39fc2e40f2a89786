"""Found by a review: what came in the very turn in which a grace period was judged, or had come just before it."""

import asyncio

import pytest

from fastsrv_ext.clock import TICK
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.unit.test_memory import alive

GRACE = 3
START = {"type": "http.response.start", "status": 200, "headers": []}


def test_work_behind_an_answer_that_comes_in_the_turn_of_the_judgement_is_not_cancelled(wire):
    ends = []

    async def app(scope, receive, send):
        try:
            await go.wait()
            await send(START)
            await send({"type": "http.response.body", "body": b"answer"})
            await asyncio.sleep(0)
            await later.wait()
            ends.append("returned")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    it = wire(app, grace=GRACE)
    go, later = asyncio.Event(), asyncio.Event()
    it.send(get()).end().tick(GRACE)

    def judge():
        go.set()
        it.clock.advance()
        it.clock.judge()

    it.call(judge)
    assert it.output.endswith(b"answer")
    it.wait(10)
    it.call(later.set)
    assert ends == ["returned"]


@pytest.mark.parametrize("phase", range(13))
def test_client_that_has_caught_up_has_a_whole_period(wire, phase):
    app = Puppet()
    it = wire(app, grace=GRACE, send=100, min_rate=1)
    it.transport.room = 500
    it.send(get()).end()
    app.begin()
    app.body(b"x" * 1000, more=True)
    it.tick(10 + phase * TICK)
    it.read()
    it.tick(GRACE - TICK)
    app.body(b"answer").result()
    it.read()
    assert it.output.endswith(b"answer\r\n0\r\n\r\n")
    app.finish()


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_head_that_is_sent_counts(wire, method):
    app = Puppet()
    it = wire(app, grace=GRACE).send(method + get()[3:]).end()
    it.tick(GRACE - TICK)
    app.begin()
    app.body(b"", more=True).result()
    it.tick(GRACE - TICK)
    app.body(b"answer").result()
    app.finish()


def test_worker_that_ends_cancels_once(wire):
    cancelled = []

    async def app(scope, receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                cancelled.append("again")

    it = wire(app, grace=GRACE).send(get()).reset()
    it.tick(GRACE - TICK)
    it.call(it.dispatch.end)
    it.wait(10 * GRACE)
    assert not cancelled


def test_long_stream_leaves_no_periods_behind(wire):
    async def app(scope, receive, send):
        await send(START)
        while True:
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
            await go.wait()
            go.clear()

    it = wire(app, grace=GRACE)
    go = asyncio.Event()
    it.send(get()).end()
    periods = alive().count("Grace")
    for _ in range(50):
        it.tick(GRACE)
        it.call(go.set)
    assert it.output.count(b"piece") == 51
    assert alive().count("Grace") == periods
