"""A client that reset its connection right behind its handshake was in the access log with status 0, and counted as an
answer of 101 that had never left."""

import socket
import struct
import threading

from tests.support.servers import PATIENCE
from tests.websocket.client import FIELDS

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close() resets


def test_handshake_that_could_not_be_answered_is_499(serve):
    seen, over = [], threading.Semaphore(0)

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})

    def finished(call):
        seen.append((call.status, call.connection_ended))
        over.release()

    server = serve(app, finished=finished)
    client = server.connect()
    lines = ("GET / HTTP/1.1", "Host: example.org", *FIELDS, "", "")

    def come_and_go():
        """In the server's loop, so that it finds both at once."""
        client.sendall("\r\n".join(lines).encode())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        client.close()

    server.until(lambda: server.server.counters.snapshot()["connected"] == 1)
    server.call(come_and_go)
    assert over.acquire(timeout=PATIENCE)
    assert seen == [(499, "lost")]
    counts = server.call(server.server.counters.snapshot)
    assert (counts["statuses"]["1xx"], counts["websockets"]) == (0, 0)
