"""Found by a load test of restarts: idle connections were closed at once when the worker began to drain, and the
requests that were on their way were lost: 224 of 39,431."""

import asyncio
import time

import pytest

from tests.support.apps import hello
from tests.support.asking import ask, fetch, send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.stalls import timed

LONG = 3 * PATIENCE  # seconds: a window that ends by itself only after a test has failed


def draining(server):
    server.call(server.server.stop)
    server.until(lambda: server.server.context.draining)


def test_next_request_of_an_idle_connection_is_answered_and_the_last(serve):
    server = serve(hello, graceful_timeout=8 * PATIENCE, keepalive=LONG, shutdown_keepalive=LONG)
    with server.connect() as idle, server.connect() as other:
        assert ask(idle).headers.get("connection") is None
        assert ask(other).headers.get("connection") is None
        draining(server)
        for connection in (idle, other):
            response = ask(connection)
            assert (response.status, response.headers["connection"]) == (200, "close")
            assert read_to_end(connection) == b""
    began = time.monotonic()
    server.stop()  # no idle connection, no window
    assert time.monotonic() - began < PATIENCE / 2


def test_new_connections_are_accepted_while_the_window_lasts(serve):
    server = serve(hello, graceful_timeout=8 * PATIENCE, keepalive=LONG, shutdown_keepalive=LONG)
    with server.connect() as idle:
        ask(idle)
        draining(server)
        for _ in range(3):
            with server.connect() as new:
                response = ask(new)
                assert (response.status, response.headers["connection"]) == (200, "close")
        ask(idle)
        assert read_to_end(idle) == b""
    server.stop()


def test_window_ends_and_nobody_is_accepted_behind_it(serve):
    server = serve(hello, graceful_timeout=PATIENCE, keepalive=PATIENCE, shutdown_keepalive=1)
    with server.connect() as idle:
        ask(idle)
        draining(server)
        assert read_to_end(idle) == b""
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        server.connect()


@timed
def test_window_fits_into_a_short_graceful_timeout(serve):
    server = serve(hello, graceful_timeout=6, keepalive=LONG, shutdown_keepalive=LONG)
    with server.connect() as idle:
        ask(idle)
        began = time.monotonic()
        server.call(server.server.stop)
        assert read_to_end(idle) == b""  # no reset
        assert time.monotonic() - began < 6
    server.stop()


@timed
def test_window_leaves_time_for_what_is_asked_for_at_its_end(serve):
    """An idle connection ends a good while before what is in hand is told to."""
    told = []

    async def app(scope, receive, send):
        if scope["path"] == "/":
            return await hello(scope, receive, send)
        while (await receive())["type"] != "http.disconnect":
            pass
        told.append(scope["path"])
        await hello(scope, receive, send)

    server = serve(app, graceful_timeout=8, keepalive=LONG, shutdown_keepalive=LONG, lifespan="off")
    with server.connect() as idle, server.connect() as busy:
        ask(idle)
        send(busy, "/listens")
        server.until(lambda: server.server.counters.count("in_flight") == 1)
        draining(server)
        assert read_to_end(idle) == b"" and not told
        assert read_response(busy).status == 200 and told
    server.stop()


def test_connection_whose_answer_ends_in_the_drain_has_a_window_of_its_own(serve):
    """The head had said nothing of an end: its client may be about to ask again."""
    async def app(scope, receive, send):
        if scope["path"] == "/":
            return await hello(scope, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await go.wait()
        await send({"type": "http.response.body", "body": b"b"})

    server = serve(app, graceful_timeout=8 * PATIENCE, keepalive=LONG, shutdown_keepalive=LONG, lifespan="off")
    go = server.call(asyncio.Event)
    with server.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        server.until(lambda: server.server.counters.count("in_flight") == 1)
        draining(server)
        server.until(lambda: server.socket.fileno() == -1)  # nothing is accepted any more
        server.call(go.set)
        assert read_response(client).body == b"ab"
        response = ask(client)
        assert (response.status, response.headers["connection"]) == (200, "close")
    server.stop()


def test_stop_without_idle_connections_is_as_quick_as_ever(serve):
    server = serve(hello, graceful_timeout=8 * PATIENCE, keepalive=LONG, shutdown_keepalive=LONG)
    assert fetch(server).status == 200
    server.until(lambda: server.server.context.connections == 0)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < PATIENCE / 2


def test_first_request_of_a_connection_made_long_ahead_is_answered(serve):
    """Balancers open connections ahead of use: one that was older than a second was closed at once."""
    server = serve(hello, hurried=True, graceful_timeout=8 * PATIENCE, keepalive=LONG, shutdown_keepalive=LONG)
    with server.connect() as ahead, server.connect() as idle:
        ask(idle)
        since = server.server.clock.now
        server.until(lambda: server.server.clock.now > since + 8)  # ticks: two seconds of the clock's
        draining(server)
        began = server.server.clock.now
        server.until(lambda: server.server.clock.now > began + 4)
        response = ask(ahead)
        assert (response.status, response.headers["connection"]) == (200, "close")
        ask(idle)
    server.stop()
