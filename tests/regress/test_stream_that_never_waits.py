"""Origin: a Starlette stream without a wait of its own held the worker's loop for ever when its client had gone.

send() never gave way as long as the kernel took what it wrote, and a transport that has failed takes everything.
"""

import asyncio
import sys

import pytest

from tests.support.wire import get

RAISE = pytest.mark.parametrize("raises", [False, True], ids=["ignore", "raise"])
LIMIT = 20_000  # pieces; an app that gets there has not been stopped


def streaming(piece, ends, limit=LIMIT):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        try:
            for number in range(limit):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                app.sent = number + 1
        except OSError:
            ends.append("disconnected")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        else:
            ends.append("never stopped")

    app.sent = 0
    return app


@pytest.mark.parametrize("size", [1, 1000, 64 * 1024])
def test_stream_to_a_fast_peer_lets_others_be_served(wire, size):
    ends = []
    app = streaming(b"x" * size, ends)
    peer = wire(app, turns=30).send(get())
    assert not ends
    before = app.sent
    peer.tick()
    assert before < app.sent < LIMIT


@RAISE
@pytest.mark.parametrize("size", [1, 64 * 1024])
def test_stream_ends_when_its_transport_fails(wire, size, raises):
    ends = []
    app = streaming(b"x" * size, ends, sys.maxsize)
    peer = wire(app, send_raises=raises, turns=30, grace=1)
    peer.transport.write_error = BrokenPipeError(32, "Broken pipe")
    peer.send(get())
    if raises:
        assert ends == ["disconnected"]
        assert app.sent * size <= 256 * 1024  # what may leave in one write
    else:
        assert not ends
        peer.wait(1)
        assert ends == ["cancelled"]


@RAISE
def test_stream_ends_when_its_client_resets(serve, raises):
    ends = []
    server = serve(
        streaming(bytes(64 * 1024), ends, sys.maxsize), disconnect_grace_period=0.5,
        send_after_disconnect="raise" if raises else "ignore")
    with server.connect() as connection:
        connection.sendall(get())
        assert connection.recv(1000)
    server.until(lambda: ends)
    assert ends == ["disconnected" if raises else "cancelled"]
