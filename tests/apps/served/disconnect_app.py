"""Applications of several frameworks whose clients go, for test_send_after_disconnect.py."""

import asyncio
import functools
import time

import aiohttp
from a2wsgi import WSGIMiddleware
from fastapi import BackgroundTasks, FastAPI, Request
from flask import Flask, request
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from tests.apps.served.control import controlled, note
from tests.apps.served.django_app import app as django

PIECE = bytes(64 * 1024)
PIECES = 100  # more than the kernel takes for a client that reads nothing
THREADS = 5  # of Flask
POOL = 2  # connections of the reverse proxy to what is behind it
fast = FastAPI()
flask = Flask(__name__)


@fast.get("/fast/background")
async def background(key: str, asked: Request, tasks: BackgroundTasks) -> str:
    """Answers when its client has gone, and works on."""
    note(key + "-begun")
    while not await asked.is_disconnected():
        await asyncio.sleep(0.01)
    tasks.add_task(note, key, "done")
    return "nobody reads this"


@fast.get("/fast/stream")
async def stream(key: str, pause: float = 0) -> StreamingResponse:
    async def pieces():
        try:
            while True:
                yield PIECE
                await asyncio.sleep(pause)
        finally:
            note(key + "-closed")

    return StreamingResponse(pieces(), background=BackgroundTask(note, key, "background"))


@fast.get("/fast/paced")
async def paced() -> StreamingResponse:
    async def pieces():
        for _ in range(10):
            yield "piece\n"
            await asyncio.sleep(0.02)

    return StreamingResponse(pieces())


@fast.get("/fast/proxy")
async def proxy(asked: Request, key: str, path: str) -> StreamingResponse:
    """A reverse proxy of `path` on this very server: a closed generator gives the connection back to its pool."""
    if not hasattr(fast.state, "session"):
        fast.state.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=POOL))

    async def pieces():
        host, port = asked.scope["server"]
        async with fast.state.session.get(f"http://{host}:{port}/{path}?key={key}-behind&pause=0.01") as response:
            async for piece in response.content.iter_any():
                yield piece

    return StreamingResponse(pieces())


@flask.get("/flask/stream")
def flask_stream():
    noting = functools.partial(loop.call_soon_threadsafe, note)
    key = request.args["key"]

    def pieces():
        try:
            for _ in range(PIECES):
                yield PIECE
        finally:
            noting(key, "closed")

    return pieces()


@flask.get("/flask/hello")
def flask_hello():
    return "hello"


async def endless(scope, receive, send):
    """Awaits nothing but send()."""
    key = scope["query_string"].decode().removeprefix("key=")
    await send({"type": "http.response.start", "status": 200})
    try:
        while True:
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
            time.sleep(0.0005)
    finally:
        note(key, "ended")


wsgi = WSGIMiddleware(flask, workers=THREADS)
traced = OpenTelemetryMiddleware(fast, tracer_provider=TracerProvider())


async def by_path(scope, receive, send):
    global loop
    loop = asyncio.get_running_loop()
    _, name, rest = scope["path"].split("/", 2)
    if name in ("django", "traced"):
        scope = {**scope, "path": f"/{rest}"}
    app = {"fast": fast, "traced": traced, "flask": wsgi, "django": django, "endless": endless}[name]
    await app(scope, receive, send)


async def app(scope, receive, send):
    if scope["type"] == "http":
        await controlled(by_path)(scope, receive, send)
