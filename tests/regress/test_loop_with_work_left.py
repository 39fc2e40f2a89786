"""Found in review: a generator of the app's that waits in its `finally` held the worker up for ever, behind its last
heartbeat; and tasks of the app's own were dropped without theirs."""

import signal

import pytest

from tests.support.asking import fetch
from tests.support.stalls import timed
from tests.worker.served import SOURCE

LEFT = """
import sys

async def clean_up(end):
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        say(f"a task has ended: {sys.exc_info()[0].__name__}")
        await end()

async def generate(end):
    try:
        yield
    finally:
        say("a generator has ended")
        await end()

async def leave(receive, end=lambda: asyncio.sleep(0)):
    leave.task = asyncio.create_task(clean_up(end))
    leave.generator = generate(end)
    await anext(leave.generator)
    return "left"

async def hang(receive):
    return await leave(receive, asyncio.Event().wait)

async def hang_in_generator(receive):
    leave.generator = generate(asyncio.Event().wait)
    await anext(leave.generator)
    return "left"

PATHS |= {"/leave": leave, "/hang": hang, "/hang-in-generator": hang_in_generator}
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_what_the_app_leaves_behind_is_ended(gunicorn, loop):
    server = gunicorn(SOURCE + LEFT, "--asgi-loop", loop)
    assert fetch(server, "/leave").body == b"left"
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert "the app shuts down\na task has ended: CancelledError\na generator has ended\n" in server.output


@pytest.mark.parametrize("path", ["/hang", "/hang-in-generator"])
@timed
def test_what_does_not_end_does_not_hold_the_worker_up(gunicorn, path):
    server = gunicorn(SOURCE + LEFT, "--timeout", "0", "--graceful-timeout", "3")
    assert fetch(server, path).body == b"left"
    server.signal(signal.SIGTERM, server.worker())
    server.worker(2)
    assert "does not end" not in server.output
