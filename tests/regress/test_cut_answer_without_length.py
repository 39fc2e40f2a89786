"""Found in review: an HTTP/1.0 answer whose end is that of the connection looked whole when it was cut.

A body that stopped coming ended it in an orderly way, and so did a reader that stopped reading: what the kernel
had taken was delivered, and behind it an end.
"""

import pytest

from tests.support.servers import read_to_end
from tests.support.wire import get

HEAD = b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nab"


def test_answer_is_cut_by_a_reset_when_the_body_stops_coming(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    peer = wire(app, body=10)
    peer.send(HEAD).wait(12)
    assert peer.output.endswith(b"half")
    assert peer.transport.aborted and peer.closed


def test_answer_is_cut_by_a_reset_when_the_peer_stops_reading(serve):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        for _ in range(1000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})

    server = serve(app, lifespan="off", send_timeout=0.5)
    with server.connect() as client:
        client.sendall(get(version=b"1.0"))
        client.recv(1)
        server.until(lambda: server.server.context.connections == 0)
        with pytest.raises(ConnectionResetError):
            read_to_end(client)
