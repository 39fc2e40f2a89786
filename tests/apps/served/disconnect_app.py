"""Applications of several frameworks whose clients go, for test_send_after_disconnect.py."""

import asyncio
import functools
import time

from a2wsgi import WSGIMiddleware
from fastapi import BackgroundTasks, FastAPI, Request
from flask import Flask, request
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

from tests.apps.served.control import controlled, note
from tests.apps.served.django_app import app as django

PIECE = bytes(64 * 1024)
PIECES = 100  # more than the kernel takes for a client that reads nothing
THREADS = 5  # of Flask
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
async def stream(key: str) -> StreamingResponse:
    async def pieces():
        try:
            while True:
                yield PIECE
                await asyncio.sleep(0)
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


async def by_path(scope, receive, send):
    global loop
    loop = asyncio.get_running_loop()
    _, name, rest = scope["path"].split("/", 2)
    if name == "django":
        scope = {**scope, "path": f"/{rest}"}
    await {"fast": fast, "flask": wsgi, "django": django, "endless": endless}[name](scope, receive, send)


async def app(scope, receive, send):
    if scope["type"] == "http":
        await controlled(by_path)(scope, receive, send)
