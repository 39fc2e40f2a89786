"""The app under faults: the one under stress, and a path for each way in which an app can fail.

A path is /WHAT/WHOSE. Served by gunicorn for the tests in this folder; tests/stress/app.py answers what is not here,
and websocket_app.py has the WebSockets.
"""

import asyncio
import os
import sys
import time

from tests.faults import websocket_app
from tests.stress import app as stress
from tests.stress.app import begin

LARGE = b"x" * (16 << 20)  # one object: what many clients do not read costs its memory once
PIECE = b"y" * (64 << 10)

released = asyncio.Event()
worker = None  # gunicorn's, as trial.py has it put here


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        return await websocket_app.app(scope, receive, send)
    if scope["type"] == "http":
        _, what, whose = scope["raw_path"].split(b"/")
        if what in PATHS:
            return await PATHS[what](whose, receive, send)
    return await stress.app(scope, receive, send)


# --- large answers ---

async def whole(whose, receive, send):
    await begin(whose, send)
    await send({"type": "http.response.body", "body": LARGE})


async def pieces(whose, receive, send):
    await begin(whose, send)
    for _ in range(len(LARGE) // len(PIECE)):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body"})


# --- apps that fail ---

def overflow():
    return overflow() + 1


def overflow_in_send(send):
    """The innermost calls reach into the server with next to no stack left."""
    try:
        return overflow_in_send(send)
    except RecursionError:
        send({"type": "http.response.start", "status": 200, "headers": [(b"x-too", b"deep")]})
        raise


async def cancel_itself():
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


def throw(failure):
    raise failure


FAILURES = {
    "RuntimeError": lambda send: throw(RuntimeError("as the client asked")),
    "OSError": lambda send: throw(BrokenPipeError("the app's own")),
    "StopIteration": lambda send: throw(StopIteration()),
    "StopAsyncIteration": lambda send: throw(StopAsyncIteration()),
    "GeneratorExit": lambda send: throw(GeneratorExit()),
    "CancelledError": lambda send: throw(asyncio.CancelledError()),
    "SystemExit": lambda send: sys.exit(3),
    "KeyboardInterrupt": lambda send: throw(KeyboardInterrupt()),
    "MemoryError": lambda send: bytearray(1 << 60),
    "RecursionError": lambda send: overflow(),
    "RecursionError in send": overflow_in_send,
    "SystemExit of a thread": lambda send: asyncio.to_thread(sys.exit, 3),
    "a cancelled task": lambda send: cancel_itself(),
    "nothing": lambda send: None,
}
START = {"type": "http.response.start", "status": 200}
GARBAGE = [
    None, 1, b"http.response.start", [], {}, {"type": None}, {"type": 1}, {"type": b"http.response.start"},
    {"type": "http.response.begin"}, {"type": "websocket.accept"}, {"type": "http.response.start"},
    {**START, "status": "200"}, {**START, "status": 99}, {**START, "status": 1 << 80}, {**START, "headers": None},
    {**START, "headers": 1}, {**START, "headers": [1]}, {**START, "headers": [(b"a",)]},
    {**START, "headers": [("a", "b")]}, {**START, "headers": [(b"a b", b"c")]},
    {**START, "headers": [(b"a", b"b\r\nc: d")]}, {**START, "headers": [(b"content-length", b"-1")]},
    {**START, "headers": [(b"content-length", b"1" * 40)]},
    {"type": "http.response.body"}, {"type": "http.response.body", "body": "before its head"},
]


async def fail(whose, receive, send):
    """Fails in the way of FAILURES that has this number, before anything is sent."""
    outcome = list(FAILURES.values())[int(whose)](send)
    if outcome is not None:
        await outcome


async def garbage(whose, receive, send):
    """Sends the event of GARBAGE that has this number, in place of an answer."""
    await send(GARBAGE[int(whose)])


async def fail_later(whose, receive, send):
    """The same as fail(), with an answer begun."""
    await begin(whose, send)
    await send({"type": "http.response.body", "body": whose, "more_body": True})
    await fail(whose, receive, send)


async def hang(whose, receive, send):
    """For ever, whoever goes away; until it is released."""
    await released.wait()
    await stress.ignore(whose, receive, send)


async def release(whose, receive, send):
    """Let those that hang go on, and those that come hang again."""
    released.set()
    released.clear()
    await stress.ignore(whose, receive, send)


async def block(whose, receive, send):
    """Blocks the loop for so many milliseconds."""
    time.sleep(int(whose) / 1000)
    await stress.ignore(whose, receive, send)


# --- apps that end the process ---

async def exit(whose, receive, send):
    os._exit(int(whose))


async def exit_in_a_task(whose, receive, send):
    """A task of the app's own says SystemExit, which a loop does not swallow."""
    async def leave():
        await asyncio.sleep(0)
        sys.exit(int(whose))

    exit_in_a_task.task = asyncio.create_task(leave())
    await stress.ignore(whose, receive, send)


# --- what the server has counted ---

async def counters(whose, receive, send):
    await websocket_app.answer(whose, send, worker.server.counters.snapshot())


PATHS = websocket_app.HTTP_PATHS | {
    function.__name__.encode(): function for function in (
        whole, pieces, fail, fail_later, garbage, hang, release, block, exit, exit_in_a_task, counters)
}
