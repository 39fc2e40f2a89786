"""Found by an operator's trial: with an open stream TERM skipped everything. The drain lasted until the moment in which
the arbiter kills, so no `finally` clause ran, no lifespan shutdown, no worker_exit and no line of the access log."""

import signal

import pytest

from tests.support.asking import send

SOURCE = """
import asyncio

def say(what):
    print(what, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        say("the app shuts down")
        return await send({"type": "lifespan.shutdown.complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    try:
        if scope["path"] == "/listens":
            while (await receive())["type"] != "http.disconnect":
                pass
            await send({"type": "http.response.body", "body": b" last"})
            say("the stream ends by itself")
        else:
            await asyncio.Event().wait()
    finally:
        say("finally")
"""
CONFIG = """
accesslog, access_log_format = "-", "access: %(r)s"
def worker_exit(server, worker): print("hook: worker_exit", flush=True)
"""


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request):
    return request.param


@pytest.mark.parametrize("timeout", ["1", "2", "4"])
def test_everything_that_ends_a_stream_happens_before_the_arbiter_kills(gunicorn, loop, timeout):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", timeout, config=CONFIG)
    with server.connect() as stream:
        send(stream, "/deaf")
        assert b"first" in read_until(stream, b"first")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert "SIGKILL" not in server.output
    for what in ("finally", "the app shuts down", "access: GET /deaf", "hook: worker_exit"):
        assert what in server.output, server.output


def test_stream_that_listens_for_a_disconnect_ends_by_itself(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", "2", config=CONFIG)
    with server.connect() as stream:
        send(stream, "/listens")
        read_until(stream, b"first")
        server.signal(signal.SIGTERM, server.worker())
        assert b" last" in read_until(stream, b"0\r\n\r\n")
        server.wait_for("hook: worker_exit")
    assert "the stream ends by itself" in server.output
    assert "before they are done" not in server.output


def read_until(connection, end):
    data = b""
    while end not in data:
        more = connection.recv(65536)
        assert more, data
        data += more
    return data


@pytest.mark.parametrize("timeout", ["0", "1"])
def test_stream_ends_with_a_worker_that_is_replaced(gunicorn, timeout):
    """Nobody kills after HUP: it ends by itself, and in time."""
    server = gunicorn(SOURCE, "--graceful-timeout", timeout, config=CONFIG)
    with server.connect() as stream:
        send(stream, "/deaf")
        read_until(stream, b"first")
        server.signal(signal.SIGTERM, server.worker())
        server.wait_for("hook: worker_exit")
    for what in ("finally", "the app shuts down", "access: GET /deaf"):
        assert what in server.output, server.output
