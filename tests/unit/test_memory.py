"""What is over is gone at once: nothing waits for the garbage collector, nothing outlives its connection."""

import gc
import logging
import sys
from contextlib import contextmanager

import pytest

from tests.support.apps import hello, read_body
from tests.support.memory import blocks_kept
from tests.support.servers import read_response
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post

OURS = {"HTTP1", "Reader", "TLS", "SSLObject", "Cycle", "RequestHead", "HttpRequestParser", "Task", "Future", "Ready",
        "Grace", "Watch", "Hold"}
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"


@contextmanager
def no_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive():
    """Our objects that exist, as a list of their types' names."""
    return sorted(type(thing).__name__ for thing in gc.get_objects() if type(thing).__name__ in OURS)


async def echo(scope, receive, send):
    body = await read_body(receive)
    if body is not None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
    await send({"type": "http.response.body"})


async def watch(scope, receive, send):
    """Goes on after its answer, until the disconnect that ends it."""
    await hello(scope, receive, send)
    while (await receive())["type"] != "http.disconnect":
        pass


async def fail(scope, receive, send):
    raise ValueError


async def fail_midway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    raise ValueError


async def give_up(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"bad name", b"")]})


CONVERSATIONS = {
    "get": (hello, [get(b"/a?b=%20", b"Accept: */*", b"X-Unknown: 1")]),
    "head": (hello, [b"HEAD" + get()[3:]]),
    "http 1.0": (hello, [get(b"/", b"Connection: keep-alive", version=b"1.0")]),
    "body": (echo, [post(b"hello")]),
    "body in pieces": (echo, [post(b"hello")[:-3], b"ll", b"o"]),
    "large body": (echo, [post(b"x" * 100_000)]),
    "chunked body": (echo, [CHUNKED[:-20], CHUNKED[-20:]]),
    "expectation": (echo, [post(b"hello", b"Expect: 100-continue")[:-5], b"hello"]),
    "unread body": (hello, [post(b"hello")[:-5], b"hello"]),
    "upgrade": (echo, [post(b"hello", b"Connection: upgrade", b"Upgrade: x")]),
    "pipelined": (hello, [get() * 20]),
    "stream": (stream, [get()]),
    "watch": (watch, [get()]),
}
ENDINGS = {
    "close": (hello, [get(b"/", b"Connection: close")]),
    "bad head": (hello, [b"\x00"]),
    "bad body": (echo, [CHUNKED[:-20] + b"z"]),
    "half a head": (hello, [get()[:-3]]),
    "half a body": (echo, [post(b"hello")[:-3]]),
    "failure": (fail, [get()]),
    "failure midway": (fail_midway, [get()]),
    "bad response": (give_up, [get()]),
    "pipelined behind a failure": (fail, [get() * 3]),
}



@pytest.mark.parametrize("name", CONVERSATIONS)
def test_requests_leave_nothing_behind(wire, name):
    app, reads = CONVERSATIONS[name]
    peer = wire(app)

    def talk(times):
        for _ in range(times):
            peer.send(*reads).take()

    talk(20)
    with no_collector():
        objects = len(gc.get_objects())
        assert blocks_kept(lambda: talk(300)) < 100  # less than one in three requests
        assert len(gc.get_objects()) - objects < 20
        assert gc.collect() == 0
    assert not peer.ended


@pytest.mark.parametrize("end", ["end", "reset", "wait"])
@pytest.mark.parametrize("name", [*CONVERSATIONS, *ENDINGS])
def test_connections_leave_nothing_behind(wire, caplog, name, end):
    app, reads = {**CONVERSATIONS, **ENDINGS}[name]
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests")

    def live():
        peer = wire(app)
        peer.send(*reads)
        peer.wait(100) if end == "wait" else getattr(peer, end)()
        peer.wait(100)
        assert peer.closed
        peer.connection = peer.transport.protocol = None  # the test's own
        return alive()

    with no_collector():
        before = alive()
        assert live() == before


@pytest.mark.parametrize("body", [b"", b"hello"])
def test_known_names_are_counted_right(wire, body):
    """One reference too many or too few for each request would end in a crash, some day."""
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await read_body(receive)
        await hello(scope, receive, send)

    peer = wire(app)
    request = post(body, b"Accept: */*", b"X-Unknown: 1", b"Connection: keep-alive", b"User-Agent: x")
    peer.send(request * 2)
    scope = scopes.pop()
    things = [scope, *scope.keys(), *scope.values(), *scope["asgi"].items(), *scope["headers"]]
    things += [part for pair in scope["headers"] for part in pair]
    scopes.clear()

    def counts():
        return [sys.getrefcount(thing) for thing in things]

    before = counts()
    for _ in range(100):
        peer.send(request, request * 2).take()
        scopes.clear()
    assert counts() == before


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_real_connections_leave_nothing_behind(serve, tls):
    """No cycle through the transport, the parser or a task; on both loops."""
    server = serve(echo, lifespan="off", tls=server_context() if tls else None)

    def connect():
        connection = server.connect()
        return client_context().wrap_socket(connection, server_hostname="localhost") if tls else connection

    def talk():
        connections = [connect() for _ in range(20)]
        for connection in connections:
            for _ in range(10):
                connection.sendall(post(b"hello"))
                assert read_response(connection).body == b"hello"
            connection.sendall(CHUNKED[:-20])
        for connection in connections[:10]:
            connection.sendall(CHUNKED[-20:])
            assert read_response(connection).body == b"hello"
        for connection in connections:
            connection.close()
        server.until(lambda: not any(server.server.clock.census().values()))

    talk()
    with no_collector():
        before = server.call_behind_a_tick(alive)
        talk()
        server.until(lambda: alive() == before)
