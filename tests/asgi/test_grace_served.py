"""An app whose client has gone, on real sockets and both loops: how soon it is known, and that the app is cancelled.

The rules: test_grace.py.
"""

import asyncio
import socket
import struct
import sys
import threading
from contextlib import contextmanager

import anyio
import pytest

from fastsrv_ext.asgi.call import ClientDisconnected
from fastsrv_ext.clock import TICK
from tests.support.apps import hello
from tests.support.servers import HURRY, PATIENCE, read_response, read_to_end
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post

LARGE = 200_000  # bytes of a body: more than is read ahead, so reading pauses
START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class App:
    """Does `work(receive, send)` for each request but those for /hello; a test waits for its begin and its end."""

    def __init__(self, work):
        self.work = work
        self.began, self.ended = threading.Event(), threading.Event()
        self.end = None  # "returned", or what was raised

    async def __call__(self, scope, receive, send):
        if scope["path"] == "/hello":
            return await hello(scope, receive, send)
        self.began.set()
        try:
            await self.work(receive, send)
            self.end = "returned"
        except BaseException as error:
            self.end = error
            raise
        finally:
            self.ended.set()

    def wait_for_begin(self):
        assert self.began.wait(PATIENCE)

    def wait_for_end(self):
        assert self.ended.wait(PATIENCE)
        return self.end


async def asleep(receive, send):
    await asyncio.Event().wait()


async def listens(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass


async def reads_and_sleeps(receive, send):
    await receive()
    await asleep(receive, send)


class TimedApp(App):
    """Sleeps, and notes when that ended: `ended_at`, as now() has it."""

    def __init__(self, now):
        super().__init__(self.sleep)
        self.now = now

    async def sleep(self, receive, send):
        try:
            await asleep(receive, send)
        finally:
            self.ended_at = self.now()


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


@contextmanager
def connected(server, tls=False, small=False):
    """A client's socket; small: one that takes little before it is read."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    if tls:
        connection = client_context().wrap_socket(connection, server_hostname="localhost")
    with connection:
        yield connection


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


def test_grace_period_of_0_is_none(serve):
    app = TimedApp(lambda: server.server.clock.now)
    server = serve(app, lifespan="off", disconnect_grace_period=0)
    with connected(server) as connection:
        connection.sendall(get())
        app.wait_for_begin()
        began = server.call(lambda: server.server.clock.now)
        reset(connection)
        app.wait_for_end()
    assert app.ended_at - began <= 3  # ticks: less than a second


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
