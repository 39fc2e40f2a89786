"""Bytes that go to the kernel past the transport, encrypted or not: none is lost, doubled or overtaken where the kernel
takes a part."""

import random
import socket
import threading

import pytest

from tests.support.apps import hello
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, dechunk, read_response
from tests.support.tls import client_context, server_context

SIZES = (1, 100, 5_000, 16 * 1024, 16 * 1024 + 1, 70_000, 1_000_000)  # below and above what is copied into one write


def pieces(seed):
    chooser = random.Random(seed)
    return [chooser.randbytes(chooser.choice(SIZES)) for _ in range(40)]


async def app(scope, receive, send):
    if scope["path"] == "/":
        return await hello(scope, receive, send)
    length = [(b"content-length", b"%d" % sum(map(len, pieces(scope["path"]))))] if scope["query_string"] else []
    await send({"type": "http.response.start", "status": 200, "headers": length})
    for piece in pieces(scope["path"]):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture(params=[None, server_context], ids=["plain", "tls"])
def served(serve, request):
    """served(app) -> ThreadServer: with TLS, too."""
    return lambda app: serve(app, lifespan="off", keepalive=60, tls=request.param and request.param())


def slow_reader(server):
    """A connection whose kernel takes little at a time, past its first answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    if server.server.tls is not None:
        connection = client_context().wrap_socket(connection, server_hostname="localhost")
    assert ask(connection).status == 200
    return connection


def test_streams_arrive_whole(served):
    server = served(app)
    with slow_reader(server) as connection:
        for target in ("/1", "/2?length", "/3", "/4?length"):
            assert ask(connection, target).body == b"".join(pieces(target.partition("?")[0]))
        assert ask(connection).body == b"Hello, world!"


def test_answers_to_pipelined_requests_arrive_in_order(served):
    server = served(app)
    with slow_reader(server) as connection:
        for target in ("/", "/5", "/", "/"):
            send(connection, target)
        received = b""
        while received.count(b"Hello, world!") < 3:
            received += connection.recv(65536)
    large = received[received.index(b"Hello, world!"):received.index(b"0\r\n\r\n")]
    assert received.startswith(b"HTTP/1.1 200 OK\r\n") and len(large) > sum(map(len, pieces("/5")))


def test_what_the_transport_holds_is_not_overtaken(served):
    """The client makes room in the kernel while the app keeps the loop from filling it."""
    first, second = b"1" * 8_000_000, b"2" * 100_000
    room = threading.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/":
            return await hello(scope, receive, send)
        await send({"type": "http.response.start", "status": 200})
        sends = [send({"type": "http.response.body", "body": first, "more_body": True})]
        assert room.wait(PATIENCE)
        sends.append(send({"type": "http.response.body", "body": second, "more_body": True}))
        for each in sends:
            await each
        await send({"type": "http.response.body"})

    with slow_reader(served(app)) as connection:
        send(connection, "/parts")
        received = b""
        while len(received) < 200_000:
            received += connection.recv(65536)
        room.set()
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(65536)
    assert dechunk(received.partition(b"\r\n\r\n")[2]) == first + second


def test_client_that_goes_in_the_middle_harms_nobody(served):
    server = served(app)
    for number in range(5):
        with slow_reader(server) as connection:
            send(connection, f"/{number}")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    with slow_reader(server) as other:
        send(other, "/6")
        assert read_response(other).body == b"".join(pieces("/6"))
