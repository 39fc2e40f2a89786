"""A Starlette application of WebSockets, for test_websocket_frameworks.py: what its first lines say, and more."""

import contextlib

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from tests.apps.served.control import controlled, note


async def echo(websocket):
    await websocket.accept()
    while (message := await websocket.receive())["type"] == "websocket.receive":
        await websocket.send({**message, "type": "websocket.send"})
    note(websocket.query_params["key"], message["code"])


async def unguarded(websocket):
    """As most examples are: nobody catches the end."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


async def json(websocket):
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_json({"got": await websocket.receive_json()})


async def subprotocol(websocket):
    offered = websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=offered[-1], headers=[(b"x-accepted", b"yes")])
    await websocket.send_json(offered)
    await websocket.close()


async def closes(websocket):
    await websocket.accept()
    await websocket.send_text("last")
    await websocket.close(4001, "enough")


async def rejects(websocket):
    await websocket.close()


async def items(websocket):
    await websocket.accept()
    await websocket.send_json({
        "number": websocket.path_params["number"], "verbose": websocket.query_params["verbose"],
        "url": str(websocket.url), "cookie": websocket.cookies.get("a")})
    await websocket.close()


async def state(websocket):
    await websocket.accept()
    await websocket.send_text(websocket.state.greeting)
    await websocket.close()


async def fails(websocket):
    await websocket.accept()
    raise ZeroDivisionError("a bug of the app")


async def denies(websocket):
    await websocket.send_denial_response(JSONResponse({"detail": "not you"}, 401, {"www-authenticate": "Basic"}))


async def denies_by_exception(websocket):
    raise HTTPException(401, "not you", {"www-authenticate": "Basic"})


async def closes_by_exception(websocket):
    await websocket.accept()
    raise WebSocketException(1008, "by an exception")


class Endpoint(WebSocketEndpoint):
    encoding = "bytes"

    async def on_connect(self, websocket):
        await websocket.accept()

    async def on_receive(self, websocket, data):
        await websocket.send_bytes(data[::-1])

    async def on_disconnect(self, websocket, code):
        note(websocket.query_params["key"], code)


class Base(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


@contextlib.asynccontextmanager
async def lifespan(app):
    yield {"greeting": "from the lifespan"}


handlers = (
    echo, unguarded, json, subprotocol, closes, rejects, state, fails, denies, denies_by_exception,
    closes_by_exception,
)
routes = [WebSocketRoute(f"/{handler.__name__}", handler) for handler in handlers]
routes += [WebSocketRoute("/items/{number:int}", items), WebSocketRoute("/endpoint", Endpoint)]
app = controlled(Starlette(lifespan=lifespan, routes=[
    Mount("/base", routes=routes, middleware=[Middleware(Base)]), *routes,
]))
