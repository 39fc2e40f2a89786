"""Found in use behind nginx: a 401 to a large upload became a 502, and Java's client and Python's saw a broken pipe.

The connection was closed when 1 MiB had been thrown away, while the peer was still in its write.
"""

import http.client
import shutil
import socket
import struct
import subprocess
import threading

import pytest

from tests.support.apps import echo, hello
from tests.support.linux import of_linux
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.tls import client_context, server_context
from tests.support.uploads import MEGABYTE, PIECE, Writer, refuses, upload
from tests.support.wire import get, post

LIMIT = MEGABYTE
IN_BUFFERS = 2 * MEGABYTE  # more than small buffers of the kernel hold on both sides
tcp_and_unix = pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])


@pytest.fixture(params=["plain", "tls", "unix"])
def server(request, serve, tmp_path):
    """server(app, **settings) -> a function that connects, over each kind of socket."""
    def start(app, **settings):
        served = serve(
            app, **settings, tls=server_context() if request.param == "tls" else None,
            address=str(tmp_path / "socket") if request.param == "unix" else None)

        def connect():
            connection = served.connect()
            if request.param == "tls":
                return client_context().wrap_socket(connection, server_hostname="localhost")
            return connection

        return connect

    return start


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("path", ["/", "/part", "/closes"])
def test_client_that_writes_all_before_it_reads_gets_the_answer(server, path, chunked):
    connect = server(refuses)
    with connect() as connection:
        for piece in upload(20 * MEGABYTE, path=path, chunked=chunked):
            connection.sendall(piece)
        answer = read_response(connection)
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert connection.recv(1) == b""


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("options", [(), ("--header", "Expect:"), ("--header", "Transfer-Encoding: chunked")],
                         ids=["expect", "length", "chunked"])
@pytest.mark.parametrize("path", ["/", "/part", "/closes"])
def test_curl_gets_the_answer(serve, tmp_path, path, options):
    (tmp_path / "upload").write_bytes(bytes(20 * MEGABYTE))
    done = subprocess.run([
        "curl", "--disable", "--noproxy", "*", "--silent", "--show-error", "--max-time", str(PATIENCE), *options,
        "--upload-file", tmp_path / "upload", "--write-out", " %{http_code}",
        f"http://127.0.0.1:{serve(refuses).port}{path}"], capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"Who are you? 401"), done.stderr


REFUSALS = {
    "too large": (413, echo, {}, b""),
    "too large, chunked": (413, echo, {"chunked": True}, b""),
    "expectation": (417, refuses, {}, b"Expect: more"),
    "failing app": (500, refuses, {"path": "/fails"}, b""),
    "last request": (401, refuses, {}, b"Connection: close"),
    "client that asks, and does not wait": (401, refuses, {}, b"Expect: 100-continue"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_in_the_middle_of_an_upload_arrives(serve, name):
    status, app, how, field = REFUSALS[name]
    settings = {"limit_request_body": MEGABYTE} if app is echo else {}
    with serve(app, **settings).connect() as connection:
        for piece in upload(20 * MEGABYTE, *filter(None, [field]), **how):
            connection.sendall(piece)
        assert read_response(connection).status == status
        assert connection.recv(1) == b""


def test_worker_that_is_full_refuses_an_upload(serve):
    busy = threading.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/busy":
            busy.set()
            await receive()
            await receive()
        await hello(scope, receive, send)

    server = serve(app, limit_concurrency=1)
    with server.connect() as first, server.connect() as connection:
        first.sendall(get(b"/busy"))
        assert busy.wait(PATIENCE)
        for piece in upload(20 * MEGABYTE):
            connection.sendall(piece)
        assert read_response(connection).status == 503
        assert connection.recv(1) == b""


def test_pythons_client_gets_the_answer(serve):
    client = http.client.HTTPConnection("127.0.0.1", serve(refuses).port, timeout=PATIENCE)
    client.request("POST", "/", body=b"x" * (20 * MEGABYTE))
    assert client.getresponse().status == 401
    client.close()


def connect_with_small_buffers(server):
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    connection = socket.socket(server.socket.family)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
    connection.settimeout(PATIENCE)
    connection.connect(server.socket.getsockname())
    return connection


@of_linux  # elsewhere a UNIX socket's client is not known to have gone before the limit of time
@tcp_and_unix
def test_client_that_reads_while_it_writes_gets_the_answer_and_no_more_than_the_limit_is_read(serve, tmp_path, unix):
    """A bound of bytes is no close: it stops the client. Its reset is noticed all the same."""
    server = serve(refuses, limit_drain=LIMIT, drain_timeout=60, address=str(tmp_path / "socket") if unix else None)
    with connect_with_small_buffers(server) as connection:
        with Writer(connection, upload(100 * MEGABYTE)) as writer:
            answer = read_response(connection)
            assert (answer.status, answer.headers["connection"]) == (401, "close")
            assert connection.recv(1) == b""
            sent = -1
            while sent != writer.sent:  # until the kernels take no more
                sent = writer.sent
                writer.join(1)
        assert LIMIT <= sent < LIMIT + IN_BUFFERS
        assert server.call(server.server.clock.census)["DRAIN"] == 1
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.until(lambda: not server.server.context.connections)


@tcp_and_unix
def test_end_of_the_client_is_seen_behind_what_nobody_reads(serve, tmp_path, unix):
    """And what is left is read, so that no reset destroys an answer."""
    server = serve(refuses, limit_drain=LIMIT, drain_timeout=60, address=str(tmp_path / "socket") if unix else None)
    with server.connect() as connection:
        *pieces, last = upload(LIMIT, chunked=True)
        # A UNIX socket is writable when a quarter of its buffer is taken at most: the rest has to be less than that.
        for piece in (*pieces, b"4000\r\n%s\r\n" % (b"x" * 0x4000), last):
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        server.until(lambda: not server.server.context.connections)
        assert read_response(connection).status == 401
        assert connection.recv(1) == b""


def test_early_answers_on_one_connection_do_not_add_up(serve):
    """Each rest is counted by itself."""
    request = post(b"x" * 700_000)
    with serve(refuses, limit_drain=LIMIT).connect() as connection:
        for _ in range(8):
            connection.sendall(request[:-600_000])
            answer = read_response(connection)
            assert answer.status == 401 and "connection" not in answer.headers
            connection.sendall(request[-600_000:])


def test_slow_upload_is_waited_for_as_long_as_it_goes_on(wire):
    """A client on a slow link that writes before it reads: the whole takes longer than any one pause may."""
    it = wire(refuses, drain=5)
    pieces = list(upload(6 * PIECE, chunked=True))
    it.send(pieces[0])
    for piece in pieces[1:-1]:
        it.tick(4)
        it.send(piece)
        assert not it.closed
    it.send(pieces[-1]).end()
    assert it.closed and it.ended


def test_flood_behind_an_orderly_end_is_no_reset(serve):
    """What a client sends behind the end of our side destroys no answer that it has not read."""
    with serve(hello, keepalive=0.25, limit_drain=LIMIT).connect() as connection:
        connection.sendall(get())
        answer = read_response(connection)
        assert answer.status == 200
        assert connection.recv(1) == b""
        for _ in range(LIMIT // PIECE + 1):
            connection.sendall(b"x" * PIECE)
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection) == b""
