"""Unusual, legal ways in which apps and middleware call receive() and send(): tasks, gather, shield, cancellation."""

import socket
import struct

import pytest

from tests.support.responses import parse
from tests.support.servers import Gunicorn, read_response, read_to_end

SERVED = "events_app"
SENDERS = [
    "plain", "tasks", "tasks_at_once", "gathered", "waited_for", "shielded", "futures", "by_middleware",
    "by_a_child", "watched",
]
CONFIG = """
asgi_loop = {!r}
fastsrv_send_after_disconnect = {!r}
asgi_disconnect_grace_period = 1
"""


@pytest.fixture(scope="module", params=["ignore", "raise"])
def raises(request):
    """Does send() raise when the client has gone?"""
    return request.param == "raise"


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def running(request, raises, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    config = CONFIG.format(request.param, "raise" if raises else "ignore")
    with Gunicorn(folder, f"tests.apps.served.{SERVED}:app", config=config) as gunicorn:
        yield gunicorn, request.param


@pytest.mark.parametrize("name", SENDERS)
def test_send_answers(client, name):
    for _ in range(2):
        response = client.get(f"/{name}")
        assert (response.status_code, response.text) == (200, "piece piece last")


@pytest.mark.parametrize("name", SENDERS)
def test_send_answers_pipelined_requests(server, name):
    with server.connect() as connection:
        connection.sendall(
            f"GET /{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * 3
            + f"GET /{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        responses = parse(read_to_end(connection), *["GET"] * 4)
    assert [response.body for response in responses] == [b"piece piece last"] * 4
    assert [response.keep_alive for response in responses] == [True] * 3 + [False]


def test_task_that_outlives_its_answer_harms_nobody(client, server, key):
    assert client.get("/by_a_child_that_outlives_it", params={"key": key}).text == "piece piece last"
    assert client.get("/plain").text == "piece piece last"
    server.open(key)
    assert server.note(key) == [None, None, "http.disconnect", "http.disconnect"]
    assert client.get("/plain").text == "piece piece last"


@pytest.mark.parametrize(("name", "answer"), [("shielded_receive", b"12345"), ("cancelled_receive", b"True 12345")])
def test_receive_that_is_given_up_loses_no_body(server, key, name, answer):
    with server.connect() as connection:
        connection.sendall(f"POST /{name}?key={key} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n".encode())
        server.note(key)
        connection.sendall(b"12345")
        assert read_response(connection).body == answer


@pytest.mark.parametrize("way", ["reset", "close"])
def test_every_receive_is_told_of_the_disconnect_and_send_is_silent_or_raises(server, key, way, raises):
    with server.connect() as connection:
        name = "sends_until_it_raises" if raises else "answers_nobody"
        connection.sendall(f"GET /{name}?key={key} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        server.note(key + "-ready")
        if way == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sent = ["OSError"] if raises else [None] * 4
    assert server.note(key) == ["http.disconnect"] * 3 + sent + ["http.disconnect"]
