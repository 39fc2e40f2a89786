"""Every limit of docs/SETTINGS.md on real sockets: what the peer gets, how its connection ends, what is counted. Some
ends that no limit brings are counted here, too: loops tell of them in ways of their own.

Each story has a server of its own, whose limits are long but for the one that the story is about. All stories of a
loop are played at once; a test looks at how one went. Elsewhere: worker_connections (test_listeners.py), file
descriptors (tests/regress/test_d*_without_descriptors.py), the same limits tick by tick (tests/asgi).
"""

import logging
import select
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support.apps import Gate, echo, hello
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, ThreadServer, read_response, read_to_end
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post

LONG = dict.fromkeys(
    ("header_timeout", "keepalive", "body_timeout", "send_timeout", "drain_timeout", "close_timeout"), 60.0)
SOON = 0.3  # seconds: the limit that a story is about
A_WHILE = 0.1  # seconds between two drops of what drips
HEAD = b"POST / HTTP/1.1\r\nHost: example.org\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NO_HOST = b"GET / HTTP/1.1\r\n\r\n"
MUCH = 16 * 1024 * 1024  # bytes: more than all buffers on the way hold
LITTLE = 2 * 1024 * 1024  # bytes: more than the small buffers hold, with what is read ahead

STORIES = {}


def story(app, ends, refused=None, **settings):
    """A story for a server of `app`: ends, refused: what Counters has to tell when it is over."""
    def add(play):
        STORIES[play.__name__] = (play, app, ends, refused or {}, {**LONG, "lifespan": "off", **settings})
        return play

    return add


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def played(request):
    with ThreadPoolExecutor(len(STORIES)) as pool:
        yield {name: pool.submit(perform, request.param, *parts) for name, parts in STORIES.items()}


def perform(loop, play, app, ends, refused, settings):
    with ThreadServer(app() if isinstance(app, type) else app, loop, **settings) as server:
        play(server)

        def told():
            snapshot = server.server.counters.snapshot()
            return {name: count for name, count in snapshot["connections"].items() if count}, snapshot["refused"]

        server.until(lambda: sum(told()[0].values()) >= sum(ends.values()))
        assert server.call(told) == (ends, refused) and server.server.context.connections == 0


@pytest.mark.parametrize("name", STORIES)
def test_limit(played, name):
    played[name].result()


# --- what a story does ---


