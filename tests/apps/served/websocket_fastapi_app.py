"""A FastAPI application of WebSockets, for test_websocket_frameworks.py: what its first lines say, and more."""

import contextlib
from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, HTTPException, Query, WebSocket, WebSocketDisconnect, WebSocketException
from fastapi.responses import JSONResponse

from tests.apps.served.control import controlled, note


@contextlib.asynccontextmanager
async def lifespan(app):
    yield {"greeting": "from the lifespan"}


fastapi = FastAPI(lifespan=lifespan)


@fastapi.websocket("/echo")
async def echo(websocket: WebSocket, key: str):
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            await websocket.send({**message, "type": "websocket.send"})
    except WebSocketDisconnect as end:
        note(key, end.code)


@fastapi.websocket("/unguarded")
async def unguarded(websocket: WebSocket):
    """As most examples are: nobody catches the end."""
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


@fastapi.websocket("/json")
async def json(websocket: WebSocket):
    await websocket.accept()
    async for message in websocket.iter_json():
        await websocket.send_json({"got": message})


@fastapi.websocket("/subprotocol")
async def subprotocol(websocket: WebSocket):
    offered = websocket.scope["subprotocols"]
    await websocket.accept(subprotocol=offered[-1], headers=[(b"x-accepted", b"yes")])
    await websocket.send_json(offered)


@fastapi.websocket("/closes")
async def closes(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("last")
    await websocket.close(4001, "enough")


@fastapi.websocket("/rejects")
async def rejects(websocket: WebSocket):
    await websocket.close()


@fastapi.websocket("/items/{number}")
async def items(websocket: WebSocket, number: int, verbose: str, a: Annotated[str | None, Cookie()] = None):
    await websocket.accept()
    await websocket.send_json({"number": number, "verbose": verbose, "url": str(websocket.url), "cookie": a})


@fastapi.websocket("/state")
async def state(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(websocket.state.greeting)


@fastapi.websocket("/fails")
async def fails(websocket: WebSocket):
    await websocket.accept()
    raise ZeroDivisionError("a bug of the app")


@fastapi.websocket("/denies")
async def denies(websocket: WebSocket):
    await websocket.send_denial_response(JSONResponse({"detail": "not you"}, 401, {"www-authenticate": "Basic"}))


@fastapi.websocket("/denies_by_exception")
async def denies_by_exception(websocket: WebSocket):
    raise HTTPException(401, "not you", {"www-authenticate": "Basic"})


@fastapi.websocket("/closes_by_exception")
async def closes_by_exception(websocket: WebSocket):
    await websocket.accept()
    raise WebSocketException(1008, "by an exception")


async def token(websocket: WebSocket, token: Annotated[str | None, Query()] = None):
    if token is None:
        raise WebSocketException(1008, "no token")
    return token


async def resource(key: str):
    try:
        yield "resource"
    finally:
        note(key, "given back")


@fastapi.websocket("/depends")
async def depends(
    websocket: WebSocket, token: Annotated[str, Depends(token)], resource: Annotated[str, Depends(resource)],
):
    await websocket.accept()
    await websocket.send_text(f"{token} {resource}")
    async for _ in websocket.iter_text():
        pass


app = controlled(fastapi)
