"""The keep-alive limit and a request that comes at the same moment, on real sockets: it is answered, or the client sees
our end and no reset. (With thousands of connections: `benchmarks`, scenario race.)"""

import contextlib

import pytest

from fastsrv_ext.clock import TICK
from tests.support.apps import hello
from tests.support.asking import ask, send
from tests.support.servers import read_response
from tests.support.tls import client_context, server_context

KEEPALIVE = 60  # seconds, which pass in no time


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def idle(serve, request):
    """(server, connection): the connection has been answered, and waits."""
    server = serve(hello, keepalive=KEEPALIVE, tls=server_context() if request.param else None)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(server.connect())
        if request.param:
            connection = stack.enter_context(client_context().wrap_socket(connection, server_hostname="localhost"))
        assert ask(connection).status == 200
        yield server, connection


def pass_the_limit(server, seconds=KEEPALIVE):
    """All in one turn of the loop, which reads nothing meanwhile."""
    for _ in range(int(seconds / TICK) + 2):
        server.server.clock.advance()
    server.server.clock.judge()


def ends(server):
    counts = server.call(server.server.counters.snapshot)["connections"]
    return {reason: count for reason, count in counts.items() if count}


def test_request_that_has_come_is_answered(idle):
    server, connection = idle

    def come_at_the_limit():
        send(connection)
        pass_the_limit(server)

    for _ in range(3):
        server.call(come_at_the_limit)
        response = read_response(connection)
        assert (response.status, response.body) == (200, b"Hello, world!")
        assert "connection" not in response.headers
    assert ends(server) == {}


def test_request_that_comes_too_late_meets_an_orderly_end(idle):
    server, connection = idle

    def come_behind_the_limit():
        pass_the_limit(server)
        for _ in range(100):
            send(connection)

    server.call(come_behind_the_limit)
    assert connection.recv(1) == b""
    connection.close()
    server.until(lambda: not server.server.context.connections)
    assert ends(server) == {"keepalive": 1}
    assert server.server.counters.count("requests") == 1


def test_idle_connection_is_kept_for_keepalive_and_no_longer(idle):
    server, connection = idle

    def are_idle_after(seconds):
        pass_the_limit(server, seconds)
        return server.server.clock.census()["IDLE"]

    assert server.call(are_idle_after, KEEPALIVE / 2) == 1
    assert server.call(are_idle_after, KEEPALIVE / 2) == 0
    assert connection.recv(1) == b""


def test_client_that_waits_sees_an_orderly_end(idle):
    server, connection = idle
    server.call(pass_the_limit, server)
    assert connection.recv(1) == b""
    connection.close()
    server.until(lambda: not server.server.context.connections)
    assert ends(server) == {"keepalive": 1}
