"""A WebSocket at its worker's end: one whose client lagged was never told, one whose app took no notice was waited for
to the last, one whose app only sends had a traceback in the log, and a handshake that waited got no answer. Found in
reviews."""

import signal

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.servers import PATIENCE, read_to_end
from tests.support.wire import get
from tests.websocket.client import ASKS

SOURCE = '''
import asyncio

async def app(scope, receive, send):
    await receive()
    if scope["path"] == "/waits":
        print("waiting", flush=True)
        await receive()
        return
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})
    if scope["path"] == "/asleep":
        await asyncio.Event().wait()
    while True:
        await send({"type": "websocket.send", "bytes": bytes(64 * 1024 if scope["path"] == "/stream" else 1)})
        if scope["path"] == "/ticker":
            await asyncio.sleep(0.05)
'''
LONG = str(10 * PATIENCE)  # seconds for the end: a test that waits for it fails


@pytest.mark.parametrize("path", ["/ticker", "/asleep", "/stream"])
def test_all_are_told_and_their_apps_end(gunicorn, path):
    server = gunicorn(SOURCE, "--graceful-timeout", LONG)
    with connect(f"ws://127.0.0.1:{server.port}{path}", proxy=None, open_timeout=PATIENCE) as client:
        assert client.recv(PATIENCE) == "hello"
        server.signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(PATIENCE)
        assert closed.value.rcvd.code == 1012
    assert server.wait() == 0
    assert "Traceback" not in server.output and "[ERROR]" not in server.output, server.output


def test_handshake_that_waits_is_answered(gunicorn):
    """When its app has heard of the end, which is as late as with other requests."""
    server = gunicorn(SOURCE, "--graceful-timeout", "3")
    with server.connect() as client:
        client.sendall(get(b"/waits", *ASKS))
        server.wait_for("waiting")
        server.signal(signal.SIGTERM)
        assert read_to_end(client).startswith(b"HTTP/1.1 503 ")
    assert server.wait() == 0
