"""An ASGI application without a framework, for the tests of clients: a response of each framing, and an echo."""

import hashlib
import json

from tests.apps.served.control import controlled

PIECE = bytes(range(256)) * 256  # 64 KiB


async def respond(send, status=200, *bodies, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    for body in bodies[:-1]:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": bodies[-1] if bodies else b""})


async def length(scope, receive, send):
    await respond(send, 200, b"Hello, world!", headers=[(b"content-type", b"text/plain")])


async def stream(scope, receive, send):
    await respond(send, 200, b"Hello, ", b"world", b"!")


async def stream_with_length(scope, receive, send):
    await respond(send, 200, b"Hello, ", b"world", b"!", headers=[(b"content-length", b"13")])


async def large_stream(scope, receive, send):
    await respond(send, 200, *[PIECE] * 48)


async def nothing(scope, receive, send):
    await respond(send)


async def no_content(scope, receive, send):
    await respond(send, 204)


async def not_modified(scope, receive, send):
    await respond(send, 304, headers=[(b"etag", b'"x"')])


async def not_found(scope, receive, send):
    await respond(send, 404, b"there is no such thing")


async def echo(scope, receive, send):
    """The whole body."""
    body, more = b"", True
    while more:
        event = await receive()
        body += event["body"]
        more = event["more_body"]
    await respond(send, 200, body)


async def describe(scope, receive, send):
    """What the request was, as JSON."""
    digest, size, more = hashlib.sha256(), 0, True
    while more:
        event = await receive()
        digest.update(event["body"])
        size += len(event["body"])
        more = event["more_body"]
    await respond(send, 200, json.dumps({
        "method": scope["method"], "version": scope["http_version"], "path": scope["path"],
        "query": scope["query_string"].decode(), "size": size, "sha256": digest.hexdigest(),
        "headers": {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
    }).encode())


async def raises(scope, receive, send):
    raise ZeroDivisionError("a bug of the app")


async def application(scope, receive, send):
    assert scope["type"] == "http"
    await globals()[scope["path"].split("/")[1]](scope, receive, send)


app = controlled(application)
