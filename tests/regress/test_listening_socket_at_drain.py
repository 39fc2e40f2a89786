"""Found by an operator's trial: a draining worker kept its listening socket open, and so did one that was told to end
while it booted: whoever connected then hung, and was reset in the end."""

import contextlib
import signal
import socket

import pytest

from benchmarks.processes import held_port
from tests.support.asking import ask, fetch, send
from tests.support.servers import PATIENCE, read_response
from tests.support.stalls import timed

STREAM = """
import asyncio, sys, time

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        print("the app starts", flush=True)
        await asyncio.sleep(START)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.Event().wait()
    await send({"type": "http.response.body", "body": b"hello"})
"""


def outcome(server):
    """Of a new connection: answered, refused, or reset, within a time in which nobody would give up."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            return "answered" if ask(connection, "/").status == 200 else "?"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize("options", [(), ("--reuse-port",)], ids=["shared", "reuse-port"])
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@timed
def test_connection_to_a_worker_that_drains_is_answered_or_refused(gunicorn, loop, options):
    config = """
def when_ready(server):  # with reuse_port gunicorn does not say it
    print("Listening at: http://127.0.0.1:PORT", flush=True)
"""
    with held_port() as port:
        server = gunicorn("START = 0\n" + STREAM, "--asgi-loop", loop, "--graceful-timeout", "8", *options,
                          config=config.replace("PORT", str(port)), bind=f"127.0.0.1:{port}")
        server.wait_for("the app starts")
        with fetched(server) as stream:
            send(stream, "/stream")
            assert stream.recv(1000)
            server.signal(signal.SIGTERM)
            outcomes = [outcome(server)]
            while "refused" not in outcomes:
                outcomes.append(outcome(server))
            outcomes += [outcome(server) for _ in range(10)]
    assert set(outcomes) <= {"answered", "refused", "reset"}
    assert outcomes.count("reset") <= 1  # in the microseconds from the last accept() to close()
    assert outcomes[-10:] == ["refused"] * 10
    assert server.wait() == 0


def test_connection_that_comes_while_the_listeners_end_is_answered(serve):
    """Whatever the loop does to end its own part stands between the last look into the queue and the close."""
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    def pause():
        paused()
        late.append(server.connect())
        send(late[-1])

    late = []
    server = serve(app, lifespan="off")
    listeners = server.server.listeners
    paused, listeners.pause = listeners.pause, pause
    server.stop()
    assert read_response(late[0]).status == 200
    for connection in late:
        connection.close()


@contextlib.contextmanager
def fetched(server):
    """A connection to a server that may be about to listen."""
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            connection = server.connect()
            break
    with connection:
        yield connection


@pytest.mark.parametrize("source", [
    "START = 3600\n" + STREAM,
    "import time\nprint('the app starts', flush=True)\ntime.sleep(3600)\napp = None\n",
    STREAM.replace("await asyncio.sleep(START)", "time.sleep(3600)"),
], ids=["lifespan", "import", "blocked lifespan"])
@timed
def test_worker_that_is_told_to_end_before_it_serves_takes_no_connections_along(gunicorn, source):
    """Nobody else listens: who comes is refused, rather than left in a queue."""
    server = gunicorn(source, "--graceful-timeout", "3")
    server.wait_for("the app starts")
    server.signal(signal.SIGTERM)
    while outcome_of_connecting(server) != "refused":
        pass
    assert [outcome_of_connecting(server) for _ in range(10)] == ["refused"] * 10
    assert server.process.poll() is None
    assert server.wait() == 0


def outcome_of_connecting(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()
    except (ConnectionRefusedError, ConnectionResetError):  # the latter in the moment in which the socket is closed
        return "refused"
    return "accepted"


def test_other_workers_go_on_to_accept(gunicorn):
    """A copy of the socket was closed, not the socket."""
    server = gunicorn("START = 0\n" + STREAM, "--workers", "2", "--graceful-timeout", "2")
    server.wait_for("the app starts", 2)
    server.signal(signal.SIGTERM, server.worker(1))
    server.wait_for(rf"Worker exiting \(pid: {server.worker(1)}\)")
    assert [fetch(server).status for _ in range(10)] == [200] * 10
