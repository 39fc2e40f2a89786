"""Every limit of size and number of docs/SETTINGS.md on real sockets: what the peer gets, how its connection ends, what
is counted; and how much is read ahead.

Elsewhere: what stories have in common (stories.py), limits of time (test_limits_of_time.py), worker_connections
(test_listeners.py), file descriptors (tests/regress/test_d*_without_descriptors.py), the same limits byte by byte
(tests/asgi).
"""

import select
import socket

import pytest

from tests.support.apps import Gate, echo
from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.wire import get, post
from tests.worker.stories import CHUNKED, HEAD, LITTLE, MUCH, Stories, connect_with_small_buffers, refusal

LINE, FIELD, WHOLE = 60, 50, 200
COUNTED = len(get()) - len("GET") - 2 * len("\r\n")  # bytes of get() that count for the whole head

STORIES = Stories()
story = STORIES.add


@pytest.mark.parametrize("name", STORIES)
def test_limit(played, name):
    played[name].result()


# --- sizes ---


def at_a_limit(name, kind, status, **settings):
    """A story of a request that is as large as it may be, and of one that is larger by one."""
    def add(make):
        def play(server):
            with server.connect() as connection:
                connection.sendall(make(0))
                assert read_response(connection).status == 200
                connection.sendall(make(1))
                refusal(connection, status)

        play.__name__ = name
        story(echo, {"bad_request": 1}, {kind: 1}, **settings)(play)

    return add


at_a_limit("request_line", "line_size", 414, limit_request_line=LINE)(
    lambda more: get(b"/" + b"a" * (LINE - len("GET / HTTP/1.1") + more)))
at_a_limit("header_fields", "fields", 431, limit_request_fields=5)(
    lambda more: get(b"/", *[b"a: b"] * (4 + more)))
at_a_limit("header_field", "field_size", 431, limit_request_field_size=FIELD)(
    lambda more: get(b"/", b"a: " + b"b" * (FIELD - 5 + more)))
at_a_limit("request_head", "head_size", 431, limit_request_head=WHOLE)(
    lambda more: get(b"/", b"a: " + b"b" * (WHOLE - COUNTED - 5 + more)))
at_a_limit("body_with_a_length", "body_size", 413, limit_request_body=10)(
    lambda more: post(b"x" * (10 + more)))
at_a_limit("body_in_chunks", "body_size", 413, limit_request_body=10)(
    lambda more: CHUNKED + b"9\r\n123456789\r\n%x\r\n%s\r\n0\r\n\r\n" % (1 + more, b"x" * (1 + more)))
at_a_limit("scanned_head_of_a_body", "body_size", 413, limit_request_body=10, scan_heads=True)(
    lambda more: post(b"x" * (10 + more)))
at_a_limit("parsed_head_of_a_body", "body_size", 413, limit_request_body=10, scan_heads=False)(
    lambda more: post(b"x" * (10 + more)))
at_a_limit("trailer", "field_size", 431, limit_request_field_size=FIELD)(
    lambda more: CHUNKED + b"0\r\na: " + b"b" * (FIELD - 5 + more) + b"\r\n\r\n")
at_a_limit("trailers", "fields", 431, limit_request_fields=5)(
    lambda more: CHUNKED + b"0\r\n" + b"a: b\r\n" * (5 + more) + b"\r\n")
at_a_limit("chunk_extensions", "chunk_excess", 431)(
    lambda more: CHUNKED + b"1;" + b"a" * (8_000 + more * 80_000) + b"\r\na\r\n0\r\n\r\n")


@story(echo, {"bad_request": 1}, {"body_size": 1}, limit_request_body=10)
def body_that_is_asked_for_first(server):
    with server.connect() as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        refusal(connection, 413)


# --- what is read ahead ---


def send_all_it_takes(server, connection, data):
    """How many bytes the server takes before it stops reading."""
    sent = 0
    while sent < len(data) and is_taken_from(server, connection):
        sent += connection.send(data[sent:sent + 16 * 1024])
    return sent


def is_taken_from(server, connection):
    """Within a second in which the server's loop has turned: it may have had to wait for a core."""
    for _ in range(2):
        if select.select([], [connection], [], 1)[1]:
            return True
        server.call(lambda: None)
    return False


def open_wide(gate):
    for _ in range(LITTLE // 1000):
        gate.gate.release()


@story(Gate, {"peer_ended": 1})
def requests_read_ahead(server):
    """Reading pauses, and the kernel's buffers fill; no request is lost."""
    gate = server.server.dispatch.app
    with connect_with_small_buffers(server) as connection:
        requests = get(b"/" + b"a" * 1000)
        sent = send_all_it_takes(server, connection, requests * (MUCH // len(requests)))
        assert 16 * 1024 < sent < LITTLE and gate.most == 1
        connection.shutdown(socket.SHUT_WR)
        server.call(open_wide, gate)
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == sent // len(requests)


@story(Gate, {"body_unread": 1})
def body_read_ahead(server):
    gate = server.server.dispatch.app
    with connect_with_small_buffers(server) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % MUCH)
        assert 64 * 1024 < send_all_it_takes(server, connection, b"x" * MUCH) < LITTLE
        server.call(open_wide, gate)
        assert read_response(connection).status == 200


# --- counts ---


@story(Gate, {"concurrency": 41, "client_close": 3}, {"concurrency": 41}, limit_concurrency=2)
def requests_in_flight(server):
    gate = server.server.dispatch.app
    with server.connect() as first, server.connect() as second:
        for connection in first, second:
            send(connection, "/", "Connection: close")
            assert gate.came.acquire(timeout=PATIENCE)
        with server.connect() as third:
            send(third)
            assert refusal(third, 503).headers["retry-after"] == "1"
        flood = [server.connect() for _ in range(40)]
        for connection in flood:
            connection.sendall(get() * 3)
        for connection in flood:
            with connection:
                refusal(connection, 503)
        server.until(lambda: server.server.context.connections == 2)
        assert server.call(lambda: (
            len(server.server.dispatch.tasks), server.server.counters.count("in_flight"))) == (2, 2)
        server.call(gate.gate.release)
        finished = select.select([first, second], [], [], PATIENCE)[0][0]
        assert read_response(finished).status == 200
        with server.connect() as fourth:
            send(fourth, "/", "Connection: close")
            assert gate.came.acquire(timeout=PATIENCE)
            server.call(gate.gate.release)
            server.call(gate.gate.release)
            assert read_response(fourth).status == 200
            assert read_response(second if finished is first else first).status == 200
