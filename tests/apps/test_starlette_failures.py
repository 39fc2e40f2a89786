"""A Starlette application under gunicorn: what it raises, and clients that go before their answer is complete."""

import socket

import httpx
import pytest

SERVED = "starlette_app"
CONFIG = "asgi_disconnect_grace_period = 1"
everywhere = pytest.mark.parametrize("prefix", ["", "/pure", "/base"])


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


def request(path, *fields, method=b"GET"):
    return method + b" " + path.encode() + b" HTTP/1.1\r\nHost: a\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


@everywhere
def test_exception_is_a_500_and_the_connection_goes_on(server, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/fails"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 500 ")
        connection.sendall(request(f"{prefix}/plain"))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    server.wait_for_error(r"^ZeroDivisionError: a bug of the app$")


@pytest.mark.parametrize("prefix", ["", "/pure"])
def test_exception_within_a_stream_ends_the_connection_before_the_last_chunk(server, client, prefix):
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{prefix}/fails_late")
    server.wait_for_error(r"ZeroDivisionError: a late bug of the app")
    assert client.get("/plain").text == "hello world"


def test_exception_within_a_stream_that_middleware_ends_is_logged(server, client):
    assert client.get("/base/fails_late").text == "a beginning"
    server.wait_for_error(r"ZeroDivisionError: a late bug of the app")
    assert client.get("/plain").text == "hello world"


@everywhere
def test_client_that_goes_within_a_stream_ends_it_without_an_error(server, key, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/endless?key={key}"))
        assert connection.recv(1000)
    server.wait_for_end(key)


def test_stream_whose_client_has_gone_is_finalized(server, key):
    with server.connect() as connection:
        connection.sendall(request(f"/endless?key={key}"))
        assert connection.recv(1000)
    assert server.note(key) == "ended"


@everywhere
def test_client_that_goes_while_a_stream_pauses_ends_it_without_an_error(server, key, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/stepwise?key={key}"))
        received = b""
        while b"first" not in received:
            received += connection.recv(1000)
    server.open(key)
    server.wait_for_end(key)


# BaseHTTPMiddleware cannot tell: Request.is_disconnected() cancels the task group that it reads in.
@pytest.mark.parametrize("prefix", ["", "/pure"])
def test_is_disconnected_tells(server, key, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/polls?key={key}"))
        assert server.note(f"{key}-before") is False
    assert server.note(key) == "disconnected"
    server.wait_for_end(key)


@everywhere
@pytest.mark.parametrize("end", ["close", "reset"])
def test_client_that_goes_within_its_upload_is_no_error(server, key, prefix, end):
    with server.connect() as connection:
        connection.sendall(
            request(f"{prefix}/waits_for_upload?key={key}", b"Content-Length: 10", method=b"POST") + b"12345")
        assert server.note(key) == "started"
        if end == "reset":
            reset(connection)
    server.wait_for_end(key)


@everywhere
def test_handler_that_sleeps_when_its_client_goes_is_cancelled_and_cleans_up(server, client, key, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/sleeps?key={key}"))
        server.note(key + "-started")
        reset(connection)
    assert server.note(key) == "cleaned up"
    server.wait_for_end(key)
    assert client.get("/plain").text == "hello world"


@everywhere
def test_stream_that_sleeps_when_its_client_goes_is_finalized(server, key, prefix):
    with server.connect() as connection:
        connection.sendall(request(f"{prefix}/sleepy_stream?key={key}"))
        received = b""
        while b"first" not in received:
            received += connection.recv(1000)
        reset(connection)
    assert server.note(key) == "ended"
    server.wait_for_end(key)