@contextmanager
def lasts(seconds):
    """The limit is never cut short."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun >= seconds


def drip(connection, drop):
    """Send until the server answers or ends."""
    while not select.select([connection], [], [], A_WHILE)[0]:
        connection.sendall(drop)


def wait_for_reset(connection):
    """Without reading what came before it."""
    poll = select.poll()
    poll.register(connection, 0)
    assert poll.poll(PATIENCE * 1000)
    with pytest.raises(ConnectionResetError):
        while connection.recv(1 << 20):
            pass


def refusal(connection, status):
    """It is the last answer, and an orderly end follows."""
    response = read_response(connection)
    assert (response.status, response.headers["connection"]) == (status, "close")
    assert connection.recv(1) == b""
    return response


def expired(server):
    return {state: count for state, count in server.server.counters.snapshot()["expired"].items() if count}


def shake_hands(connection):
    return client_context().wrap_socket(connection, server_hostname="localhost")


def connect_with_small_buffers(server):
    """Of the kernel, on both sides."""
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    return connection


def send_all_it_takes(connection, data):
    """How many bytes the server takes before it stops reading."""
    sent = 0
    while sent < len(data) and select.select([], [connection], [], 1)[1]:
        sent += connection.send(data[sent:sent + 16 * 1024])
    return sent


# --- time: a request's head ---


@story(hello, {"header_timeout": 1}, header_timeout=SOON)
def silent_client(server):
    with lasts(SOON), server.connect() as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=SOON)
def half_a_head(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(get()[:-1])
        refusal(connection, 408)


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=2 * SOON)
def head_that_drips(server):
    with lasts(2 * SOON), server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        drip(connection, b"A: b\r\n")
        refusal(connection, 408)


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=SOON)
def half_a_second_head(server):
    with server.connect() as connection:
        assert ask(connection).status == 200
        with lasts(SOON):
            connection.sendall(b"G")
            refusal(connection, 408)


# --- time: TLS ---


@story(hello, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def tls_client_that_is_silent(server):
    with lasts(SOON), server.connect() as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def half_a_handshake(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def silence_after_the_handshake(server):
    with lasts(SOON), shake_hands(server.connect()) as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def half_a_head_over_tls(server):
    with lasts(SOON), shake_hands(server.connect()) as connection:
        connection.sendall(get()[:-1])
        refusal(connection, 408)


# --- time: a request's body ---


@story(echo, {"body_timeout": 1}, {"body_timeout": 1}, body_timeout=SOON)
def half_a_body(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(post(b"hello")[:-1])
        refusal(connection, 408)


async def answer_then_read(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"so far", "more_body": True})
    assert (await receive())["type"] == "http.disconnect"


@story(answer_then_read, {"body_timeout": 1}, {"body_timeout": 1}, body_timeout=SOON)
def half_a_body_and_an_answer_that_has_begun(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(CHUNKED)
        assert read_to_end(connection).endswith(b"\r\n\r\n6\r\nso far\r\n")


@story(echo, {"body_rate": 1}, {"body_rate": 1}, body_timeout=SOON, min_rate=1000)
def body_that_drips(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(CHUNKED)
        drip(connection, b"1\r\na\r\n")
        refusal(connection, 408)


@story(echo, {"peer_ended": 1}, body_timeout=SOON, min_rate=1)
def body_that_comes_at_the_rate(server):
    with lasts(2 * SOON), server.connect() as connection:
        connection.sendall(CHUNKED)
        for _ in range(10):
            assert not select.select([connection], [], [], A_WHILE)[0]
            connection.sendall(b"1\r\na\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert read_response(connection).body == b"a" * 10


# --- time: a peer that does not read ---


async def large(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % MUCH)]})
    for _ in range(16):
        await send({"type": "http.response.body", "body": b"x" * (MUCH // 16), "more_body": True})
    await send({"type": "http.response.body"})


@story(large, {"send_timeout": 1}, send_timeout=SOON)
def client_that_reads_nothing(server):
    with lasts(SOON), server.connect() as connection:
        send(connection)
        wait_for_reset(connection)


@story(large, {"send_timeout": 1}, send_timeout=SOON, tls=server_context())
def tls_client_that_reads_nothing(server):
    with lasts(SOON), server.connect() as plain:
        with shake_hands(plain.dup()) as connection:
            send(connection)
            poll = select.poll()
            poll.register(plain, 0)
            assert poll.poll(PATIENCE * 1000)


@story(large, {"send_timeout": 1}, send_timeout=SOON, min_rate=1e8)
def client_that_reads_too_slowly(server):
    with lasts(SOON), connect_with_small_buffers(server) as connection:
        send(connection)
        with pytest.raises(ConnectionResetError):
            while connection.recv(1000):
                select.select([], [], [], A_WHILE)


@story(large, {"peer_ended": 1}, send_timeout=SOON, min_rate=1)
def client_that_reads_at_the_rate(server):
    with lasts(3 * SOON), server.connect() as connection:
        send(connection)
        read = 0
        for _ in range(10):
            select.select([], [], [], A_WHILE)
            read += len(connection.recv(1 << 20))
        while read < MUCH:
            read += len(connection.recv(1 << 20))


# --- time: the end ---


@story(hello, {"keepalive": 1}, keepalive=SOON)
def idle_connection(server):
    with server.connect() as connection:
        assert ask(connection).status == 200
        with lasts(SOON):
            assert connection.recv(1) == b""


@story(hello, {"keepalive": 1}, keepalive=SOON, tls=server_context())
def idle_tls_connection(server):
    with shake_hands(server.connect()) as connection:
        assert ask(connection).status == 200
        with lasts(SOON):
            assert connection.recv(1) == b""


@story(hello, {"bad_request": 1}, {"host": 1}, drain_timeout=SOON)
def client_that_stays_after_a_refusal(server):
    with server.connect() as connection, lasts(SOON):
        connection.sendall(NO_HOST + b"x" * 500_000)
        refusal(connection, 400)  # what was sent behind it makes no reset of it
        server.until(lambda: not server.server.context.connections)
        assert expired(server) == {"DRAIN": 1}


@story(hello, {"bad_request": 1}, {"host": 1}, drain_timeout=SOON, limit_drain=LITTLE)
def client_that_goes_on_and_on_after_a_refusal(server):
    with server.connect() as connection, lasts(SOON):
        connection.sendall(NO_HOST)
        with pytest.raises(OSError):
            while True:
                connection.sendall(b"x" * 100_000)
        assert expired(server) == {"DRAIN": 1}


@story(hello, {"drain_timeout": 1}, drain_timeout=SOON)
def body_whose_rest_does_not_come(server):
    with server.connect() as connection, lasts(SOON):
        connection.sendall(post(b"hello")[:-1])
        assert read_response(connection).status == 200
        assert connection.recv(1) == b""


@story(hello, {"keepalive": 1}, keepalive=SOON, close_timeout=SOON)
def client_that_does_not_end_its_side(server):
    with server.connect() as connection, lasts(2 * SOON):
        assert ask(connection).status == 200
        assert connection.recv(1) == b""
        server.until(lambda: not server.server.context.connections)
        assert expired(server) == {"IDLE": 1, "CLOSE": 1}
        with pytest.raises(OSError):  # nobody is left to take it
            while True:
                connection.sendall(b"x")


# --- ends that no limit brings ---


@story(Gate, {"lost": 1})
def client_that_resets(server):
    gate = server.server.dispatch.app
    with server.connect() as connection:
        send(connection)
        assert gate.came.acquire(timeout=PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.until(lambda: not server.server.context.connections)
    assert server.server.counters.in_flight == 1
    server.call(gate.gate.release)
    server.until(lambda: not server.server.counters.in_flight)


@story(hello, {"lost": 1})
def client_that_resets_while_idle(server):
    with server.connect() as connection:
        assert ask(connection).status == 200
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@story(large, {"lost": 1})
def client_that_resets_while_it_is_written_to(server):
    with server.connect() as connection:
        send(connection)
        assert connection.recv(100_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@story(hello, {"peer_ended": 1})
def client_that_ends(server):
    with server.connect() as connection:
        assert ask(connection).status == 200


@story(hello, {"tls_failed": 1}, tls=server_context())
def client_that_speaks_no_tls(server):
    with server.connect() as connection:
        send(connection)
        assert b"HTTP" not in read_to_end(connection)


@story(hello, {"peer_ended": 1}, tls=server_context())
def client_that_goes_during_the_handshake(server):
    with server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00")


@story(hello, {"client_close": 1})
def client_that_says_close(server):
    with server.connect() as connection:
        assert ask(connection, "/", "Connection: close").headers["connection"] == "close"
        assert connection.recv(1) == b""


@pytest.mark.parametrize(("quickly", "ends"), [
    (True, {"worker_stops": 2}), (False, {"client_close": 1, "worker_drains": 1}),
])
def test_worker_that_ends_has_counted_all_its_connections(serve, quickly, ends):
    gate = Gate()
    server = serve(gate, **{**LONG, "lifespan": "off"})
    with server.connect() as idle, server.connect() as busy:
        server.call(gate.gate.release)
        assert ask(idle).status == 200
        send(busy, "/", "Connection: close")
        assert gate.came.acquire(timeout=PATIENCE) and gate.came.acquire(timeout=PATIENCE)
        if not quickly:
            server.call(gate.gate.release)
        server.stop(quickly=quickly)
    counts = server.server.counters.snapshot()
    assert {name: count for name, count in counts["connections"].items() if count} == ends


def test_worker_that_ends_by_max_requests_counts_it(serve):
    server = serve(hello, max_requests=1, **LONG)
    with server.connect() as connection:
        assert ask(connection).headers["connection"] == "close"
    server.stop()
    assert server.server.counters.snapshot()["connections"]["max_requests"] == 1


# --- sizes ---

LINE, FIELD, WHOLE = 60, 50, 200
COUNTED = len(get()) - len("GET") - 2 * len("\r\n")  # bytes of get() that count for the whole head


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
at_a_limit("trailer", "trailer", 431, limit_request_field_size=FIELD)(
    lambda more: CHUNKED + b"0\r\na: " + b"b" * (FIELD - 5 + more) + b"\r\n\r\n")
at_a_limit("trailers", "trailer", 431, limit_request_fields=5)(
    lambda more: CHUNKED + b"0\r\n" + b"a: b\r\n" * (5 + more) + b"\r\n")
at_a_limit("chunk_extensions", "chunk_excess", 431)(
    lambda more: CHUNKED + b"1;" + b"a" * (8_000 + more * 80_000) + b"\r\na\r\n0\r\n\r\n")


@story(echo, {"bad_request": 1}, {"body_size": 1}, limit_request_body=10)
def body_that_is_asked_for_first(server):
    with server.connect() as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n")
        refusal(connection, 413)


@story(Gate, {"peer_ended": 1})
def requests_read_ahead(server):
    """Reading pauses, and the kernel's buffers fill; no request is lost."""
    gate = server.server.dispatch.app
    with connect_with_small_buffers(server) as connection:
        requests = get(b"/" + b"a" * 1000)
        sent = send_all_it_takes(connection, requests * (MUCH // len(requests)))
        assert 16 * 1024 < sent < LITTLE and gate.most == 1
        connection.shutdown(socket.SHUT_WR)
        server.call(open_wide, gate)
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == sent // len(requests)


@story(Gate, {"body_unread": 1})
def body_read_ahead(server):
    gate = server.server.dispatch.app
    with connect_with_small_buffers(server) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % MUCH)
        assert 64 * 1024 < send_all_it_takes(connection, b"x" * MUCH) < LITTLE
        server.call(open_wide, gate)
        assert read_response(connection).status == 200


def open_wide(gate):
    for _ in range(LITTLE // 1000):
        gate.gate.release()


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
        assert server.call(lambda: (len(server.server.dispatch.tasks), server.server.counters.in_flight)) == (2, 2)
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


# --- what the log says ---


def test_worker_that_has_refused_requests_says_so_when_it_ends(serve, caplog):
    caplog.set_level(logging.INFO)
    server = serve(hello, lifespan="off")
    for data in (NO_HOST, b"GET ftp://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n", NO_HOST):
        with server.connect() as connection:
            connection.sendall(data)
            refusal(connection, 400)
    assert not caplog.messages  # a flood of them fills no disk
    server.stop()
    assert caplog.messages == ["Requests refused: 2 host, 1 target"]


def test_worker_that_has_refused_nothing_says_nothing(serve, caplog):
    caplog.set_level(logging.INFO)
    server = serve(hello, lifespan="off")
    with server.connect() as connection:
        assert ask(connection).status == 200
    server.stop()
    assert not caplog.messages
