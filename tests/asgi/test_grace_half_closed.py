"""A client that has ended its side: it may have gone, or wait for its answer. How long its app may take, and how the
server learns that a client has gone which the loop does not listen to. In memory; real sockets:
test_grace_half_closed_served.py.

A client that is known to have gone: test_grace.py.
"""

import asyncio

import pytest

from fastsrv_ext.clock import TICK
from tests.support.apps import hello
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.support.sleepers import App, asleep, asleep_midway, noise
from tests.support.wire import get, post

GRACE = 3


def not_told_within_the_grace_period(wire):
    """(app, its client, which has half-closed, the receive() that waits for its disconnect)"""
    app = Puppet()
    it = wire(app, grace=GRACE).send(get()).end()
    app.receive()
    told = app.receive()
    it.tick(GRACE)
    assert not told.done()
    return app, it, told


def gets_an_answer(it, app):
    app.begin()
    app.body(b"answer").result()
    assert it.output.endswith(b"answer")
    app.finish()


def test_client_that_has_half_closed_gets_its_answer_within_the_grace_period(wire):
    app, it, _ = not_told_within_the_grace_period(wire)
    gets_an_answer(it, app)


def test_app_is_told_when_a_client_that_has_half_closed_takes_nothing_and_may_answer_yet(wire):
    app, it, told = not_told_within_the_grace_period(wire)
    it.tick(2 * TICK)
    assert told.result() == {"type": "http.disconnect"}
    it.tick(GRACE - TICK)
    gets_an_answer(it, app)


def test_client_that_has_half_closed_and_takes_what_is_sent_is_waited_for(wire):
    app = Puppet()
    it = wire(app, grace=GRACE).send(get()).end()
    app.begin()
    for _ in range(10):
        it.tick(GRACE)
        app.body(b"piece", more=True).result()
    app.body(b"answer").result()
    assert it.output.count(b"piece") == 10 and b"answer" in it.output
    app.finish()


def test_client_that_has_half_closed_and_reads_slowly_is_waited_for(wire):
    app = Puppet()
    it = wire(app, grace=GRACE, send=100, min_rate=1)
    it.transport.room = 10
    it.send(get()).end()
    app.begin()
    sending = app.body(b"x" * 1000, more=True)
    it.wait(10 * GRACE)
    assert not sending.done()
    it.read()
    sending.result()
    app.body(b"answer").result()
    it.read()
    assert it.output.endswith(b"answer\r\n0\r\n\r\n")
    app.finish()


@pytest.mark.parametrize("work", [asleep, asleep_midway])
@pytest.mark.parametrize("resets", [False, True])
def test_app_of_which_nothing_comes_for_a_client_that_has_half_closed_is_cancelled(wire, caplog, work, resets):
    """Behind two grace periods: at the end of the first it is told, at once of a reset."""
    app = App(work)
    it = wire(app, grace=GRACE).send(get()).end()
    it.tick(TICK)
    if resets:
        it.reset()
    it.tick(2 * GRACE - TICK)
    assert app.ends == [None]
    it.tick(3 * TICK)
    assert app.cancelled
    assert it.closed
    if not resets and work is asleep:  # it may be there, and is owed an answer
        assert it.output.startswith(b"HTTP/1.1 500 ")
    assert noise(caplog) == []


def test_grace_period_of_a_request_whose_turn_comes_behind_the_clients_end(wire):
    first = asyncio.Event()

    async def work(receive, send):
        await first.wait()
        if len(app.ends) == 2:
            await asyncio.Event().wait()
        await hello(None, receive, send)

    app = App(work)
    it = wire(app, grace=GRACE).send(get() * 2).end()
    it.tick(GRACE - TICK)
    it.call(first.set)
    assert app.ends == ["returned", None]
    it.tick(2 * GRACE)
    assert app.ends[1] is None
    it.tick(3 * TICK)
    assert isinstance(app.ends[1], asyncio.CancelledError)
    assert it.closed


def test_half_closed_client_has_two_seconds_where_there_is_no_grace_period(wire):
    app = App(asleep)
    it = wire(app, grace=0).send(get()).end()
    it.tick(2)
    assert app.ends == [None]
    it.tick(3 * TICK)
    assert app.cancelled


def test_work_after_the_answer_to_a_client_that_has_half_closed_is_not_cancelled(wire):
    async def work(receive, send):
        await asyncio.sleep(0)
        await hello(None, receive, send)
        await go.wait()

    app = App(work)
    it = wire(app, grace=GRACE)
    go = asyncio.Event()
    it.send(get()).end().wait(10 * GRACE)
    assert app.ends == [None]
    it.call(go.set)
    assert app.ends == ["returned"]


def test_half_closed_client_of_a_unix_socket_is_waited_for(wire):
    """There a client that has closed is known to have gone."""
    app = Puppet()
    it = wire(app, grace=0, unix=True).send(get()).end().wait(10 * GRACE)
    gets_an_answer(it, app)


# --- a client that the loop does not listen to ---


@of_linux
@pytest.mark.parametrize("way", ["half-closed", "reading is paused"])
def test_client_that_is_not_listened_to_is_looked_for_now_and_then(wire, way):
    app = App(asleep)
    it = wire(app, grace=20 * GRACE)
    if way == "half-closed":
        it.send(get()).end()
    else:
        it.send(post(b"x" * 100_000)[:-1])
        assert not it.transport.reading
    it.wait(10 * GRACE)
    assert not it.closed
    it.transport.peer.close()  # the kernel knows, the loop is not told
    assert not it.closed
    it.wait(1)
    assert it.closed
    reason = "peer_ended" if way == "half-closed" else "lost"
    assert it.context.counters.snapshot()["connections"][reason] == 1
    it.wait(40 * GRACE)
    assert app.cancelled


@pytest.mark.parametrize("end", ["the answer", "a reset"])
def test_nobody_looks_for_a_client_that_is_owed_nothing(wire, end):
    app = Puppet()
    it = wire(app, keepalive=1000).send(post(b"x" * 100_000)[:-1])
    assert it.clock.census()["WATCH"] == 1
    if end == "a reset":
        it.reset()
    else:
        app.receive().result()
        app.begin()
        app.body(b"answer").result()
        it.wait(1)
        assert not it.closed
    assert it.clock.census()["WATCH"] == 0
    app.finish()
