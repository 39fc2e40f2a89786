"""The raw ASGI applications that every server serves: one coroutine function a kind of scenario.

They use the standard library only, since the peers' environment imports them, too. No part of the suite calls
them; a server is told `benchmarks.apps:plain`.
"""

import asyncio
import os
import platform
import random
import sys
import sysconfig
import time
from importlib import metadata
from json import dumps

KIBIBYTE = 1024  # bytes
MEBIBYTE = 1024 * KIBIBYTE  # bytes

PLAIN = b"Hello, World!"
PIECE = b"x" * (64 * KIBIBYTE)
PIECES = 16  # 64 KiB each: a megabyte
LARGE = b"x" * MEBIBYTE

WAIT = 0.010  # seconds
BUSY = 0.005  # seconds of CPU
START = 3.0  # seconds
EVENT_INTERVAL = 0.1  # seconds between two events of one stream

BLOCKED = 0.030  # seconds for which the blocking app keeps the loop
BETWEEN_BLOCKS = (0.1, 0.5)  # seconds; about a tenth of the time the loop is blocked

DISTRIBUTIONS = (
    "fastsrv", "uvicorn", "uvicorn-worker", "gunicorn", "granian", "hypercorn", "freastal", "uvloop", "httptools",
    "h11", "websockets", "wsproto", "daphne", "twisted", "autobahn", "picows", "aiofastnet", "starlette", "fastapi",
    "pydantic",
)


def fields(content_type, length=None):
    """The header fields of a response; without a length the server has to find a framing."""
    named = [(b"content-type", content_type)]
    if length is not None:
        named.append((b"content-length", b"%d" % length))
    return named


PLAIN_FIELDS = fields(b"text/plain; charset=utf-8", len(PLAIN))
LARGE_FIELDS = fields(b"application/octet-stream", len(LARGE))
STREAM_FIELDS = fields(b"application/octet-stream")
EVENT_FIELDS = fields(b"text/event-stream")


async def plain(scope, receive, send):
    """Thirteen bytes of text."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN_FIELDS})
    await send({"type": "http.response.body", "body": PLAIN})


async def json(scope, receive, send):
    """A small object, serialized for each request."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await answer_json(send, {"message": "Hello, World!"})


async def upload(scope, receive, send):
    """Reads the body whole; the answer is its length in bytes."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    pieces = []
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        pieces.append(event.get("body", b""))
        more = event.get("more_body", False)
    body = b"%d" % len(b"".join(pieces))
    await send({"type": "http.response.start", "status": 200, "headers": fields(b"text/plain", len(body))})
    await send({"type": "http.response.body", "body": body})


async def response_1m(scope, receive, send):
    """A megabyte in one piece."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": LARGE_FIELDS})
    await send({"type": "http.response.body", "body": LARGE})


async def stream_1m(scope, receive, send):
    """A megabyte in 16 pieces, of a length that the server is not told: it has to chunk them."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": STREAM_FIELDS})
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body"})


async def events(scope, receive, send):
    """Server-sent events, ten a second until the client goes; each is the server's monotonic clock in seconds."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await receive()
    gone = asyncio.ensure_future(receive())  # done when the client has gone
    try:
        await send({"type": "http.response.start", "status": 200, "headers": EVENT_FIELDS})
        while not gone.done():
            body = b"data: %.6f\n\n" % time.monotonic()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(EVENT_INTERVAL)
    except OSError:  # ASGI 2.4: what send() raises when the client has gone
        pass
    finally:
        gone.cancel()


async def suspend(scope, receive, send):
    """As plain, behind one turn of the loop."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await asyncio.sleep(0)
    await plain(scope, receive, send)


async def wait(scope, receive, send):
    """As plain, behind a wait of 10 ms, such as that for a database."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await asyncio.sleep(WAIT)
    await plain(scope, receive, send)


async def busy(scope, receive, send):
    """As plain, behind 5 ms of the worker's CPU."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    end = time.thread_time() + BUSY
    while time.thread_time() < end:
        pass
    await plain(scope, receive, send)


async def who(scope, receive, send):
    """The number of the process that answers."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    body = b"%d" % os.getpid()
    await send({"type": "http.response.start", "status": 200, "headers": fields(b"text/plain", len(body))})
    await send({"type": "http.response.body", "body": body})


async def slow_start(scope, receive, send):
    """As who, behind a start of 3 s, as large applications have."""
    if scope["type"] == "lifespan":
        await asyncio.sleep(START)
    await who(scope, receive, send)


async def echo(scope, receive, send):
    """A WebSocket on which every message goes back."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send(message_of(event))


members = set()  # the send() of each WebSocket of the broadcast


async def broadcast(scope, receive, send):
    """A WebSocket on which every message goes to all of them, one after the other."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    members.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            message = message_of(event)
            for each in tuple(members):  # some may come or go meanwhile
                try:
                    await each(message)
                except OSError:  # ASGI 2.4: that client has gone
                    members.discard(each)
    finally:
        members.discard(send)


def message_of(event):
    """What was received, to be sent. A server may say that one kind is None, or leave it out."""
    text = event.get("text")
    if text is not None:
        return {"type": "websocket.send", "text": text}
    return {"type": "websocket.send", "bytes": event["bytes"]}


class Blocks:
    """Says when to block: at intervals from a fixed seed, so that each server meets the same ones."""

    def __init__(self):
        self.random = random.Random(1)
        self.next = 0.0  # on the monotonic clock

    def due(self):
        now = time.monotonic()
        if now < self.next:
            return False
        self.next = now + self.random.uniform(*BETWEEN_BLOCKS)
        return True


blocks = Blocks()


async def blocking(scope, receive, send):
    """As plain; but now and then a request keeps the loop for 30 ms, as a careless app does."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    if blocks.due():
        time.sleep(BLOCKED)
    await plain(scope, receive, send)


async def versions(scope, receive, send):
    """What is running: interpreter, how that was built, distributions, loop. For the stored result."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    loop = type(asyncio.get_running_loop())
    await answer_json(send, {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "compiler": platform.python_compiler(),
        "prefix": sys.base_prefix,
        "configured": sysconfig.get_config_var("CONFIG_ARGS") or "",
        "versions": {name: version for name in DISTRIBUTIONS if (version := version_of(name)) is not None},
        "loop": f"{loop.__module__}.{loop.__qualname__}",
    })


def version_of(distribution):
    """The version that is installed; of a checkout that is not, what it says itself. None without either."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return getattr(sys.modules.get(distribution.replace("-", "_")), "__version__", None)


async def answer_json(send, value):
    body = dumps(value).encode()
    await send({"type": "http.response.start", "status": 200, "headers": fields(b"application/json", len(body))})
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive, send):
    await receive()  # lifespan.startup
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})
