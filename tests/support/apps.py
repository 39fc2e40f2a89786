"""Small ASGI applications for tests."""

import asyncio
import threading

# The first lines of an app whose text a test writes.
LIFESPAN = """\
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})
"""


async def hello(scope, receive, send):
    """Answers 13 bytes of text."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Hello, world!"})


async def echo(scope, receive, send):
    """Reads the whole body and answers with it."""
    body = await read_body(receive)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive):
    """The whole body, or None if the client went before its end."""
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event["body"]
        if not event["more_body"]:
            return body


class Recorder:
    """An app that keeps the scopes, and answers with `app`."""

    def __init__(self, app=echo):
        self.app = app
        self.scopes = []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        await self.app(scope, receive, send)

    @property
    def scope(self):
        assert len(self.scopes) == 1
        return self.scopes[0]


class Gate:
    """An app that counts its requests and answers when the test opens the gate for one."""

    def __init__(self):
        self.came = threading.Semaphore(0)
        self.gate = asyncio.Semaphore(0)
        self.now = self.most = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.now += 1
            self.most = max(self.most, self.now)
            self.came.release()
            await self.gate.acquire()
            self.now -= 1
            await hello(scope, receive, send)
