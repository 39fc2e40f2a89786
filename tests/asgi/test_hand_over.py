"""A connection goes on with another protocol (tests/support/echo.pyx): by an upgrade (RFC 9110, 7.8), or as TLS's ALPN
says."""

import ssl

import pytest

from tests.support.answers import statuses
from tests.support.apps import Recorder, hello
from tests.support.asking import ask
from tests.support.compiled import compiled
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE, read_to_end
from tests.support.tls import client_context, server_context
from tests.support.wire import get

ASKS = (b"Connection: Upgrade", b"Upgrade: Echo")
LARGE = 64 * 1024 * 1024  # bytes: more than the buffers of two kernels hold


@pytest.fixture(scope="module")
def echo():
    return compiled("echo")


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def serve_echo(request, serve, echo):
    """serve_echo(**settings) -> (server, connect), over plain sockets and TLS. connect(*alpn): a socket."""
    def start(app=hello, **settings):
        tls = None
        if request.param:
            tls = settings["tls"] = server_context()
            tls.set_alpn_protocols(["echo", "http/1.1"])
        server = serve(app, **settings)
        context = server.server.context
        server.call(context.upgrades.update, {b"echo": echo.accept})
        server.call(context.alpn.update, {"echo": echo.Echo})

        def connect(*alpn):
            connection = server.connect()
            if tls is None:
                return connection
            client = client_context()
            client.set_alpn_protocols(alpn or ["http/1.1"])
            return client.wrap_socket(connection, server_hostname="localhost")

        return server, connect

    return start


def read(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        assert piece, data[-1000:]
        data += piece
    return data


def switched(connection):
    """The head of the 101."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(connection, 1)
    return head


def counters(server):
    return server.call(server.server.counters.snapshot)


def ends(server):
    """Why connections have ended, as far as any have."""
    return {why: count for why, count in server.server.counters.snapshot()["connections"].items() if count}


def test_bytes_behind_the_request_are_the_other_protocols(serve_echo):
    server, connect = serve_echo()
    with connect() as connection:
        connection.sendall(get(b"/", *ASKS) + b"GET is no request here")
        head = switched(connection)
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert b"upgrade: echo\r\n" in head and b"connection: upgrade\r\n" in head
        assert read(connection, 22) == b"GET is no request here"
        connection.sendall(b"more")
        assert read(connection, 4) == b"more"
        told = counters(server)
        assert server.call(lambda: server.server.context.connections) == 1
        assert (told["in_flight"], told["responses"]) == (0, 1)
    server.until(lambda: server.server.context.connections == 0)
    assert ends(server) == {"peer_ended": 1}


def test_requests_before_the_one_that_asks_are_answered_first(serve_echo):
    _, connect = serve_echo()
    with connect() as connection:
        connection.sendall(get() + get() + get(b"/", *ASKS) + b"x" * 100_000)
        output = read(connection, 1)
        while output.count(b"HTTP/1.1 ") < 3 or not output.endswith(b"\r\n\r\n"):
            output += read(connection, 1)
        assert statuses(output) == [200, 200, 101]
        assert read(connection, 100_000) == b"x" * 100_000


def test_request_that_is_declined_is_answered_and_so_is_what_follows(serve_echo, echo):
    app = Recorder()
    server, connect = serve_echo(app)
    server.call(server.server.context.upgrades.update, {b"echo": echo.decline})
    with connect() as connection:
        connection.sendall(get(b"/a", *ASKS) + get(b"/b", b"Connection: close"))
        assert statuses(read_to_end(connection)) == [200, 200]
    assert [scope["path"] for scope in app.scopes if scope["type"] == "http"] == ["/a", "/b"]


@pytest.mark.parametrize("fields", [
    (b"Connection: upgrade", b"Upgrade: other"), (b"Upgrade: echo",),
    (*ASKS, b"Content-Length: 3"), (*ASKS, b"Transfer-Encoding: chunked"),
], ids=["another name", "not in Connection", "with a body", "with a chunked body"])
def test_request_that_may_not_switch_is_answered(serve_echo, fields):
    _, connect = serve_echo()
    body = b"abc" if b"Content-Length: 3" in fields else b"0\r\n\r\n" if len(fields) > 2 else b""
    with connect() as connection:
        connection.sendall(get(b"/", *fields) + body + get(b"/", b"Connection: close"))
        assert statuses(read_to_end(connection)) == [200, 200]


def test_first_known_name_of_several_is_taken(serve_echo):
    _, connect = serve_echo()
    with connect() as connection:
        connection.sendall(get(b"/", b"Connection: keep-alive, upgrade", b"Upgrade: other/2, ECHO") + b"abc")
        assert b" 101 " in switched(connection)
        assert read(connection, 3) == b"abc"


def test_client_that_has_ended_its_side_is_answered(wire, echo):
    app = Puppet()
    it = wire(app)
    it.context.upgrades[b"echo"] = echo.accept
    it.send(get() + get(b"/", *ASKS)).end()
    for call in app.calls:  # the second comes behind the first
        call.begin()
        call.body(b"answer")
    assert statuses(it.output) == [200, 200]
    assert it.closed


def test_client_that_reads_nothing_is_not_read_from(serve_echo):
    server, connect = serve_echo()
    with connect() as connection:
        connection.sendall(get(b"/", *ASKS))
        switched(connection)
        connection.setblocking(False)
        sent, data = 0, b"0123456789abcdef" * 4096
        while server.call(lambda: server.server.clock.census()["SEND"]) == 0:
            assert sent < LARGE
            try:
                sent += connection.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError):
                pass
        assert server.call(lambda: server.server.clock.census()["WATCH"]) == 1  # reading is paused
        connection.settimeout(PATIENCE)
        assert read(connection, sent) == (data * (sent // len(data) + 1))[:sent]
    server.until(lambda: server.server.context.connections == 0)


def test_limit_of_time_is_the_clocks(serve_echo):
    server, connect = serve_echo(hurried=True, keepalive=3)
    with connect() as connection:
        connection.sendall(get(b"/", *ASKS))
        switched(connection)
        assert read_to_end(connection) == b""
    server.until(lambda: server.server.context.connections == 0)
    assert ends(server) == {"keepalive": 1}
    assert counters(server)["expired"]["IDLE"] == 1


def test_worker_that_ends_closes_it_in_an_orderly_way(serve_echo):
    server, connect = serve_echo(keepalive=60, shutdown_keepalive=0.5)
    with connect() as connection:
        connection.sendall(get(b"/", *ASKS) + b"abc")
        switched(connection)
        assert read(connection, 3) == b"abc"
        server.call(server.server.stop)
        connection.sendall(b"def")
        assert read(connection, 3) == b"def"
        assert read_to_end(connection) == b""
    server.stop()
    assert ends(server) == {"worker_drains": 1}


@pytest.mark.parametrize("serve_echo", [True], indirect=True, ids=["tls"])
def test_protocol_that_tls_has_agreed_upon(serve_echo):
    server, connect = serve_echo()
    with connect("echo", "http/1.1") as connection, connect("http/1.1") as other:
        assert connection.selected_alpn_protocol() == "echo"
        connection.sendall(get())
        assert read(connection, len(get())) == get()
        assert ask(other).status == 200
        assert server.call(lambda: server.server.context.connections) == 2
