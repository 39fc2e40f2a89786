"""A Litestar application of WebSockets, for test_websocket_frameworks.py: what its first lines say, and a listener."""

from typing import Any

from litestar import Litestar, WebSocket, websocket, websocket_listener
from litestar.exceptions import WebSocketException

from tests.apps.served.control import controlled, note


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    while (message := await socket.receive())["type"] == "websocket.receive":
        await socket.send({**message, "type": "websocket.send"})
    note(socket.query_params["key"], message["code"])


@websocket("/unguarded")
async def unguarded(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


@websocket("/json")
async def json(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    async for message in socket.iter_json():
        await socket.send_json({"got": message})


@websocket("/subprotocol")
async def subprotocol(socket: WebSocket[Any, Any, Any]) -> None:
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocols=offered[-1], headers={"x-accepted": "yes"})
    await socket.send_json(offered)
    await socket.close()


@websocket("/closes")
async def closes(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text("last")
    await socket.close(4001, "enough")


@websocket("/rejects")
async def rejects(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.close()


@websocket("/items/{number:int}")
async def items(socket: WebSocket[Any, Any, Any], number: int, verbose: str) -> None:
    await socket.accept()
    await socket.send_json({
        "number": number, "verbose": verbose, "url": str(socket.url), "cookie": socket.cookies.get("a")})
    await socket.close()


@websocket("/state")
async def state(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(socket.app.state.greeting)
    await socket.close()


@websocket("/fails")
async def fails(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    raise ZeroDivisionError("a bug of the app")


@websocket("/closes_by_exception")
async def closes_by_exception(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    raise WebSocketException(detail="by an exception", code=1008)


async def gone(socket: WebSocket[Any, Any, Any]) -> None:
    note(socket.query_params["key"], "gone")


@websocket_listener("/listener", on_disconnect=gone)
async def listener(data: dict[str, Any]) -> dict[str, Any]:
    return {"got": data}


def start(app: Litestar) -> None:
    app.state.greeting = "from the lifespan"


app = controlled(Litestar(
    [echo, unguarded, json, subprotocol, closes, rejects, items, state, fails, closes_by_exception, listener],
    on_startup=[start],
))
