"""A message that came with the handshake ran the app within the send() that accepts, if a callback of the loop called
it: an app that returned then left a WebSocket that nobody ended, and one whose context was at work never woke up.
Found in a review."""

import asyncio
import contextvars
import sys

import pytest

from tests.support.frames import CLOSE, TEXT, frame
from tests.support.wire import get
from tests.websocket.client import ASKS, Client

EARLY = get(b"/", *ASKS) + frame(TEXT, b"early")


@pytest.fixture
def serve():
    clients = []

    def start(app):
        clients.append(Client(app))
        return clients[0].send(EARLY)

    yield start
    clients[0].close()


def test_app_that_returns_upon_the_message_has_its_websocket_closed(serve):
    async def app(scope, receive, send):
        await receive()
        asyncio.get_running_loop().call_soon(send, {"type": "websocket.accept"})
        got.append(await receive())

    got = []
    client = serve(app)
    assert [event["text"] for event in got] == ["early"]
    client.head()
    assert client.frames() == [(CLOSE, b"\x03\xe8")]
    client.send(frame(CLOSE, b"\x03\xe8")).end()
    counted = client.context.counters.snapshot()
    assert client.closed and (counted["websockets_open"], counted["in_flight"]) == (0, 0)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a task's context cannot be chosen")
def test_task_in_the_context_of_the_callback_that_accepts_wakes_up(serve):
    async def app(scope, receive, send):
        async def wait():
            return await receive()

        await receive()
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        waiting = loop.create_task(wait(), context=context)
        await asyncio.sleep(0)
        loop.call_soon(send, {"type": "websocket.accept"}, context=context)
        got.append((await waiting)["text"])
        await receive()

    got = []
    serve(app)
    assert got == ["early"]
