"""A WebSocket at its worker's end: one whose client lagged was never told, one whose app took no notice was waited for
to the last, one whose app only sends had a traceback in the log, a handshake that waited got no answer or was logged
as one whose client had gone, and others were refused while the worker accepted. Found in reviews."""

import asyncio
import signal

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.apps import hello
from tests.support.asking import send
from tests.support.dialing import code_of, dial
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.stalls import timed
from tests.support.wire import get
from tests.websocket.client import ASKS

SOURCE = '''
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        return await send({"type": "http.response.body"})
    await receive()
    if scope["path"] == "/waits":
        print("waiting", flush=True)
        await receive()
        return
    if scope["path"] == "/late":
        print("waiting", flush=True)
        await receive()
        return await send({"type": "websocket.accept"})
    if scope["path"] == "/cleans":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        try:
            return await receive()
        finally:
            await asyncio.sleep(0.1)
            print("cleaned up", flush=True)
    if scope["path"] == "/hangs":
        print("hanging", flush=True)
        await asyncio.Event().wait()
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
    with dial(server, path) as client:
        assert client.recv(PATIENCE) == "hello"
        server.signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(PATIENCE)
        assert closed.value.rcvd.code == 1012
    assert server.wait() == 0
    assert "Traceback" not in server.output and "[ERROR]" not in server.output, server.output


def asked_and_ended(server, path, said):
    """What a request for a WebSocket gets, whose app has said that it is at work when the worker is told to end."""
    with server.connect() as client:
        client.sendall(get(path, *ASKS))
        server.wait_for(said)
        server.signal(signal.SIGTERM)
        answer = read_to_end(client)
    assert server.wait() == 0
    return answer


@timed
def test_handshake_that_waits_is_answered(gunicorn):
    """When its app has heard of the end, which is as late as with other requests."""
    server = gunicorn(SOURCE, "--graceful-timeout", "3")
    assert asked_and_ended(server, b"/waits", "waiting").startswith(b"HTTP/1.1 503 ")


@timed
def test_handshake_whose_app_does_not_hear_is_logged_as_what_it_is(gunicorn):
    """The client is there, and nobody answers: 503, as of any other request."""
    server = gunicorn(SOURCE, "--graceful-timeout", "2", "--access-logfile", "-", "--access-logformat", "%(U)s %(s)s")
    asked_and_ended(server, b"/hangs", "hanging")
    assert "/hangs 503\n" in server.output


@timed
def test_clients_of_apps_that_take_no_notice_are_told_in_the_shortest_time(gunicorn):
    """Of a second, which is what an app is given to end by itself."""
    server = gunicorn(SOURCE, "--graceful-timeout", "1")
    with dial(server, "/asleep") as client:
        assert client.recv(PATIENCE) == "hello"
        server.signal(signal.SIGTERM)
        assert code_of(client) == 1012
    assert server.wait() == 0


def test_worker_that_ends_accepts_as_long_as_it_accepts_connections(serve):
    """A request for a WebSocket is not worth less than another: it goes on, and is told by 1012."""
    async def app(scope, receive, send):
        if scope["type"] == "http":
            return await hello(scope, receive, send)
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    server = serve(app, lifespan="off", graceful_timeout=10 * PATIENCE, keepalive=PATIENCE, shutdown_keepalive=PATIENCE)
    with server.connect() as idle, server.connect() as other:  # which the worker waits for
        for each in idle, other:
            send(each, "/http")
            read_response(each)
        server.call(server.server.stop)
        server.until(lambda: server.server.context.draining)
        idle.sendall(get(b"/", b"Connection: keep-alive", *ASKS))
        assert read_response(idle).status == 101
        other.close()
        assert read_to_end(idle).endswith(b"\x03\xf4")


@timed
def test_app_that_accepts_behind_the_notice(gunicorn):
    """The Close said 1006, which may not be said (RFC 6455, 7.4.1)."""
    server = gunicorn(SOURCE, "--graceful-timeout", "3")
    answer = asked_and_ended(server, b"/late", "waiting")
    assert answer.startswith(b"HTTP/1.1 101 ") and answer.endswith(b"\r\n\r\n\x88\x02\x03\xf4")


def test_app_is_cancelled_once(gunicorn):
    """With no grace period, and by the end of the worker: the second cut off what the app did upon the first."""
    server = gunicorn(SOURCE, config="asgi_disconnect_grace_period = 0")
    with dial(server, "/cleans") as client:
        assert client.recv(PATIENCE) == "hello"
        server.signal(signal.SIGQUIT)
        server.wait_for("^cleaned up$")
    assert server.wait() == 0
