"""Found in review: a read of more than is parsed in a turn waits for the next one, and a limit that passed in between
closed on the request that had come, without an answer."""

import pytest

from tests.support.apps import echo, hello
from tests.support.wire import TICK, get

KEEPALIVE, HEADER, BODY = 5, 10, 10
HEAD = get(b"/", *(b"X-%d: " % number + b"v" * 7_000 for number in range(3)))
SCANNED = pytest.mark.parametrize("scanned", [True, False], ids=["scanned", "parsed"])


@pytest.fixture
def connected(wire):
    def connect(app=hello, scanned=True):
        return wire(app, keepalive=KEEPALIVE, header=HEADER, body=BODY, scan_heads=scanned)

    return connect


def judge_beside(it, data, seconds):
    """`data` comes in, and the clock judges before the loop's next turn, which is `seconds` behind the last one."""
    def come():
        for _ in range(int(seconds / TICK) + 1):
            it.clock.advance()
        it.transport.receive(data)
        it.clock.judge()

    it.call(come)


@SCANNED
@pytest.mark.parametrize("size", [len(HEAD), 20_000], ids=["whole", "part"])
def test_request_that_comes_when_the_idle_time_is_over(connected, scanned, size):
    it = connected(scanned=scanned).send(get())
    it.take()
    judge_beside(it, HEAD[:size], KEEPALIVE)
    it.send(HEAD[size:])
    assert it.output.startswith(b"HTTP/1.1 200 OK\r\n") and not it.ended


@SCANNED
@pytest.mark.parametrize("size", [len(HEAD), 20_000], ids=["whole", "part"])
def test_request_that_comes_when_the_time_for_its_head_is_over(connected, scanned, size):
    it = connected(scanned=scanned)
    judge_beside(it, HEAD[:size], HEADER)
    it.send(HEAD[size:])
    assert it.output.startswith(b"HTTP/1.1 200 OK\r\n") and not it.ended


def test_head_that_stops_in_its_middle_is_late_with_the_next_tick(connected):
    it = connected(scanned=False)
    judge_beside(it, HEAD[:20_000], HEADER)
    assert not it.ended
    it.tick()
    assert it.output.startswith(b"HTTP/1.1 408 ") and it.ended


def test_what_is_no_request_is_answered_when_the_idle_time_is_over(connected):
    it = connected().send(get())
    it.take()
    judge_beside(it, b"\r\n" * 10_000 + b"GET / HTTP/9.9\r\n\r\n", KEEPALIVE)
    assert it.output.startswith(b"HTTP/1.1 400 ")


def test_body_that_comes_when_the_time_for_it_is_over(connected):
    chunks = b"1\r\nx\r\n" * 4_000
    it = connected(echo)
    it.send(b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n")
    it.send(chunks)
    assert it.clock.census()["BODY"] == 1
    judge_beside(it, chunks + b"0\r\n\r\n", BODY)
    assert it.output.endswith(b"x" * 8_000)


@SCANNED
def test_request_on_a_new_connection_when_the_worker_drains(connected, scanned):
    def come():
        it.context.draining = True
        it.transport.receive(HEAD)
        it.connection.shut(0)

    it = connected(scanned=scanned)
    it.clock.cap("IDLE", TICK)
    it.wait(2)
    it.call(come)
    assert it.output.startswith(b"HTTP/1.1 200 OK\r\n")
