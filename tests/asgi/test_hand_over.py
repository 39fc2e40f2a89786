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
from tests.unit.test_memory import alive, no_collector

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
        assert (told["requests"], told["in_flight"], told["responses"]) == (0, 0, 0)
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


# --- in memory: what depends on the moment ---


@pytest.fixture
def switching(wire, echo):
    """switching(app=Puppet(), accept=echo.accept) -> Wire whose `echo` upgrade is accept(connection, cycle)."""
    def start(app=None, accept=echo.accept, **settings):
        it = wire(Puppet() if app is None else app, **settings)
        it.context.upgrades[b"echo"] = accept
        return it

    return start


def test_client_that_is_not_read_from_is_looked_for_by_the_other_protocol(switching):
    app = Puppet()
    it = switching(app)
    it.transport.room = 40
    it.send(get() + get(b"/", *ASKS) + b"y" * 10)
    app.begin()
    app.body(b"answer")
    assert not it.transport.reading
    it.read()  # the answer; the 101 waits, and so does what is sent back
    assert it.clock.census()["SEND"] == it.clock.census()["WATCH"] == 1
    it.read()
    assert it.output.endswith(b"y" * 10)
    assert it.transport.reading and it.clock.census()["IDLE"] == 1


def test_nothing_of_the_first_protocol_is_left(switching):
    with no_collector():
        it = switching()
        before = alive()
        it.send(get(b"/", *ASKS) + b"abc")
        it.connection = None
        assert it.output.endswith(b"abc")
        assert "Cycle" not in alive() and "Reader" not in alive() and "HttpRequestParser" not in alive(), before
        it.end()
        assert it.closed


@pytest.mark.parametrize("headers", [[(b"upgrade", b"echo\r\nx: y")], [(b"up grade", b"echo")], [("upgrade", "echo")]])
def test_fields_of_a_101_are_checked_as_an_apps_are(switching, echo, headers):
    it = switching(accept=lambda connection, cycle: connection.switch(cycle, echo.Echo(connection.context), headers))
    failures = []
    it.loop.set_exception_handler(lambda loop, problem: failures.append(problem["exception"]))
    it.send(get(b"/", *ASKS))
    assert statuses(it.output) == [500]
    assert [type(failure) in (TypeError, ValueError) for failure in failures] == [True]


def test_fields_may_be_lists(switching, echo):
    it = switching(accept=lambda connection, cycle: connection.switch(
        cycle, echo.Echo(connection.context), [[b"upgrade", b"echo"], (b"connection", b"close")]))
    it.send(get(b"/", *ASKS) + b"abc")
    assert it.output.startswith(b"HTTP/1.1 101 ") and it.output.endswith(b"connection: upgrade\r\n\r\nabc")


def switch(it, connection, cycle, echo):
    done = []
    it.call(lambda: done.append(connection.switch(cycle, echo.Echo(it.context), [(b"upgrade", b"echo")])))
    return done[0]


def test_switch_comes_once_and_only_before_an_answer(switching, echo):
    taken = []
    it = switching(accept=lambda *request: not taken.append(request))
    it.send(get(b"/", *ASKS) + b"abc")
    assert it.output == b"" and not it.closed
    (connection, cycle), = taken
    assert [switch(it, connection, cycle, echo) for _ in range(2)] == [True, False]
    assert it.output.count(b"HTTP/1.1 101") == 1 and it.output.endswith(b"abc")


def test_protocol_that_answers_late_finds_a_client_that_has_gone(switching, echo):
    taken = []
    it = switching(hello, accept=lambda *request: not taken.append(request))
    it.send(get(b"/", *ASKS)).end()
    (connection, cycle), = taken
    assert switch(it, connection, cycle, echo) is False
    assert it.output == b""
    it.call(connection.decline, cycle)
    assert statuses(it.output) == [200] and it.closed
    it.call(connection.decline, cycle)
    assert it.context.counters.count("requests") == 1


def test_worker_that_drains_switches_no_more(switching):
    app = Puppet()
    it = switching(app)
    it.context.draining = True
    it.send(get(b"/", *ASKS))
    app.begin()
    app.body(b"answer")
    assert statuses(it.output) == [200] and b"connection: close" in it.output


def test_last_request_of_a_connection_may_switch(switching):
    """101 is not its last response."""
    it = switching()
    it.send(get(b"/", b"Connection: upgrade, close", b"Upgrade: echo"), b"sent back")
    assert statuses(it.output) == [101] and it.output.endswith(b"sent back") and not it.closed
