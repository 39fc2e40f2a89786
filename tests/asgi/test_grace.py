"""An app whose client has gone before its answer was complete: it has a time to end by itself, then it is cancelled,
once. Who is never cancelled. In memory; real sockets: test_grace_served.py.

A client that has ended its side: test_grace_half_closed.py.
"""

import asyncio
import logging
import re

import pytest

from fastsrv_ext.clock import TICK
from tests.support.apps import hello, read_body
from tests.support.sleepers import (
    PIECE,
    SLEEPERS,
    START,
    App,
    asleep,
    asleep_midway,
    ignores_the_disconnect,
    ignores_the_error,
    noise,
)
from tests.support.wire import get, post

GRACE = 3


@pytest.mark.parametrize("work", SLEEPERS)
def test_app_that_does_not_end_is_cancelled_after_the_grace_period(wire, caplog, work):
    caplog.set_level(logging.DEBUG)
    app = App(work)
    it = wire(app, grace=GRACE, send_raises=True)
    it.transport.room = 500  # for the one that is stuck in send()
    it.send(get(b"/page"))
    written = it.output
    it.reset()
    it.tick(GRACE)
    assert app.ends == [None]  # never early
    it.tick(2 * TICK)
    assert app.cancelled
    assert it.output == written
    assert noise(caplog) == []
    assert re.search("The (app was cancelled|client has gone) during GET /page", caplog.text)
    assert not asyncio.all_tasks(it.loop)


@pytest.mark.parametrize("work", SLEEPERS)
def test_grace_period_of_0_cancels_in_the_next_turn(wire, caplog, work):
    caplog.set_level(logging.DEBUG)
    app = App(work)
    it = wire(app, grace=0, send_raises=True)
    it.transport.room = 500
    it.send(get())
    it.reset()
    assert app.cancelled
    assert noise(caplog) == []
    assert not asyncio.all_tasks(it.loop)


