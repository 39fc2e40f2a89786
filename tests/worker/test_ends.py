"""Ends of connections that no limit brings, on real sockets: they are counted, though loops tell of them in ways of
their own. What a worker that ends has counted, and what it says of it.

Elsewhere: what stories have in common (stories.py), ends by a limit (test_limits_of_*.py).
"""

import logging
import socket
import struct

import pytest

from tests.support.apps import Gate, hello
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, read_to_end
from tests.support.tls import server_context
from tests.worker.stories import LONG, NO_HOST, Stories, large, refusal

STORIES = Stories()
story = STORIES.add


@pytest.mark.parametrize("name", STORIES)
def test_limit(played, name):
    played[name].result()


@story(Gate, {"lost": 1})
def client_that_resets(server):
    gate = server.server.dispatch.app
    with server.connect() as connection:
        send(connection)
        assert gate.came.acquire(timeout=PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.until(lambda: not server.server.context.connections)
    assert server.server.counters.count("in_flight") == 1
    server.call(gate.gate.release)
    server.until(lambda: not server.server.counters.count("in_flight"))


@story(hello, {"lost": 1})
def client_that_resets_while_idle(server):
    with server.connect() as connection:
        assert ask(connection).status == 200
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@story(large, {"lost": 1})
def client_that_resets_while_it_is_written_to(server):
    with server.connect() as connection:
        send(connection)
        assert connection.recv(100_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@story(hello, {"peer_ended": 1})
def client_that_ends(server):
    with server.connect() as connection:
        assert ask(connection).status == 200


@story(hello, {"tls_failed": 1}, tls=server_context())
def client_that_speaks_no_tls(server):
    with server.connect() as connection:
        send(connection)
        assert b"HTTP" not in read_to_end(connection)


@story(hello, {"peer_ended": 1}, tls=server_context())
def client_that_goes_during_the_handshake(server):
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00")


@story(hello, {"client_close": 1})
def client_that_says_close(server):
    with server.connect() as connection:
        assert ask(connection, "/", "Connection: close").headers["connection"] == "close"
        assert connection.recv(1) == b""


# --- a worker that ends ---


@pytest.mark.parametrize(("quickly", "ends"), [
    (True, {"worker_stops": 2}), (False, {"client_close": 1, "worker_drains": 1}),
])
def test_worker_that_ends_has_counted_all_its_connections(serve, quickly, ends):
    gate = Gate()
    server = serve(gate, **{**LONG, "lifespan": "off"})
    with server.connect() as idle, server.connect() as busy:
        server.call(gate.gate.release)
        assert ask(idle).status == 200
        send(busy, "/", "Connection: close")
        assert gate.came.acquire(timeout=PATIENCE) and gate.came.acquire(timeout=PATIENCE)
        if not quickly:
            server.call(gate.gate.release)
        server.stop(quickly=quickly)
    counts = server.server.counters.snapshot()
    assert {name: count for name, count in counts["connections"].items() if count} == ends


def test_worker_that_ends_by_max_requests_counts_it(serve):
    server = serve(hello, max_requests=1, **LONG)
    with server.connect() as connection:
        assert ask(connection).headers["connection"] == "close"
    server.stop()
    assert server.server.counters.snapshot()["connections"]["max_requests"] == 1


def test_worker_that_has_refused_requests_says_so_when_it_ends(serve, caplog):
    caplog.set_level(logging.INFO)
    server = serve(hello, lifespan="off")
    for data in (NO_HOST, b"GET ftp://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n", NO_HOST):
        with server.connect() as connection:
            connection.sendall(data)
            refusal(connection, 400)
    server.stop()
    assert caplog.messages[3:] == ["Requests refused: 2 host, 1 target"]


def test_worker_that_has_refused_nothing_says_nothing(serve, caplog):
    caplog.set_level(logging.INFO)
    server = serve(hello, lifespan="off")
    with server.connect() as connection:
        assert ask(connection).status == 200
    server.stop()
    assert not caplog.messages
