"""How long a connection waits for a request, and for the app: HEAD, IDLE, RESPOND and BODY in the table of states in
docs/ARCHITECTURE.md. The limits of tests/asgi/conftest.py are long, but for those a test gives.

The other states: test_timeouts_of_the_end.py.
"""

import pytest

from fastsrv_ext.clock import TICK
from tests.support.answers import statuses, take_apart
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

DISCONNECT = {"type": "http.disconnect"}
CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


# --- HEAD: a complete request head ---


def test_silent_first_connection_is_closed_in_silence_after_header_timeout(limited):
    it = limited(hello, header=10)
    it.tick(10)
    assert not it.ended
    it.wait(0)
    assert it.ended and it.output == b""


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\n", get()[:-1]])
def test_head_that_does_not_end_is_a_408_after_header_timeout(limited, begun):
    it = limited(hello, header=10).send(begun)
    it.tick(10)
    assert it.output == b""
    it.wait(0)
    assert statuses(it.output) == [408]
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


def test_slow_loris_does_not_extend_header_timeout(limited):
    it = limited(hello, header=10).send(b"GET / HTTP/1.1\r\n")
    for _ in range(9):
        it.send(b"X-A: b\r\n")
        it.tick(1)
        assert it.output == b""
    it.send(b"X-A: b\r\n").wait(1)
    assert statuses(it.output) == [408]


def test_first_byte_does_not_begin_header_timeout_anew(limited):
    it = limited(hello, header=10)
    it.tick(9)
    it.send(b"G")
    it.wait(1)
    assert statuses(it.output) == [408]


def test_first_byte_after_idle_begins_header_timeout(limited):
    it = limited(hello, header=10, keepalive=5).send(get())
    it.tick(5)
    it.send(b"G")
    it.tick(10)
    assert statuses(it.output) == [200]
    it.wait(0)
    assert statuses(it.output) == [200, 408]


def test_beginning_of_a_pipelined_head_has_header_timeout(limited):
    it = limited(hello, header=10, keepalive=5).send(get() + b"GET /")
    it.tick(10)
    assert statuses(it.output) == [200]
    it.wait(0)
    assert statuses(it.output) == [200, 408]


def test_beginning_of_a_head_has_no_deadline_while_the_app_works(limited):
    app = Puppet()
    it = limited(app, header=1).send(get() + b"GET /")
    it.wait(100)
    app.begin()
    app.body().result()
    assert statuses(it.output) == [200]
    it.tick(1)
    assert not it.ended


def test_empty_lines_extend_nothing(limited):
    it = limited(hello, header=10)
    for _ in range(9):
        it.send(b"\r\n")
        it.tick(1)
    assert not it.ended
    it.send(b"\r\n").wait(1)
    assert it.ended and it.output == b""


# --- IDLE: the first byte of the next request ---


def test_idle_connection_closes_in_silence_after_keepalive(limited):
    it = limited(hello, keepalive=5).send(get())
    it.take()
    it.tick(5)
    assert not it.ended
    it.wait(0)
    assert it.ended and it.output == b""


def test_request_begins_keepalive_anew(limited):
    it = limited(hello, keepalive=5)
    for _ in range(10):
        it.send(get())
        it.tick(5)
        assert not it.ended
    it.wait(0)
    assert it.ended


def test_empty_line_does_not_extend_keepalive(limited):
    it = limited(hello, keepalive=5).send(get())
    it.tick(4)
    it.send(b"\r\n").wait(1)
    assert it.ended


def test_keepalive_begins_when_the_answer_has_left(limited):
    """A response that finishes while the peer is behind is not idle."""
    it = limited(hello, keepalive=5)
    it.transport.room = 0
    it.send(get()).wait(100)
    assert not it.ended
    it.read()
    it.tick(5)
    assert not it.ended
    it.wait(0)
    assert it.ended


def test_last_look_into_the_kernel_saves_a_request_that_has_come(limited):
    it = limited(hello, keepalive=5).send(get())
    it.leave_unread(b"GET")
    it.wait(5)
    assert not it.ended
    it.send(get())
    assert statuses(it.output) == [200, 200]


def test_last_look_is_no_longer_wait_than_for_a_head(limited):
    it = limited(hello, keepalive=5, header=10).send(get())
    it.leave_unread(b"GET")
    it.wait(5)
    assert not it.ended
    it.transport.extra["socket"].recv(100)  # the loop reads it
    it.send(b"GET")
    it.wait(10)
    assert it.ended
    assert statuses(it.output) == [200, 408]


def test_first_request_that_has_come_at_the_last_moment_is_answered(limited):
    it = limited(hello, header=10)
    it.leave_unread(get())
    it.wait(10)
    assert not it.ended
    it.transport.extra["socket"].recv(1000)
    it.send(get())
    assert statuses(it.output) == [200]


def test_last_look_sees_no_request_in_the_peers_end(limited):
    it = limited(hello, keepalive=5).send(get())
    it.transport.peer.close()
    it.wait(5)
    assert it.ended


def test_idle_connection_half_closes_first_and_serves_nothing_more(limited):
    """The peer sees an orderly end, whatever it has just sent."""
    it = limited(hello, keepalive=5, close=5).send(get()).wait(5)
    assert it.ended and not it.closed
    it.send(get())
    assert statuses(it.output) == [200]
    assert not it.closed
    it.end()
    assert it.closed and it.ended


@pytest.mark.parametrize("fields", [[], [b"Connection: keep-alive"]])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_keepalive_zero_closes_after_the_response(limited, version, fields):
    """Never "no limit"."""
    it = limited(hello, keepalive=0).send(get(b"/", *fields, version=version), get())
    assert statuses(it.output) == [200]
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


