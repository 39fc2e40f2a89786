"""Every limit of time of docs/SETTINGS.md on real sockets: what the peer gets, how its connection ends, what is
counted.

Elsewhere: what stories have in common (stories.py), the other limits (test_limits_of_size.py), ends that no limit
brings (test_ends.py), the same limits tick by tick (tests/asgi).
"""

import select
import time
from contextlib import contextmanager

import pytest

from tests.support.apps import echo, hello
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post
from tests.worker.stories import CHUNKED, LITTLE, MUCH, NO_HOST, Stories, connect_with_small_buffers, large, refusal

SOON = 0.3  # seconds: the limit that a story is about
LATER = 4.0  # seconds: the same where the client has to do something in time, for which a busy machine may not run it
A_WHILE = 0.1  # seconds between two drops of what drips
A_WHILE_IN_TIME = LATER / 8  # seconds: the same of one that is in time

STORIES = Stories()
story = STORIES.add


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


def expired(server):
    return {state: count for state, count in server.server.counters.snapshot()["expired"].items() if count}


def shake_hands(connection):
    return client_context().wrap_socket(connection, server_hostname="localhost")


# --- a request's head ---


@story(hello, {"header_timeout": 1}, header_timeout=SOON)
def silent_client(server):
    with lasts(SOON), server.connect() as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=LATER)
def half_a_head(server):
    with lasts(LATER), server.connect() as connection:
        connection.sendall(get()[:-1])
        refusal(connection, 408)


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=LATER)
def head_that_drips(server):
    with lasts(LATER), server.connect() as connection:
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


# --- TLS ---


@story(hello, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def tls_client_that_is_silent(server):
    with lasts(SOON), server.connect() as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, header_timeout=SOON, tls=server_context())
def half_a_handshake(server):
    with lasts(SOON), server.connect() as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, header_timeout=LATER, tls=server_context())
def silence_after_the_handshake(server):
    with lasts(LATER), shake_hands(server.connect()) as connection:
        assert connection.recv(1) == b""


@story(hello, {"header_timeout": 1}, {"header_timeout": 1}, header_timeout=LATER, tls=server_context())
def half_a_head_over_tls(server):
    with lasts(LATER), shake_hands(server.connect()) as connection:
        connection.sendall(get()[:-1])
        refusal(connection, 408)


# --- a request's body ---


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


@story(echo, {"body_rate": 1}, {"body_rate": 1}, body_timeout=LATER, min_rate=1000)
def body_that_drips(server):
    with lasts(LATER), server.connect() as connection:
        connection.sendall(CHUNKED)
        drip(connection, b"1\r\na\r\n")
        refusal(connection, 408)


@story(echo, {"peer_ended": 1}, body_timeout=LATER, min_rate=0.1)
def body_that_comes_at_the_rate(server):
    with lasts(LATER), server.connect() as connection:
        connection.sendall(CHUNKED)
        for _ in range(10):
            assert not select.select([connection], [], [], A_WHILE_IN_TIME)[0]
            connection.sendall(b"1\r\na\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert read_response(connection).body == b"a" * 10


# --- a peer that does not read ---


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


@story(large, {"peer_ended": 1}, send_timeout=LATER, min_rate=1)
def client_that_reads_at_the_rate(server):
    with lasts(LATER), server.connect() as connection:
        send(connection)
        read = 0
        for _ in range(10):
            select.select([], [], [], A_WHILE_IN_TIME)
            read += len(connection.recv(1 << 20))
        while read < MUCH:
            read += len(connection.recv(1 << 20))


# --- the end ---


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


@story(hello, {"bad_request": 1}, {"host": 1}, drain_timeout=LATER)
def client_that_stays_after_a_refusal(server):
    with server.connect() as connection, lasts(LATER):
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
