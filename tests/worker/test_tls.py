"""TLS by gunicorn's settings, on both loops."""

import signal
import socket
import ssl

import pytest

from tests.support.apps import Recorder, hello
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.tls import CERTIFICATE, client_context, server_context
from tests.worker.served import SOURCE


def connect(server, context=None):
    connection = server.connect()
    try:
        return (context or client_context()).wrap_socket(connection, server_hostname="localhost")
    except BaseException:
        connection.close()
        raise


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_https_by_certfile_with_the_ssl_context_hook(gunicorn, loop):
    server = gunicorn(SOURCE, "--certfile", str(CERTIFICATE), "--keyfile", str(CERTIFICATE), "--asgi-loop", loop,
                      "--access-logfile", "-", "--access-logformat", "ACCESS %({wsgi.url_scheme}e)s", config="""
import ssl
def ssl_context(config, default_ssl_context_factory):
    context = default_ssl_context_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
""")
    with connect(server) as first:
        assert [ask(first).body for _ in range(2)] == 2 * [str(server.worker()).encode()]
        server.wait_for("^ACCESS https$")
        with pytest.raises(ssl.SSLError):
            connect(server, client_context(maximum_version=ssl.TLSVersion.TLSv1_2))
        with server.connect() as plain:
            send(plain)
            assert b"HTTP" not in read_to_end(plain)
        server.wait_for(r"\[INFO\] A TLS connection failed: .* http request", 1)
        with connect(server) as busy:
            send(busy, "/wait", "Content-Length: 1", method="POST")
            server.wait_for("a request waits")
            server.signal(signal.SIGTERM, server.worker())
            assert read_to_end(first) == b""
            busy.sendall(b"x")
            response = read_response(busy)
            assert (response.body, response.headers["connection"]) == (b"waited", "close")
    replacement = str(server.worker(2)).encode()  # until it is there, the one that ends may accept
    with connect(server) as connection:
        assert ask(connection).body == replacement
    assert "Traceback" not in server.output


def test_scope_of_a_tls_connection_says_https(serve):
    app = Recorder(hello)
    server = serve(app, tls=server_context(), lifespan="off")
    with connect(server) as connection:
        assert ask(connection).status == 200
    assert app.scope["scheme"] == "https"


def test_handshakes_count_as_connections(serve):
    """Otherwise silent clients could have any number of them."""
    server = serve(hello, tls=server_context(), worker_connections=1, header_timeout=1)
    with server.connect(), server.connect() as second:
        # The first never shakes hands; until its time is over, the second waits in the kernel's queue.
        with client_context().wrap_socket(second, server_hostname="localhost") as connection:
            assert ask(connection).status == 200


def test_handshake_under_way_is_finished_when_the_drain_begins(serve):
    server = serve(hello, tls=server_context(), graceful_timeout=PATIENCE)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")

    def step(connection, function, *args):
        while True:
            try:
                return function(*args)
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))

    with server.connect() as connection, server.connect() as silent:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.sendall(outgoing.read())
        incoming.write(connection.recv(65536))  # the server is in the middle of it
        server.call(lambda: server.server.stop())
        server.until(lambda: server.server.context.draining)
        step(connection, tls.do_handshake)
        tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.sendall(outgoing.read())
        answer = step(connection, tls.read)
        assert b"Hello, world!" in answer and b"connection: close" in answer
        assert silent.recv(1) == b""
    server.stop()


def test_failed_handshakes_are_no_errors(serve, caplog):
    server = serve(hello, tls=server_context())
    with server.connect() as connection:
        send(connection)
        read_to_end(connection)
    with server.connect() as connection:
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)
    with connect(server) as connection:
        assert ask(connection).status == 200
    server.stop()
    assert not caplog.records