def test_cancelled_app_cleans_up_without_being_disturbed(wire, caplog):
    """However long it takes; a warning tells of one that needs as long again."""
    cleaned = []

    async def work(receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            await go.wait()
            cleaned.append(True)

    app = App(work)
    it = wire(app, grace=GRACE)
    go = asyncio.Event()
    it.send(get()).reset().wait(GRACE)
    assert noise(caplog) == []
    it.wait(10 * GRACE)
    assert noise(caplog) == [
        ("WARNING", "The app goes on with GET / after its client has gone and it was cancelled")]
    it.call(go.set)
    assert cleaned and app.cancelled


@pytest.mark.parametrize("grace", [GRACE, 0])
def test_app_that_goes_on_all_the_same_is_cancelled_once_and_told_of_once(wire, caplog, grace):
    cancelled = []

    async def work(receive, send):
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                if len(cancelled) == 1:
                    raise  # the test's own end
                cancelled.append(error)

    it = wire(App(work), grace=grace).send(get(b"/stubborn")).reset().wait(100)
    assert len(cancelled) == 1
    assert noise(caplog) == [
        ("WARNING", "The app goes on with GET /stubborn after its client has gone and it was cancelled")]
    assert not any(it.clock.census().values())


def test_app_that_returns_when_it_is_cancelled_is_no_error(wire, caplog):
    async def work(receive, send):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

    app = App(work)
    wire(app, grace=GRACE).send(get()).reset().wait(GRACE)
    assert app.ends == ["returned"]
    assert noise(caplog) == []


def test_bug_in_an_apps_cleanup_is_logged(wire, caplog):
    async def work(receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError("a bug")

    wire(App(work), grace=GRACE).send(get()).reset().wait(GRACE)
    assert noise(caplog) == [("ERROR", "The app raised during GET /")]


async def listens(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass
    await asyncio.sleep(0)


async def streams(receive, send):
    await send(START)
    with pytest.raises(OSError):
        while True:
            await send(PIECE)


@pytest.mark.parametrize("work", [listens, streams])
def test_app_that_ends_by_itself_is_not_cancelled(wire, caplog, work):
    app = App(work)
    it = wire(app, grace=GRACE, send_raises=True)
    it.transport.room = 500
    it.send(get()).reset()
    assert app.ends == ["returned"]
    assert it.clock.census()["GRACE"] == 0  # nothing is left to wait for
    it.wait(10 * GRACE)
    assert noise(caplog) == []


# --- who is not cancelled ---


@pytest.mark.parametrize("grace", [GRACE, 0])
@pytest.mark.parametrize("lags", [False, True])
def test_work_after_a_complete_response_is_never_cancelled(wire, grace, lags):
    """Background tasks of Starlette run in the same task; whether the last bytes have left is not their business."""
    async def work(receive, send):
        await hello(None, receive, send)
        await go.wait()

    app = App(work)
    it = wire(app, grace=grace)
    it.transport.room = 10 if lags else None
    go = asyncio.Event()
    it.send(get()).reset().wait(10 * GRACE)
    assert app.ends == [None]
    it.call(go.set)
    assert app.ends == ["returned"]


@pytest.mark.parametrize("grace", [GRACE, 0])
def test_pipelined_request_of_a_client_that_has_gone_is_not_started(wire, grace):
    app = App(asleep)
    it = wire(app, grace=grace).send(get() * 3).reset().wait(10 * GRACE)
    assert app.cancelled and len(app.ends) == 1
    assert it.output == b""


# --- a client that is there, and can have no answer any more ---


@pytest.mark.parametrize(("request_bytes", "status"), [
    (post(b"hello")[:-1], b"408"), (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz", b"400"),
], ids=["slow", "broken"])
def test_app_of_a_refused_body_is_cancelled_after_the_grace_period(wire, caplog, request_bytes, status):
    app = App(ignores_the_disconnect)
    it = wire(app, grace=GRACE, body=2).send(request_bytes[:-1], request_bytes[-1:])
    if status == b"408":
        it.tick(2.25)
    assert it.take().startswith(b"HTTP/1.1 " + status)
    it.tick(GRACE)
    assert app.ends == [None]
    it.tick(2 * TICK)
    assert app.cancelled
    assert it.output == b""
    assert noise(caplog) == []


# --- the rest of the server ---


@pytest.mark.parametrize("work", [asleep, asleep_midway, ignores_the_error])
def test_access_log_has_what_was_cut_off_once(wire, work):
    """When the app has ended, whose context variables it may want. 499: no answer had begun."""
    told = []
    app = App(work)
    it = wire(app, grace=GRACE, finished=lambda cycle: told.append(cycle.status), send_raises=True)
    it.transport.room = 500
    it.send(get()).reset()
    it.wait(10 * GRACE)
    assert app.cancelled and told == [499 if work is asleep else 200]


def test_cancel_method_that_raises_does_not_stop_the_clock(wire):
    """What an app awaits may be anybody's."""
    class Bad(asyncio.Future):
        def cancel(self, msg=None):
            raise ZeroDivisionError("a bug of a library")

    futures = []

    async def work(receive, send):
        futures.append(Bad())
        await futures[0]

    app = App(work)
    it = wire(app, grace=GRACE).send(get()).reset()
    with pytest.raises(AssertionError, match="a bug of a library"):  # Wire's look into the loop's errors
        it.wait(GRACE)
    it.errors.clear()
    it.wait(GRACE)  # the clock goes on
    it.call(futures[0].set_result, None)
    assert app.ends == ["returned"]


def test_body_that_has_come_is_handed_over_within_the_grace_period(wire):
    """Some clients never wait for an answer."""
    bodies = []

    async def work(receive, send):
        await go.wait()
        bodies.append(await read_body(receive))

    app = App(work)
    it = wire(app, grace=GRACE)
    go = asyncio.Event()
    it.send(post(b"hello")).reset()
    it.call(go.set)
    assert bodies == [b"hello"]
