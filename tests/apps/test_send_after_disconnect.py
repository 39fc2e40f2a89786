"""What fastsrv_send_after_disconnect means for the frameworks that people use: clients that reset within an answer."""

import socket

import pytest

from tests.apps.served.disconnect_app import POOL, THREADS
from tests.support.servers import Gunicorn, read_response, read_to_end

CONFIG = """
fastsrv_send_after_disconnect = {!r}
asgi_disconnect_grace_period = 2
graceful_timeout = 1
"""


@pytest.fixture(scope="module", params=["ignore", "raise"])
def running(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with Gunicorn(folder, "tests.apps.served.disconnect_app:app", config=CONFIG.format(request.param)) as gunicorn:
        yield gunicorn, request.param


@pytest.fixture
def ignored(server):
    """Is send() silent?"""
    return server.loop == "ignore"


def ask(server, path):
    connection = server.connect()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return connection


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()


def known(server, key):
    """What was noted so far."""
    return server.control("open", key)


def test_background_tasks_of_fastapi(server, key, ignored):
    connection = ask(server, f"/fast/background?key={key}")
    server.note(key + "-begun")
    reset(connection)
    server.wait_for_end(key)
    assert known(server, key) == ("done" if ignored else None)


@pytest.mark.parametrize("traced", ["", "/traced"], ids=["alone", "behind OpenTelemetry"])
def test_stream_of_starlette_is_closed(server, key, traced, ignored):
    """OpenTelemetry complains of a span that does not end where it began: "Failed to detach context"."""
    connection = ask(server, f"{traced}/fast/stream?key={key}")
    assert connection.recv(1000)
    reset(connection)
    server.wait_for_end(key)
    server.note(key + "-closed")
    assert known(server, key) == ("background" if ignored else None)


def test_pool_of_a_reverse_proxy_is_not_used_up(server, key, ignored):
    for number in range(2 * POOL if ignored else 1):
        connection = ask(server, f"/fast/proxy?key={key}{number}&path=fast/stream")
        assert connection.recv(1000)
        reset(connection)
        server.wait_for_end(f"{key}{number}")
        server.wait_for_end(f"{key}{number}-behind")
    with ask(server, "/fast/proxy?key=last&path=flask/hello") as connection:
        assert b"hello" in read_response(connection).body


def test_stream_of_starlette_to_a_client_that_has_half_closed_is_whole(server):
    with ask(server, "/fast/paced") as connection:
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).count(b"piece") == 10


@pytest.mark.parametrize("way", ["reset", "close"])
def test_stream_of_django_is_closed(server, key, way, ignored):
    """With "raise" whenever the garbage collector comes to it."""
    connection = ask(server, f"/django/noted?key={key}")
    assert connection.recv(1000)
    reset(connection) if way == "reset" else connection.close()
    server.wait_for_end(key)
    if ignored:
        assert server.note(key) == "ended"


def test_endless_stream_that_awaits_nothing_else_lets_others_be_served(server, key, ignored):
    connection = ask(server, f"/endless/?key={key}")
    assert connection.recv(1000)
    reset(connection)
    served = 0
    while known(server, key) is None:
        served += 1
    assert served >= 10 or not ignored


# Last: with "raise" it leaves threads behind.
def test_streams_of_flask_are_closed(server, key, ignored):
    """a2wsgi hands pieces over from its threads, which wait for ever for a task that has raised."""
    count = 8 if ignored else THREADS
    server.complaint_expected = not ignored  # a2wsgi leaves a task's exception to asyncio, which tells of it
    for number in range(count):
        connection = ask(server, f"/flask/stream?key={key}{number}")
        assert connection.recv(1000)
        reset(connection)
    for number in range(count):
        if ignored:
            assert server.note(f"{key}{number}") == "closed"
        server.wait_for_end(f"{key}{number}")
        assert known(server, f"{key}{number}") == ("closed" if ignored else None)
    if ignored:
        with ask(server, "/flask/hello") as connection:
            assert read_response(connection).body == b"hello"
