"""Background tasks of a request whose client had reset never ran: send() raised, where other servers are silent."""

import asyncio
import logging
import sys

import pytest
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse

from fastsrv_ext.budget import TURN
from tests.support.wire import get

GRACE = 3
START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece", "more_body": True}
END = {"type": "http.response.body", "body": b"end"}
SLOW = 2 * TURN  # seconds: more than a turn of the loop should take


def noise(caplog):
    return [(record.levelname, record.message) for record in caplog.records if record.levelno > logging.DEBUG]


@pytest.mark.parametrize("grace", [GRACE, 0])
@pytest.mark.parametrize("events", [[START, END], [START, PIECE, END]])
def test_last_event_to_nobody_completes_the_answer(wire, caplog, events, grace):
    """No grace period cuts what follows it, receive() says so, and it is in flight no more."""
    ends = []

    async def app(scope, receive, send):
        await receive()
        disconnect = await receive()
        for event in events:
            await send(event)
        counted.append(it.context.counters.count("in_flight"))
        assert disconnect == await receive() == {"type": "http.disconnect"}
        try:
            await background.wait()
            ends.append("done")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    counted, background = [], asyncio.Event()
    it = wire(app, grace=grace)
    it.send(get()).reset()
    assert counted == [0]
    it.wait(10 * GRACE)
    assert ends == []
    it.call(background.set)
    assert ends == ["done"]
    assert it.context.counters.count("in_flight") == 0
    assert noise(caplog) == []


def test_request_whose_answer_goes_to_nobody_is_in_flight_until_it_is_complete(wire):
    async def app(scope, receive, send):
        await go.wait()
        await send(START)
        await go.wait()

    go = asyncio.Event()
    it = wire(app).send(get()).reset()
    assert it.context.counters.count("in_flight") == 1
    it.call(go.set)
    assert it.context.counters.count("in_flight") == 0


def test_app_that_returns_without_an_answer_for_nobody_is_no_error(wire, caplog):
    async def app(scope, receive, send):
        await go.wait()
        await send(START)
        await send(PIECE)

    go = asyncio.Event()
    wire(app).send(get()).reset().call(go.set)
    assert noise(caplog) == []


@pytest.mark.parametrize("way", ["reset", "end"])
def test_background_task_of_starlette_runs(wire, caplog, way):
    async def app(scope, receive, send):
        await go.wait()
        await PlainTextResponse("answer", background=BackgroundTask(background))(scope, receive, send)

    async def background():
        await later.wait()
        done.append(True)

    done, go, later = [], asyncio.Event(), asyncio.Event()
    it = wire(app, grace=GRACE).send(get())
    getattr(it, way)()
    it.call(go.set)
    it.wait(10 * GRACE)
    it.call(later.set)
    assert done == [True]
    assert noise(caplog) == []


@pytest.mark.parametrize("way", ["reset", "reset within send"])
def test_cut_stream_of_starlette_is_closed_and_its_background_task_runs(wire, caplog, way):
    notes = []

    async def stream():
        try:
            for _ in range(1000):
                yield b"x" * 1000
                await asyncio.sleep(0) if way == "reset within send" else await asyncio.Event().wait()
        finally:
            notes.append("closed")

    async def background():
        await asyncio.sleep(0)
        notes.append("background")

    async def app(scope, receive, send):
        await StreamingResponse(stream(), background=BackgroundTask(background))(scope, receive, send)

    it = wire(app, grace=GRACE)
    it.transport.room = 10 if way == "reset within send" else None
    it.send(get()).reset()
    assert notes == ["closed", "background"]
    assert noise(caplog) == []


def test_background_task_behind_a_cut_stream_has_the_grace_period(wire, caplog):
    """And its finally clauses run."""
    notes = []

    async def stream():
        yield b"piece"
        await asyncio.Event().wait()

    async def background():
        notes.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            notes.append("finally")

    async def app(scope, receive, send):
        await StreamingResponse(stream(), background=BackgroundTask(background))(scope, receive, send)

    it = wire(app, grace=GRACE).send(get()).reset()
    it.tick(GRACE)
    assert notes == ["begun"]
    it.tick(1)
    assert notes == ["begun", "finally"]
    assert noise(caplog) == []


# --- an app that awaits nothing but us ---


async def sends(receive, send):
    await send(PIECE)


async def sends_slowly(receive, send):
    deadline = asyncio.get_running_loop().time() + SLOW
    while asyncio.get_running_loop().time() < deadline:
        pass
    await send(PIECE)


async def receives(receive, send):
    await receive()


@pytest.mark.parametrize(("step", "most"), [(sends, 300), (sends_slowly, 2), (receives, 300)])
@pytest.mark.parametrize(("gone", "status"), [(False, 200), (True, 200), (False, 204)],
                         ids=["client is there", "client has gone", "client has all it can get"])
def test_app_that_awaits_nothing_else_lets_others_be_served(wire, step, most, gone, status):
    """most: steps of the app in a turn of the loop."""
    steps, turn = [], [0]

    async def app(scope, receive, send):
        next_turn()
        await send({**START, "status": status})
        await send(PIECE)
        await go.wait()
        while turn[0] < 50:
            steps.append(turn[0])
            await step(receive, send)

    def next_turn():
        turn[0] += 1
        if turn[0] < 100:
            it.loop.call_soon(next_turn)

    go = asyncio.Event()
    it = wire(app, turns=1, grace=1000, budget=TURN)
    it.send(get())
    if gone:
        it.reset()
    go.set()
    it.turns = 100
    it.call(lambda: None)
    if step is receives and not gone:
        assert len(steps) == 2  # it waits
    else:
        assert len(set(steps)) >= 10  # it goes on, and gives way
        assert max(steps.count(number) for number in steps) <= most


@pytest.mark.parametrize("status", [200, 204])
def test_endless_stream_to_nobody_is_cancelled_when_the_grace_period_is_over(wire, status):
    ends = []

    async def app(scope, receive, send):
        await send({**START, "status": status})
        try:
            while True:
                await send(PIECE)
        finally:
            ends.append(sys.exc_info()[0])

    it = wire(app, turns=3, grace=GRACE).send(get())
    if status == 200:
        it.reset()
    it.tick(GRACE)
    assert ends == []
    it.tick(GRACE + 1)
    assert ends == [asyncio.CancelledError]
