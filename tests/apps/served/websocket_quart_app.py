"""A Quart application of WebSockets, for test_websocket_frameworks.py: what its first lines say, and more."""

import asyncio

from quart import Quart, websocket

from tests.apps.served.control import controlled, note

quart = Quart(__name__)


@quart.before_serving
async def start():
    quart.config["GREETING"] = "from the lifespan"


@quart.websocket("/echo")
async def echo():
    key = websocket.args["key"]
    try:
        while True:
            await websocket.send(await websocket.receive())
    except asyncio.CancelledError:  # how Quart tells of the end, without its code
        note(key)
        raise


@quart.websocket("/unguarded")
async def unguarded():
    while True:
        await websocket.send(await websocket.receive())


@quart.websocket("/json")
async def json():
    while True:
        await websocket.send_json({"got": await websocket.receive_json()})


@quart.websocket("/subprotocol")
async def subprotocol():
    offered = list(websocket.requested_subprotocols)
    await websocket.accept(headers={"x-accepted": "yes"}, subprotocol=offered[-1])
    await websocket.send_json(offered)


@quart.websocket("/closes")
async def closes():
    await websocket.accept()
    await websocket.send("last")
    await websocket.close(4001, "enough")


@quart.websocket("/rejects")
async def rejects():
    await websocket.close(1000)


@quart.websocket("/items/<int:number>")
async def items(number):
    await websocket.accept()
    await websocket.send_json({
        "number": number, "verbose": websocket.args["verbose"], "url": websocket.url,
        "cookie": websocket.cookies.get("a")})


@quart.websocket("/state")
async def state():
    await websocket.accept()
    await websocket.send(quart.config["GREETING"])


@quart.websocket("/fails")
async def fails():
    await websocket.accept()
    raise ZeroDivisionError("a bug of the app")


@quart.websocket("/denies")
async def denies():
    return {"detail": "not you"}, 401, {"www-authenticate": "Basic"}


app = controlled(quart)
