"""What is counted of answers, bytes and times: by class, in histograms, and with whom it goes on."""

import pytest

from fastsrv_ext.counters import BOUNDS, SIZE, Counters, read
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get


def counted(it, name):
    return it.context.counters.snapshot()[name]


async def teapot(scope, receive, send):
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body"})


async def unheard_of(scope, receive, send):
    await send({"type": "http.response.start", "status": 799, "headers": []})
    await send({"type": "http.response.body"})


async def failing(scope, receive, send):
    raise ValueError


@pytest.mark.parametrize(("app", "request_", "expected"), [
    (hello, get(), "2xx"), (teapot, get(), "4xx"), (unheard_of, get(), "other"), (failing, get(), "5xx"),
    (hello, b"GET\r\n\r\n", "4xx"),  # no app is called
])
def test_each_answer_is_counted_by_the_class_of_its_status(wire, app, request_, expected):
    statuses = counted(wire(app).send(request_), "statuses")
    assert {name for name, count in statuses.items() if count} == {expected} and statuses[expected] == 1


def test_bytes_are_those_of_the_wire(wire):
    it = wire(hello)
    it.send(get()).send(get(b"/" * 100))
    assert counted(it, "bytes_received") == len(get()) + len(get(b"/" * 100))
    assert counted(it, "bytes_sent") == len(it.output)


def test_large_answer_is_counted_as_it_leaves(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 300_000, "more_body": True})
        await send({"type": "http.response.body", "body": b"y" * 100_000})

    it = wire(app).send(get())
    assert counted(it, "bytes_sent") == len(it.output) > 400_000


def test_answer_in_one_piece_has_one_time(wire):
    it = wire(hello).send(get())
    assert counted(it, "durations") == counted(it, "first_bytes") and counted(it, "durations")["count"] == 1


def test_head_that_leaves_first_has_a_time_of_its_own(wire):
    it = wire(Puppet()).send(get())
    it.dispatch.app.begin()
    it.dispatch.app.body(b"a", more=True)
    assert (counted(it, "first_bytes")["count"], counted(it, "durations")["count"]) == (1, 0)
    it.dispatch.app.body(b"b")
    assert (counted(it, "first_bytes")["count"], counted(it, "durations")["count"]) == (1, 1)
    assert counted(it, "first_bytes")["sum"] < counted(it, "durations")["sum"]


def test_refusal_has_no_time(wire):
    assert counted(wire(hello).send(b"GET\r\n\r\n"), "durations")["count"] == 0


def test_each_time_is_in_the_bucket_that_ends_above_it():
    for number, bound in enumerate(BOUNDS):
        counters = Counters()
        counters.tick_was_late(bound * 0.999)
        assert counters.snapshot()["lags"]["buckets"].index(1) == number
        assert counters.snapshot()["lags"]["sum"] == pytest.approx(bound * 0.999)


def test_what_takes_longer_than_all_is_in_the_last_bucket():
    counters = Counters()
    for seconds in BOUNDS[-1], 1e6:
        counters.tick_was_late(seconds)
    assert counters.snapshot()["lags"]["buckets"] == [0] * len(BOUNDS) + [2]


def test_tick_that_is_early_is_not_late():
    counters = Counters()
    counters.tick_was_late(-0.001)
    assert counters.snapshot()["lags"]["sum"] == 0


def test_sums_of_several_workers():
    memories = [bytearray(SIZE), bytearray(SIZE)]
    for memory in memories:
        Counters(memory).tick_was_late(1)
    assert read(*memories)["lags"]["count"] == 2 and read()["lags"]["count"] == 0