# --- RESPOND: the app ---


@pytest.mark.parametrize("request_bytes", [get(), post(b"hello"), post(b"hello")[:-2]])
def test_working_app_has_no_deadline(limited, request_bytes):
    """Not even with a body that is not all there, as long as the app does not wait for it."""
    app = Puppet()
    it = limited(app, header=1, keepalive=1, body=1, send=1, drain=1, close=1).send(request_bytes)
    it.wait(1000)
    assert not it.closed and it.output == b""
    app.begin()
    app.body(b"a", more=True).result()
    it.wait(1000)
    assert not it.ended
    app.body(b"b").result()
    assert it.output.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


def test_deadline_of_the_wait_before_does_not_reach_into_the_apps_work(limited):
    """uvicorn #824, in small: a keep-alive deadline that was not taken back."""
    app = Puppet()
    it = limited(app, keepalive=2).send(get())
    app.begin()
    app.body().result()
    it.tick(1.75)
    it.send(get())
    it.wait(100)
    assert not it.ended
    app.begin()
    app.body().result()
    assert statuses(it.output) == [200, 200]
    assert not it.ended


# --- BODY: body bytes that the app awaits ---


@pytest.mark.parametrize("begun", [post(b"hello")[:-5], post(b"hello")[:-2], CHUNKED, CHUNKED + b"5\r\nhel"])
def test_body_that_does_not_come_is_a_408_and_a_disconnect(limited, begun):
    app = Puppet()
    it = limited(app, body=10).send(begun)
    waiting = app.receive()
    if waiting.done():  # what has come of it
        waiting = app.receive()
    it.tick(10)
    assert not waiting.done()
    it.wait(0)
    assert waiting.result() == DISCONNECT
    assert statuses(it.output) == [408]
    assert it.ended
    assert app.send({"type": "http.response.start", "status": 200}).exception() is None
    assert statuses(it.output) == [408]


def test_start_that_is_held_gives_way_to_the_408(limited):
    app = Puppet()
    it = limited(app, body=10).send(post(b"hello")[:-5])
    app.receive()
    it.tick(10)
    app.begin()
    it.tick(TICK)
    assert statuses(it.output) == [408]


def test_body_that_does_not_come_ends_an_answer_that_has_begun(limited):
    app = Puppet()
    it = limited(app, body=10).send(post(b"hello")[:-5])
    app.begin()
    app.body(b"begun", more=True).result()
    waiting = app.receive()
    it.wait(10)
    assert waiting.result() == DISCONNECT
    assert statuses(it.output) == [200]
    assert it.output.endswith(b"5\r\nbegun\r\n")
    assert it.ended


def test_progress_extends_body_timeout(limited):
    app = Puppet()
    it = limited(app, body=10, min_rate=1).send(post(b"x" * 1000)[:-1000])
    for _ in range(20):
        waiting = app.receive()
        it.tick(9)
        it.send(b"x" * 20)
        assert waiting.result()["body"] == b"x" * 20
    assert it.output == b""


def test_chunk_framing_is_no_progress(limited):
    app = Puppet()
    it = limited(app, body=10).send(CHUNKED)
    waiting = app.receive()
    it.send(b"5")
    for _ in range(9):
        it.tick(1)
        it.send(b";a=b")
    it.wait(1)
    assert waiting.result() == DISCONNECT
    assert statuses(it.output) == [408]


def test_body_that_comes_slower_than_the_rate_is_a_408(limited):
    """Each byte comes in time, all of them too slowly: averaged over what the app has waited beyond the timeout."""
    app = Puppet()
    it = limited(app, body=10, min_rate=100).send(post(b"x" * 1000)[:-1000])
    for _ in range(3):
        waiting = app.receive()
        it.tick(5)
        it.send(b"x")
    assert waiting.result() == DISCONNECT
    assert statuses(it.output) == [408]
    assert it.ended


def test_body_that_comes_at_the_rate_is_served(limited):
    app = Puppet()
    it = limited(app, body=10, min_rate=100).send(post(b"x" * 10_000)[:-10_000])
    for _ in range(20):
        waiting = app.receive()
        it.tick(5)
        it.send(b"x" * 500)
    assert waiting.result() == {"type": "http.request", "body": b"x" * 500, "more_body": False}


def test_time_of_the_app_does_not_count_against_the_rate(limited):
    app = Puppet()
    it = limited(app, body=10, min_rate=100).send(post(b"x" * 100)[:-100])
    for _ in range(100):
        it.wait(100)
        it.send(b"x")
        event = app.receive().result()
    assert event["more_body"] is False


def test_app_that_gives_up_a_receive_is_at_work_again(limited):
    app = Puppet()
    it = limited(app, body=10).send(post(b"hello")[:-5])
    it.call(app.receive().cancel)
    it.wait(100)
    assert it.output == b"" and not it.ended
    waiting = app.receive()
    it.tick(10)
    assert not waiting.done()
    it.wait(0)
    assert waiting.result() == DISCONNECT


def test_last_bytes_end_the_wait_however_slow_they_were(limited):
    app = Puppet()
    it = limited(app, body=10, min_rate=100).send(CHUNKED, b"1\r\nx\r\n")
    app.receive()
    waiting = app.receive()
    it.tick(10)
    it.send(b"0\r\n\r\n")
    assert waiting.result() == {"type": "http.request", "body": b"", "more_body": False}
    it.wait(100)
    assert it.output == b""
