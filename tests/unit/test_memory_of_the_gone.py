"""What a client leaves behind when it goes: nothing, once its app has ended or was cancelled, without the collector."""

import asyncio
import contextlib
import logging
import socket
import struct

import pytest

from fastsrv_ext.asgi.call import ClientDisconnected
from tests.support.apps import hello
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post
from tests.unit.test_memory import OURS, alive, no_collector

START = {"type": "http.response.start", "status": 200}
LARGE = {"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True}

assert {"HTTP1", "Cycle", "Task", "Future", "Grace", "Watch"} <= OURS


async def asleep(scope, receive, send):
    await asyncio.Event().wait()


async def stuck_in_receive(scope, receive, send):
    """And deaf to what it says."""
    while True:
        if (await receive())["type"] == "http.disconnect":
            await asyncio.Event().wait()


async def ends_on_disconnect(scope, receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass


async def stuck_in_send(scope, receive, send):
    await send(START)
    while True:
        await send(LARGE)


async def stuck_in_send_and_stubborn(scope, receive, send):
    try:
        await stuck_in_send(scope, receive, send)
    except ClientDisconnected:
        await asyncio.Event().wait()


async def chained(scope, receive, send):
    """Raises something of its own from our error."""
    try:
        await stuck_in_send(scope, receive, send)
    except OSError as error:
        raise RuntimeError("gone") from error


async def in_tasks(scope, receive, send):
    """Each with a receive() of its own."""
    tasks = [asyncio.create_task(ends_on_disconnect(scope, receive, send)) for _ in range(3)]
    await asyncio.gather(*tasks)


async def cleans_up(scope, receive, send):
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)


async def swallows(scope, receive, send):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass


async def cancels_itself(scope, receive, send):
    await asyncio.sleep(0)
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def goes_on_after_its_answer(scope, receive, send):
    await hello(scope, receive, send)
    await ends_on_disconnect(scope, receive, send)


NEED_THE_ERROR = [stuck_in_send, stuck_in_send_and_stubborn, chained]
APPS = [asleep, stuck_in_receive, ends_on_disconnect, stuck_in_send, stuck_in_send_and_stubborn, chained, in_tasks,
        cleans_up, swallows, cancels_itself, goes_on_after_its_answer]
ONES = {"get": get(), "half a body": post(b"hello")[:-3], "large body": post(b"x" * 100_000), "pipelined": get() * 40,
        "bad body": post(b"hello", b"Transfer-Encoding: chunked"), "bad head": b"\x00", "upgrade": post(
            b"hello", b"Connection: upgrade", b"Upgrade: x")}
ENDS = {"reset": APPS, "end and reset": APPS, "close": [ends_on_disconnect, stuck_in_send, chained, in_tasks],
        "time limit": [stuck_in_send, chained]}


@pytest.mark.parametrize("grace", [0, 3])
@pytest.mark.parametrize("end", ["reset", "end and reset", "timeout"])
@pytest.mark.parametrize("sent", ONES)
@pytest.mark.parametrize("app", APPS)
def test_nothing_is_left(wire, caplog, app, sent, end, grace):
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests")

    def live():
        peer = wire(app, grace=grace, send_raises=app in NEED_THE_ERROR)
        peer.transport.room = 1000
        peer.send(ONES[sent])
        if end == "timeout":
            peer.wait(100)
        else:
            if end == "end and reset":
                peer.end()
            peer.reset()
        peer.wait(100)
        if not peer.closed:  # the app is asleep, and a client waits
            peer.reset().wait(100)
        assert not asyncio.all_tasks(peer.loop)
        peer.connection = peer.transport.protocol = None  # the test's own
        return alive()

    with no_collector():
        before = alive()
        assert live() == before


@pytest.mark.parametrize("grace", [0, 3])
@pytest.mark.parametrize("sent", ONES)
def test_nothing_is_left_of_a_stream_to_nobody(wire, sent, grace):
    def live():
        peer = wire(stuck_in_send, grace=grace, turns=20)
        peer.transport.room = 1000
        peer.send(ONES[sent]).reset().wait(10)
        assert not asyncio.all_tasks(peer.loop)
        peer.connection = peer.transport.protocol = None  # the test's own
        return alive()

    with no_collector():
        before = alive()
        assert live() == before


async def by_path(scope, receive, send):
    await next(app for app in APPS if scope["path"] == f"/{app.__name__}")(scope, receive, send)


@pytest.mark.parametrize("sending", ["ignore", "raise"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_nothing_is_left_of_real_connections(serve, caplog, tls, sending):
    """On both loops."""
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests.server")
    server = serve(by_path, lifespan="off", hurried=True, disconnect_grace_period=2.5, send_timeout=15,
                   send_after_disconnect=sending, tls=server_context() if tls else None)

    def ask(app, body):
        connection = server.connect()
        if tls:
            connection = client_context().wrap_socket(connection, server_hostname="localhost")
        path = f"/{app.__name__}".encode()
        connection.sendall(get(path) if body is None else post(body, path=path)[:-1])
        return connection

    def leave(connection, end):
        if end == "end and reset":
            with contextlib.suppress(OSError):  # on a busy machine the time limit has been faster
                connection.shutdown(socket.SHUT_WR)
        if end != "close":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def talk():
        started = server.server.counters.count("requests")
        connections = [(ask(app, body), end) for end, apps in ENDS.items() for app in apps
                       for body in (None, b"hello", b"x" * 200_000)]
        server.until(lambda: server.server.counters.count("requests") == started + len(connections))
        for connection, end in connections:
            if end != "time limit":
                leave(connection, end)
        server.until(lambda: not any(server.server.clock.census().values()) and not server.server.dispatch.tasks)
        for connection, end in connections:
            if end == "time limit":
                leave(connection, end)

    talk()
    with no_collector():
        before = server.call_behind_a_tick(alive)
        talk()
        server.until(lambda: alive() == before)
