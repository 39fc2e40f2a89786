"""An app whose client has gone, on real sockets and both loops: how soon it is known, and that the app is cancelled.

The rules: test_grace.py. A client that closes or ends its side: test_grace_half_closed_served.py.
"""

import asyncio
import math
import socket
import struct
import sys

import anyio
import pytest

from fastsrv_ext.asgi.call import ClientDisconnected
from fastsrv_ext.clock import TICK
from tests.support.apps import hello
from tests.support.leaving import LARGE, PIECE, App, TimedApp, connected, listens
from tests.support.servers import HURRY, PATIENCE, read_response, read_to_end
from tests.support.sleepers import START, asleep
from tests.support.tls import server_context
from tests.support.wire import get, post


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def reads_and_sleeps(receive, send):
    await receive()
    await asleep(receive, send)


async def stuck_in_send(receive, send):
    await send(START)
    while True:
        await send(PIECE)


async def stuck_in_send_and_stubborn(receive, send):
    try:
        await stuck_in_send(receive, send)
    except ClientDisconnected:
        await asleep(receive, send)


async def in_a_shielded_task(receive, send):
    await asyncio.shield(asyncio.ensure_future(asyncio.sleep(0.1)))
    await asyncio.shield(asyncio.Event().wait())


async def in_a_group(receive, send):
    async with anyio.create_task_group() as group:
        group.start_soon(asleep, receive, send)
        group.start_soon(reads_and_sleeps, receive, send)


async def in_asyncios_group(receive, send):
    async with asyncio.TaskGroup() as group:
        group.create_task(asleep(receive, send))


async def in_a_scope(receive, send):
    with anyio.move_on_after(1000), anyio.CancelScope(shield=True):
        await asleep(receive, send)


SLEEPERS = [asleep, reads_and_sleeps, stuck_in_send_and_stubborn, in_a_shielded_task, in_a_group, in_a_scope]
if sys.version_info >= (3, 11):
    SLEEPERS.append(in_asyncios_group)


@pytest.mark.parametrize("grace", [0, 0.25])
@pytest.mark.parametrize("work", SLEEPERS)
def test_reset_cancels_the_app(serve, work, grace):
    app = App(work)
    server = serve(
        app, lifespan="off", hurried=True, disconnect_grace_period=grace, send_after_disconnect="raise")
    with connected(server, small=True) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        if work is stuck_in_send_and_stubborn:
            server.until(lambda: server.server.clock.census()["SEND"])
        reset(connection)
        assert isinstance(app.wait_for_end(), asyncio.CancelledError)
    server.until(lambda: not any(server.server.clock.census().values()))
    assert not server.server.dispatch.tasks


@pytest.mark.parametrize(("grace", "least", "most"), [(0, 0, 3), (10, 10, math.inf)])
def test_app_is_cancelled_when_the_grace_period_is_over(serve, grace, least, most):
    """least, most: seconds, by the server's clock."""
    app = TimedApp(lambda: server.server.clock.now)
    server = serve(app, lifespan="off", hurried=grace > 0, disconnect_grace_period=grace)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        began = server.call(lambda: server.server.clock.now)
        reset(connection)
        app.wait_for_end()
    assert least <= (app.ended_at - began) * TICK < most


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("before", ["whole", "cut off", "large", "half-closed", "pipelined", "many"])
def test_reset_is_known_wherever_the_connection_stands(serve, tls, before):
    """Also while the loop does not listen to the client: its end has been read, or reading is paused."""
    app = App(asleep)
    server = serve(
        app, lifespan="off", hurried=True, disconnect_grace_period=1, tls=server_context() if tls else None)
    with connected(server, tls=tls) as connection:
        connection.sendall({
            "cut off": post(b"hello")[:-1], "large": post(b"x" * LARGE)[:-1],
            "pipelined": get() * 3, "many": get() * 40,
        }.get(before, get()))
        app.wait_for_begin()
        if before == "half-closed":
            connection.shutdown(socket.SHUT_WR)
        server.until(lambda: server.server.clock.census()["WATCH"] == (before in ("large", "half-closed", "many")))
        reset(connection)
        assert isinstance(app.wait_for_end(), asyncio.CancelledError)
    server.until(lambda: not any(server.server.clock.census().values()))


@pytest.mark.parametrize("work", [listens, stuck_in_send])
def test_app_that_is_told_ends_by_itself(serve, work):
    app = App(work)
    server = serve(
        app, lifespan="off", hurried=True, disconnect_grace_period=PATIENCE * HURRY, send_after_disconnect="raise")
    with connected(server, small=True) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        if work is stuck_in_send:
            server.until(lambda: server.server.clock.census()["SEND"])
        reset(connection)
        end = app.wait_for_end()
    assert end == "returned" if work is listens else isinstance(end, ClientDisconnected)
    server.until(lambda: not any(server.server.clock.census().values()))


def test_other_requests_are_not_disturbed(serve):
    async def work(receive, send):
        await go.wait()
        await hello(None, receive, send)

    app = App(work)
    server = serve(app, lifespan="off", disconnect_grace_period=0)
    go = server.call(asyncio.Event)
    with connected(server) as patient:
        patient.sendall(get())
        app.wait_for_begin()
        with connected(server) as hasty:
            app.began.clear()
            hasty.sendall(get())
            app.wait_for_begin()
            reset(hasty)
        assert isinstance(app.wait_for_end(), asyncio.CancelledError)
        server.call(go.set)
        assert read_response(patient).body == b"Hello, world!"


def test_worker_drains_when_the_last_request_of_nobody_is_cancelled(serve):
    """The drain waits for it, and graceful_timeout is far away."""
    app = App(asleep)
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=0.25, graceful_timeout=PATIENCE * 2)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        reset(connection)
        server.stop()
    assert isinstance(app.wait_for_end(), asyncio.CancelledError)


@pytest.mark.parametrize("grace", [0, PATIENCE])
def test_quick_stop_cancels_once(serve, grace):
    """Its own aborts are no disconnects that would cancel again, in the middle of a cleanup."""
    cancelled = []

    async def work(receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                cancelled.append("again")
                raise

    app = App(work)
    server = serve(app, lifespan="off", disconnect_grace_period=grace)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        server.stop(quickly=True)
    assert isinstance(app.wait_for_end(), asyncio.CancelledError)
    assert not cancelled


def test_quick_stop_ends_whoever_is_left_in_whatever_way(serve):
    """A client that has gone, and one that the loop does not listen to."""
    app = App(asleep)
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=PATIENCE * HURRY)
    with connected(server) as gone, connected(server) as half_closed:
        gone.sendall(get())
        app.wait_for_begin()
        half_closed.sendall(get())
        half_closed.shutdown(socket.SHUT_WR)
        reset(gone)
        server.until(lambda: [server.server.clock.census()[state] for state in ("GRACE", "WATCH")] == [2, 1])
        server.stop(quickly=True)
        assert read_to_end(half_closed) == b""
    assert isinstance(app.wait_for_end(), asyncio.CancelledError)
