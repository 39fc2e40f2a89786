"""A client that closes, or ends its side and waits, on real sockets and both loops: over TCP one looks like the other,
over a UNIX socket it does not. What its app is told, and what the client gets.

The rules: test_grace_half_closed.py. A client that resets: test_grace_served.py.
"""

import asyncio
import socket

import pytest

from fastsrv_ext.clock import TICK
from tests.support.apps import hello
from tests.support.leaving import LARGE, PIECE, App, TimedApp, connected, listens
from tests.support.linux import of_linux
from tests.support.servers import HURRY, PATIENCE, read_response, read_to_end
from tests.support.sleepers import START, asleep
from tests.support.tls import server_context
from tests.support.wire import get, post


def test_close_is_known_to_the_app_that_listens(serve):
    app = App(listens)
    server = serve(app, lifespan="off", hurried=True)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
    assert app.wait_for_end() == "returned"


def test_close_is_known_by_the_first_bytes_that_nobody_takes(serve):
    """Over TCP a close looks like a half-close, until something is sent."""
    async def work(receive, send):
        await send(START)
        await closed.wait()
        await send(PIECE)  # the client's kernel answers this one with a reset
        await listens(receive, send)

    app = App(work)
    server = serve(app, lifespan="off", disconnect_grace_period=PATIENCE * 2)
    closed = server.call(asyncio.Event)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
    server.call(closed.set)
    assert app.wait_for_end() == "returned"


def test_half_closed_client_gets_its_answer(serve):
    async def work(receive, send):
        await listens(receive, send)
        await hello(None, receive, send)

    app = App(work)
    server = serve(app, lifespan="off", hurried=True)
    with connected(server) as connection:
        connection.sendall(get())
        connection.shutdown(socket.SHUT_WR)
        assert read_response(connection).body == b"Hello, world!"
        assert read_to_end(connection) == b""


def test_half_closed_client_that_takes_a_stream_gets_all_of_it(serve):
    async def work(receive, send):
        await send(START)
        began = server.server.clock.now
        while server.server.clock.now < began + 8:  # several grace periods
            await send({"type": "http.response.body", "body": b"piece", "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"the end"})

    app = App(work)
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=0.25)
    with connected(server) as connection:
        connection.sendall(get())
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).endswith(b"the end\r\n0\r\n\r\n")
    assert app.wait_for_end() == "returned"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_app_of_a_client_that_has_closed_is_cancelled(serve, tls):
    app = App(asleep)
    server = serve(
        app, lifespan="off", hurried=True, disconnect_grace_period=0.25, tls=server_context() if tls else None)
    with connected(server, tls=tls) as connection:
        connection.sendall(get())
        app.wait_for_begin()
    assert isinstance(app.wait_for_end(), asyncio.CancelledError)
    server.until(lambda: not any(server.server.clock.census().values()))


@of_linux
def test_close_of_a_unix_socket_is_no_half_close(serve, tmp_path):
    app = TimedApp(lambda: server.server.clock.now)
    server = serve(app, lifespan="off", disconnect_grace_period=0, address=str(tmp_path / "socket"))
    with server.connect() as connection:
        connection.sendall(get())
        app.wait_for_begin()
        closed = server.call(lambda: server.server.clock.now)
    assert isinstance(app.wait_for_end(), asyncio.CancelledError)
    assert app.ended_at - closed <= 3  # ticks: sooner than by a look now and then


def test_half_close_of_a_unix_socket_is_one(serve, tmp_path):
    async def work(receive, send):
        await receive()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 3 * TICK)
        await hello(None, receive, send)

    server = serve(
        App(work), lifespan="off", hurried=True, disconnect_grace_period=0, address=str(tmp_path / "socket"))
    with server.connect() as connection:
        connection.sendall(get())
        connection.shutdown(socket.SHUT_WR)
        assert read_response(connection).body == b"Hello, world!"


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("size", [5, LARGE])
def test_body_of_a_client_that_has_gone_is_handed_over(serve, tmp_path, size, unix):
    """Some clients never wait for an answer."""
    got = []

    async def work(receive, send):
        await go.wait()
        while True:
            event = await receive()
            got.append(event["body"])
            if not event["more_body"]:
                break

    app = App(work)
    address = str(tmp_path / "socket") if unix else None
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=PATIENCE * HURRY, address=address)
    go = server.call(asyncio.Event)
    with server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LARGE)  # all of it leaves, read or not
        connection.sendall(post(b"x" * size))
        app.wait_for_begin()
    now = server.server.clock.now
    server.until(lambda: server.server.clock.now > now + 6)  # longer than it takes for a look
    server.call(go.set)
    assert app.wait_for_end() == "returned"
    assert sum(map(len, got)) == size
