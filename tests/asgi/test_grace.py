"""An app whose client has gone before its answer was complete: it has a time to end by itself, then it is cancelled,
once. Who is never cancelled. In memory; real sockets: test_grace_served.py.
"""

import asyncio
import logging
import re
import sys

import anyio
import pytest

from fastsrv_ext.clock import TICK
from tests.support.apps import hello, read_body
from tests.support.puppet import Puppet
from tests.support.wire import get, post

GRACE = 3
START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece", "more_body": True}


def noise(caplog):
    return [(record.levelname, record.message) for record in caplog.records if record.levelno > logging.DEBUG]


class App:
    """Runs `work(receive, send)` for each request, and keeps what became of it: None while it runs, "returned", or
    the exception."""

    def __init__(self, work):
        self.work = work
        self.ends = []

    async def __call__(self, scope, receive, send):
        number = len(self.ends)
        self.ends.append(None)
        try:
            await self.work(receive, send)
            self.ends[number] = "returned"
        except BaseException as error:
            self.ends[number] = error
            raise

    @property
    def cancelled(self):
        return isinstance(self.ends[0], asyncio.CancelledError)


async def asleep(receive, send):
    await asyncio.Event().wait()


async def asleep_after_its_first_step(receive, send):
    await asyncio.sleep(0)
    await asyncio.Event().wait()


async def asleep_midway(receive, send):
    await send(START)
    await send(PIECE)
    await asyncio.Event().wait()


async def ignores_the_disconnect(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass
    await asyncio.Event().wait()


async def ignores_the_error(receive, send):
    await send(START)
    try:
        await send({**PIECE, "body": b"x" * 1000})
    except OSError:
        await asyncio.Event().wait()


async def waits_for_others(receive, send):
    await asyncio.gather(asyncio.Event().wait(), asyncio.create_task(asleep(receive, send)))


async def shields(receive, send):
    await asyncio.shield(asyncio.sleep(0.001))
    await asyncio.shield(asyncio.Event().wait())


async def within_scopes(receive, send):
    with anyio.CancelScope(shield=True), anyio.move_on_after(1000):
        await anyio.sleep_forever()


async def within_anyio_group(receive, send):
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        group.start_soon(asleep, receive, send)


async def within_group(receive, send):
    async with asyncio.TaskGroup() as group:
        group.create_task(asleep(receive, send))
        await asleep(receive, send)


async def within_timeout(receive, send):
    async with asyncio.timeout(1000):
        await asleep(receive, send)


SLEEPERS = [asleep, asleep_after_its_first_step, asleep_midway, ignores_the_disconnect, ignores_the_error,
            waits_for_others, within_scopes, within_anyio_group]
if sys.version_info >= (3, 11):
    SLEEPERS += [within_group, within_timeout]


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


# --- a client that has ended its side: it may have gone, or wait for its answer ---


def test_client_that_has_half_closed_gets_its_answer_within_the_grace_period(wire):
    app = Puppet()
    it = wire(app, grace=GRACE).send(get()).end()
    app.receive()
    told = app.receive()
    it.tick(GRACE)
    assert not told.done()
    app.begin()
    app.body(b"answer").result()
    assert it.output.endswith(b"answer")
    app.finish()


def test_app_is_told_when_a_client_that_has_half_closed_takes_nothing_and_may_answer_yet(wire):
    app = Puppet()
    it = wire(app, grace=GRACE).send(get()).end()
    app.receive()
    told = app.receive()
    it.tick(GRACE)
    assert not told.done()
    it.tick(2 * TICK)
    assert told.result() == {"type": "http.disconnect"}
    it.tick(GRACE - TICK)
    app.begin()
    app.body(b"answer").result()
    assert it.output.endswith(b"answer")
    app.finish()


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
    app.begin()
    app.body(b"answer").result()
    assert it.output.endswith(b"answer")
    app.finish()


# --- a client that the loop does not listen to ---


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
