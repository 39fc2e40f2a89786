"""What an app had sent was lost when the end of a client that had half-closed was read in the same turn of the loop,
before what was kept back had left. Found in a review."""

import asyncio
import socket
import threading

from tests.support.frames import BINARY, TEXT, frame
from tests.support.servers import PATIENCE, read_to_end
from tests.support.wire import get
from tests.websocket.client import ASKS, frames_of


def test_it_reaches_a_client_that_reads_on(serve):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await asyncio.sleep(0)  # behind the callback that has read the message
        at_work.set()
        assert ended.wait(PATIENCE)  # the loop stands still: what the client does now is read in one turn
        await send({"type": "websocket.send", "bytes": b"the answer"})
        await receive()

    at_work, ended = threading.Event(), threading.Event()
    server = serve(app, lifespan="off")
    with server.connect() as client:
        client.sendall(get(b"/", *ASKS) + frame(TEXT, b"go"))
        assert at_work.wait(PATIENCE)
        client.shutdown(socket.SHUT_WR)
        ended.set()
        _, behind = read_to_end(client).split(b"\r\n\r\n", 1)
    assert [(each.opcode, each.payload) for each in frames_of(behind)] == [(BINARY, b"the answer")]
