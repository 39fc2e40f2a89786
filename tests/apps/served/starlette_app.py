"""A Starlette application, for test_starlette.py: the same routes plain and behind middleware."""

import asyncio
import contextlib
import hashlib
from pathlib import Path

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

from tests.apps.served.control import controlled, gate, note

FILE = Path("large.bin")  # in the server's own folder
PIECE = bytes(range(256)) * 256  # 64 KiB


async def plain(request):
    return PlainTextResponse(f"hello {request.query_params.get('name', 'world')}")


async def json(request):
    body = await request.json() if request.method == "POST" else None
    return JSONResponse({"method": request.method, "path": request.url.path, "body": body})


async def stream(request):
    async def pieces():
        for number in range(3):
            yield f"piece {number}\n"
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type="text/plain")


async def stepwise(request):
    """A piece, then the next one when the test has opened the gate."""
    async def pieces():
        yield "first\n"
        await gate(request.query_params["key"])
        yield "second\n"

    return StreamingResponse(pieces())


async def sleeps(request):
    """Waits for something else than its client, a query, say."""
    key = request.query_params["key"]
    note(key + "-started")
    try:
        await gate(key)
    except asyncio.CancelledError:
        note(key, "cleaned up")
        raise
    return PlainTextResponse("nobody reads this")


async def sleepy_stream(request):
    async def pieces():
        key = request.query_params["key"]
        try:
            yield "first\n"
            await gate(key)
        finally:
            note(key, "ended")

    return StreamingResponse(pieces())


async def threaded_stream(request):
    return StreamingResponse(PIECE for _ in range(16))  # a plain generator: Starlette runs it in threads


async def endless(request):
    """Streams until the client has gone."""
    async def pieces():
        try:
            while True:
                yield PIECE
                await asyncio.sleep(0)  # where it is cancelled; one that awaits nothing is the collector's to close
        finally:
            note(request.query_params["key"], "ended")

    return StreamingResponse(pieces())


async def file(request):
    return FileResponse(FILE)


async def background(request):
    key = request.query_params["key"]

    async def work():
        await gate(key)
        note(key, "done")

    return PlainTextResponse("answered", background=BackgroundTask(work))


async def fails(request):
    raise ZeroDivisionError("a bug of the app")


async def fails_late(request):
    async def pieces():
        yield "a beginning"
        raise ZeroDivisionError("a late bug of the app")

    return StreamingResponse(pieces())


async def upload(request):
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
    return JSONResponse({"size": size, "sha256": digest.hexdigest()})


async def waits_for_upload(request):
    note(request.query_params["key"], "started")
    await request.body()


async def polls(request):
    """Looks now and then whether the client is still there."""
    key = request.query_params["key"]
    note(key + "-before", await request.is_disconnected())
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    note(key, "disconnected")
    return PlainTextResponse("nobody reads this")


async def redirect(request):
    return RedirectResponse("plain?name=again", status_code=303)


async def empty(request):
    return Response(status_code=204)


async def state(request):
    request.state.mine = "of one request"
    request.state.shared.append(request.query_params["key"])
    return JSONResponse({"greeting": request.state.greeting, "count": len(request.state.shared)})


async def peeks_at_state(request):
    return JSONResponse(hasattr(request.state, "mine"))


async def where(request):
    return JSONResponse({
        "root_path": request.scope["root_path"], "path": request.scope["path"], "url": str(request.url),
    })


class Pure:
    """Middleware in plain ASGI: wraps send and receive."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def sending(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"x-middleware", b"pure")]}
            await send(message)

        async def receiving():
            return await receive()

        await self.app(scope, receiving, sending)


class Base(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-middleware"] = "base"
        return response


@contextlib.asynccontextmanager
async def lifespan(app):
    FILE.write_bytes(PIECE * 48)
    yield {"greeting": "from the lifespan", "shared": []}


handlers = (
    plain, stream, stepwise, sleeps, sleepy_stream,
    threaded_stream, endless, file, background, fails, fails_late, polls, redirect,
    empty, state, peeks_at_state, where,
)
routes = [Route(f"/{handler.__name__}", handler) for handler in handlers] + [
    Route("/json", json, methods=["GET", "POST"]),
    Route("/upload", upload, methods=["POST"]),
    Route("/waits_for_upload", waits_for_upload, methods=["POST"]),
]
app = controlled(Starlette(lifespan=lifespan, routes=[
    Mount("/pure", routes=routes, middleware=[Middleware(Pure)]),
    Mount("/base", routes=routes, middleware=[Middleware(Base)]),
    Mount("/gzip", routes=routes, middleware=[Middleware(GZipMiddleware)]),
    Mount("/outer", routes=[Mount("/inner", routes=routes)]),
    *routes,
]))
