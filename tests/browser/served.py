"""The application that a browser talks to under gunicorn: its page, and a WebSocket for each of WAYS.

/<way>/<key>: the key is a test's own. When the app is told of the end it prints "<key> ended <code> <reason>".
"""

import asyncio
import json
from pathlib import Path

PAGE = Path(__file__).with_name("page.html").read_bytes()
opened = {}  # key -> an event: /open/<key> was asked for


def say(what):
    print(what, flush=True)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    _, way, key = scope["path"].split("/") if scope["path"].count("/") == 2 else ("", "", "")
    if scope["type"] == "http":
        if way == "open":
            opened[key].set()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": PAGE})
    else:
        await receive()
        end = await WAYS[way](scope, receive, send, key)
        if end is not None:
            say(f"{key} ended {end['code']} {end['reason']}")


async def lifespan(receive, send):
    for step in "startup", "shutdown":
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


async def accept(send, **answer):
    await send({"type": "websocket.accept", **answer})


async def echo(scope, receive, send, key):
    await accept(send)
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})
    return event


async def tells(scope, receive, send, key):
    """What the browser said at first. Agrees to the last subprotocol."""
    await accept(
        send, subprotocol=(scope["subprotocols"] or [None])[-1],
        headers=[(b"set-cookie", f"answer-{key}=yes; Path=/".encode())])
    headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
    told = {"headers": headers, "subprotocols": scope["subprotocols"], "scheme": scope["scheme"]}
    await send({"type": "websocket.send", "text": json.dumps(told)})
    return await receive()


async def closes(scope, receive, send, key):
    """With the code and the reason that are asked for."""
    await accept(send)
    await send({"type": "websocket.close", **json.loads((await receive())["text"])})
    return await receive()


async def returns(scope, receive, send, key):
    await accept(send)


async def fails(scope, receive, send, key):
    await accept(send)
    raise ZeroDivisionError(key)


async def fails_at_once(scope, receive, send, key):
    raise ZeroDivisionError(key)


async def denies(scope, receive, send, key):
    await send({"type": "websocket.close", "code": 4000, "reason": "nobody gets to see this"})
    return await receive()


async def denies_at_length(scope, receive, send, key):
    await send({"type": "websocket.http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "websocket.http.response.body", "body": b"not you"})
    return await receive()


async def waits(scope, receive, send, key):
    """Takes nothing before /open/<key> is asked for. Tells how many bytes have come then, of as many as it was told."""
    opened[key] = asyncio.Event()
    await accept(send)
    await opened[key].wait()
    total, size = int((await receive())["text"]), 0
    while size < total:
        size += len((await receive())["bytes"])
    await send({"type": "websocket.send", "text": str(size)})
    return await receive()


async def pours(scope, receive, send, key):
    """Many messages of many sizes, each different, without a wait."""
    await accept(send)
    for number in range(300):
        await send({"type": "websocket.send", "text": f"{number} " * number})
    return await receive()


WAYS = {
    function.__name__: function
    for function in (echo, tells, closes, returns, fails, fails_at_once, denies, denies_at_length, waits, pours)
}
