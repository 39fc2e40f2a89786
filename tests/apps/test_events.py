"""Unusual, legal ways in which apps and middleware call receive() and send(): tasks, gather, shield, cancellation."""

import pytest

from tests.support.responses import parse
from tests.support.servers import read_response, read_to_end

SERVED = "events_app"
SENDERS = [
    "plain", "tasks", "tasks_at_once", "gathered", "waited_for", "shielded", "futures", "by_middleware",
    "by_a_child", "watched",
]


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


def test_every_receive_is_told_of_the_disconnect_and_send_raises(server, key):
    with server.connect() as connection:
        connection.sendall(f"GET /two_watchers?key={key} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        server.note(key + "-ready")
    assert server.note(key) == ["http.disconnect"] * 3 + ["OSError"]
