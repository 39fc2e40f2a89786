"""Origin: reports of requests that became a 500, or a cut stream, without a word in the log: a task that the app
awaited was cancelled by somebody else, or the app cancelled itself. Only a cancellation of the server's is quiet."""

import asyncio
import logging

import pytest

from tests.support.answers import statuses
from tests.support.wire import get

START = {"type": "http.response.start", "status": 200}


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def awaits_a_cancelled_task(receive, send):
    task = asyncio.ensure_future(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(task.cancel)
    await task


async def cancels_itself(receive, send):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def raises_it(receive, send):
    raise asyncio.CancelledError


async def after_its_answer(receive, send):
    await send(START)
    await send({"type": "http.response.body"})
    await awaits_a_cancelled_task(receive, send)


async def within_its_answer(receive, send):
    await send(START)
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await awaits_a_cancelled_task(receive, send)


@pytest.mark.parametrize(("work", "status"), [
    (awaits_a_cancelled_task, 500), (cancels_itself, 500), (raises_it, 500), (after_its_answer, 200),
    (within_its_answer, 200),
])
def test_cancellation_of_the_apps_own_is_an_error(wire, caplog, work, status):
    it = wire(lambda scope, receive, send: work(receive, send)).send(get())
    assert statuses(it.output)[:1] == [status]
    assert errors(caplog) == ["The app was cancelled during GET /, and not by the server"]
    assert "Traceback" in caplog.text and work.__name__ in caplog.text  # where it was


async def waits(receive, send):
    await asyncio.Event().wait()


def test_cancellation_after_the_grace_period_is_quiet(wire, caplog):
    wire(lambda scope, receive, send: waits(receive, send), grace=1).send(get()).reset().wait(5)
    assert errors(caplog) == []


def test_cancellation_at_the_workers_end_is_quiet(wire, caplog):
    it = wire(lambda scope, receive, send: waits(receive, send)).send(get())
    it.call(it.dispatch.end)
    assert errors(caplog) == []


def test_another_app_that_is_cancelled_meanwhile_is_not(wire, caplog):
    """Quiet is the request that was cancelled, not the time."""
    async def app(scope, receive, send):
        try:
            await waits(receive, send)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            raise_it.append(asyncio.ensure_future(cancels_itself(receive, send)))
            await asyncio.gather(*raise_it, return_exceptions=True)

    raise_it = []
    wire(app, grace=1).send(get()).reset().wait(5)
    wire(lambda scope, receive, send: cancels_itself(receive, send)).send(get())
    assert errors(caplog) == ["The app was cancelled during GET /, and not by the server"]


def test_lifespan_that_is_cancelled_is_told_of(serve, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await cancels_itself(receive, send)

    server = serve(app)
    server.until(lambda: errors(caplog) == ["The app has cancelled its lifespan; requests are still served"])
