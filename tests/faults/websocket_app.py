"""The WebSockets of the app under faults (app.py), /WHAT/WHOSE, and what each has heard of its end."""

import asyncio
import json
import os
import time

from tests.stress.app import begin

AHEAD = b"z" * (64 << 10)  # what a client that does not read gets time and again
heard = {}  # WHOSE -> the code of its websocket.disconnect, or what else became of it


async def app(scope, receive, send):
    _, what, whose = scope["path"].split("/")
    try:
        await PATHS[what](whose, receive, send)
    except asyncio.CancelledError:
        heard[whose] = "cancelled"
        raise


async def accept(receive, send):
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})


async def hear(whose, receive):
    """Of the end, behind all messages."""
    while (event := await receive())["type"] == "websocket.receive":
        pass
    heard[whose] = event["code"]


async def echo(whose, receive, send):
    await accept(receive, send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})
        heard[whose] = event["code"]
    except OSError:  # its client did not read
        await hear(whose, receive)


async def regular(whose, receive, send):
    """The same; nobody asks what it has heard of its end."""
    await accept(receive, send)
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})


async def closes(whose, receive, send):
    await accept(receive, send)
    await send({"type": "websocket.close"})
    await hear(whose, receive)


async def push(whose, receive, send):
    """More than anybody reads."""
    await accept(receive, send)
    try:
        while True:
            await send({"type": "websocket.send", "bytes": AHEAD})
    except OSError:
        await hear(whose, receive)


async def deaf(whose, receive, send):
    """Takes no message before it is released."""
    await accept(receive, send)
    await released.wait()
    await hear(whose, receive)


async def never(whose, receive, send):
    """Accepts nobody, and hears nothing."""
    await asyncio.Event().wait()


async def pid(whose, receive, send):
    """Says whose it is, and when it is told of its end."""
    await accept(receive, send)
    await send({"type": "websocket.send", "text": str(os.getpid())})
    await hear(whose, receive)
    if heard[whose] == 1012:
        await send({"type": "websocket.send", "text": f"so long {time.monotonic()}"})


# --- a broadcast: each member has a queue of its own, so that none waits for another one ---

members = set()


async def hub(whose, receive, send):
    """WHOSE: bytes that it gets before it is a member."""
    await accept(receive, send)
    queue = asyncio.Queue()
    members.add(queue)
    forwarding = asyncio.create_task(forward(int(whose), queue, send))
    try:
        await hear(whose, receive)
    finally:
        members.discard(queue)
        forwarding.cancel()


async def forward(ahead, queue, send):
    try:
        for _ in range(ahead // len(AHEAD)):
            await send({"type": "websocket.send", "bytes": AHEAD})
        while True:
            await send({"type": "websocket.send", "text": await queue.get()})
    except OSError:
        pass


async def tell_all(whose, receive, send):
    """WHOSE: of what length. HTTP: it is answered when all queues have it."""
    text = f"{time.monotonic():.6f}".ljust(int(whose))
    for queue in members:
        queue.put_nowait(text)
    await answer(whose, send, len(members))


# --- HTTP: what is known of all ---

released = asyncio.Event()


async def let_go(whose, receive, send):
    """Those that are deaf."""
    released.set()
    await answer(whose, send, None)


async def told(whose, receive, send):
    await answer(whose, send, heard)


async def answer(whose, send, what):
    await begin(whose, send)
    await send({"type": "http.response.body", "body": json.dumps(what).encode()})


PATHS = {function.__name__: function for function in (echo, regular, closes, push, deaf, never, pid, hub)}
HTTP_PATHS = {function.__name__.encode(): function for function in (tell_all, let_go, told)}
