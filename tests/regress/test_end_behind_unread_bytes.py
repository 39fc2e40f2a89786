"""Found by a review: an app went on for ever when its client had closed behind bytes that nobody read. The loop does
not read while the app has a body to take, and the look for a client that has gone passed over one with bytes left."""

import asyncio
import socket
import threading

import pytest

from tests.support.apps import hello, read_body
from tests.support.linux import of_linux
from tests.support.servers import HURRY, PATIENCE
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post

GRACE = 3
LARGE = 200_000  # bytes of a body: more than is read ahead, so reading pauses
HELD = 100_000  # bytes of one whose rest finds room in the kernel, wherever reading pauses: the end is seen behind it


class Sleeper:
    """Sleeps for each request, until it is cancelled."""

    def __init__(self):
        self.began, self.cancelled = threading.Event(), threading.Event()

    async def __call__(self, scope, receive, send):
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def crowded(it, request=None):
    """Reading is paused, and the kernel has more."""
    it.send(post(b"x" * LARGE)[:-10] if request is None else request)
    assert not it.transport.reading
    return it.leave_unread(b"x" * 10)


def close(it, unix):
    if unix:
        it.transport.peer.close()
    else:  # all that TCP tells
        it.transport.peer.shutdown(socket.SHUT_WR)


@of_linux
@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("request_", [None, get() * 40], ids=["body", "pipeline"])
@pytest.mark.parametrize("grace", [GRACE, 0])
def test_app_is_cancelled_when_two_grace_periods_are_over(wire, unix, request_, grace):
    app = Sleeper()
    it = crowded(wire(app, unix=unix, grace=grace), request_).wait(10 * GRACE)
    assert not app.cancelled.is_set()
    close(it, unix)
    it.tick(2 * (grace or 1))
    assert not app.cancelled.is_set()
    it.wait(3)
    assert app.cancelled.is_set()
    assert it.context.counters.count("in_flight") == 0
    assert it.output.startswith(b"HTTP/1.1 500 ")  # it may be there


def test_client_that_has_half_closed_gets_an_answer_that_begins_in_time(wire):
    async def app(scope, receive, send):
        await go.wait()
        await hello(scope, receive, send)

    go = asyncio.Event()
    it = crowded(wire(app, grace=GRACE))
    close(it, False)
    it.wait(GRACE).call(go.set)
    assert it.output.endswith(b"Hello, world!")


def test_half_closed_client_of_a_unix_socket_is_waited_for(wire):
    app = Sleeper()
    it = crowded(wire(app, unix=True, grace=GRACE))
    close(it, False)
    it.wait(10 * GRACE)
    assert not app.cancelled.is_set()


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_app_that_takes_the_body_meanwhile_is_not_disturbed(wire, unix):
    async def app(scope, receive, send):
        for _ in range(10):
            await step.acquire()
            sizes.append(len((await receive())["body"]))
        await hello(scope, receive, send)

    sizes, step = [], asyncio.Semaphore(0)
    it = wire(app, unix=unix, grace=GRACE, turns=20)
    it.send(post(b"x" * 10 * LARGE)[:-9 * LARGE])
    it.leave_unread(b"x")
    close(it, unix)
    for _ in range(9):
        it.tick(1)
        it.call(step.release)
        assert it.transport.reading
        it.send(b"x" * LARGE)
    it.call(step.release)
    assert sizes == [LARGE] * 10
    assert it.output.endswith(b"Hello, world!")


@of_linux
@pytest.mark.parametrize("way", ["tcp", "unix", "tls"])
@pytest.mark.parametrize("more", [b"", b"x" * 1000], ids=["nothing more", "more"])
def test_app_is_cancelled_and_its_place_is_free(serve, tmp_path, way, more):
    app = Sleeper()
    address = str(tmp_path / "socket") if way == "unix" else None
    tls = server_context() if way == "tls" else None
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=0.25, address=address, tls=tls)
    with server.connect() as connection:
        if tls:
            connection = client_context().wrap_socket(connection, server_hostname="localhost")
        connection.sendall(post(b"x" * HELD)[:-len(more) - 1])
        assert app.began.wait(PATIENCE)
        server.until(lambda: server.server.clock.census()["WATCH"] == 1)  # reading is paused
        if more:
            connection.sendall(more)
        connection.close()
    assert app.cancelled.wait(PATIENCE)
    server.until(lambda: server.server.counters.count("in_flight") == 0 and not server.server.dispatch.tasks)


@of_linux
@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_app_that_takes_what_a_client_has_left_gets_all_of_it(serve, tmp_path, way):
    """Some clients never wait for an answer."""
    async def app(scope, receive, send):
        began.set()
        await go.wait()
        bodies.append(await read_body(receive))
        ended.set()
        await hello(scope, receive, send)

    bodies, began, ended = [], threading.Event(), threading.Event()
    address = str(tmp_path / "socket") if way == "unix" else None
    server = serve(app, lifespan="off", hurried=True, disconnect_grace_period=PATIENCE * HURRY, address=address)
    go = server.call(asyncio.Event)
    with server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LARGE)  # all of it leaves, read or not
        connection.sendall(post(b"x" * LARGE))
        assert began.wait(PATIENCE)
    server.until(lambda: server.server.clock.census()["GRACE"] == 1)
    server.call(go.set)
    assert ended.wait(PATIENCE)
    assert bodies == [b"x" * LARGE]
