"""The app under stress: its answers say whose they are, in a field and in every part of the body."""

import asyncio
import ctypes
import gc
import json
import os
from collections import Counter

from fastsrv.listeners import GIVE_WAY
from tests.support.census import memory

PIECE = 10_000  # bytes
PIECES = 10


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    _, what, whose = scope["raw_path"].split(b"/")
    await globals()[what.decode()](whose, receive, send)


def text(whose, size):
    return (whose + b";") * (size // (len(whose) + 1))


async def begin(whose, send, *headers):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-whose", whose), *headers]})


async def read(receive):
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event["body"]
        more = event["more_body"]
    return body


async def echo(whose, receive, send):
    body = await read(receive)
    if body is not None:
        await begin(whose, send)
        await send({"type": "http.response.body", "body": whose + body})


async def ignore(whose, receive, send):
    await begin(whose, send)
    await send({"type": "http.response.body", "body": whose})


async def wait(whose, receive, send):
    for _ in range(3):
        await asyncio.sleep(len(whose) % 3 / 1000)
    await begin(whose, send)
    await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": whose, "more_body": True})
    await asyncio.sleep(0.002)
    await send({"type": "http.response.body", "body": whose})


async def large(whose, receive, send):
    body = text(whose, PIECE * PIECES)
    await begin(whose, send, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.body", "body": body})


async def stream(whose, receive, send):
    await begin(whose, send)
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": text(whose, PIECE), "more_body": True})
    await send({"type": "http.response.body"})


async def watch(whose, receive, send):
    """Answers, and goes on until it is told that the client, or the answer, is gone."""
    await read(receive)
    gone = asyncio.ensure_future(receive())
    await begin(whose, send)
    await send({"type": "http.response.body", "body": whose})
    await gone


async def fail(whose, receive, send):
    raise RuntimeError("as the visitor asked")


async def fail_midway(whose, receive, send):
    await begin(whose, send)
    await send({"type": "http.response.body", "body": whose, "more_body": True})
    await asyncio.sleep(0)
    raise RuntimeError("as the visitor asked")


async def state(whose, receive, send):
    """What is left in the process of it all."""
    await asyncio.sleep(2 * GIVE_WAY)  # a worker that leaves connections to another has closed its listening duplicate
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free is no concern
    kinds = Counter(type(thing).__name__ for thing in gc.get_objects())
    left = {
        "pid": os.getpid(),
        "tasks": len(asyncio.all_tasks()),
        "connections": kinds["HTTP1"] + kinds["WebSocket"],
        "cycles": kinds["Cycle"] + kinds["Session"],
        "objects": kinds.total(),
        "files": len(os.listdir("/proc/self/fd")),
        "resident": memory(os.getpid()),
    }
    await begin(whose, send)
    await send({"type": "http.response.body", "body": json.dumps(left).encode()})
