"""How long a connection waits for a peer to read, and for its own end: SEND, DRAIN, CLOSE and CLOSED in the table of
states in docs/ARCHITECTURE.md. The limits of tests/asgi/conftest.py are long, but for those a test gives.

The other states: test_timeouts.py.
"""

import asyncio

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import echo, hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


# --- SEND: the peer, to read what we wrote ---


def lagging(limited, size=10_000, **settings):
    """A peer that has not read `size` bytes of a streamed answer; the app, the wire, and the app's send()."""
    app = Puppet()
    it = limited(app, **settings)
    it.transport.room = 0
    it.send(get())
    app.begin(200, [(b"content-length", b"1000000")])
    return app, it, app.body(b"x" * size, more=True)


def test_peer_that_reads_nothing_is_reset_after_send_timeout(limited):
    _, it, waiting = lagging(limited, send=10, min_rate=100)
    it.tick(10)
    assert not it.closed and not waiting.done()
    it.wait(0)
    assert it.closed and not it.ended
    assert waiting.done() and waiting.exception() is None


def test_peer_that_reads_slower_than_the_rate_is_reset(limited):
    _, it, waiting = lagging(limited, send=10, min_rate=100)
    for _ in range(10):
        it.tick(1)
        it.read(90)
    it.wait(0)
    assert it.closed and not it.ended
    assert waiting.done() and waiting.exception() is None


def test_peer_that_reads_at_the_rate_is_waited_for(limited):
    _, it, waiting = lagging(limited, send=10, min_rate=100)
    while it.transport.buffer:
        it.tick(1)
        it.read(110)
    assert not it.closed
    assert waiting.result() is None


def test_rate_is_an_average_since_the_lag_began(limited):
    """A TCP window opens in steps, which may be further apart than a period."""
    _, it, _ = lagging(limited, send=10, min_rate=100)
    it.read(2500)
    it.wait(10)
    it.wait(10)
    assert not it.closed
    it.wait(10)
    assert it.closed and not it.ended


def test_who_has_read_a_lot_may_not_sit_still_on_the_rest(limited):
    """For three more periods at most."""
    _, it, _ = lagging(limited, send=10, min_rate=100)
    it.read(9000)
    for _ in range(4):
        it.wait(10)
        assert not it.closed
    it.wait(10)
    assert it.closed and not it.ended


def test_what_is_written_meanwhile_does_not_hide_what_was_read(limited):
    app, it, _ = lagging(limited, send=10, min_rate=100)
    for _ in range(10):
        app.body(b"x" * 10_000, more=True)
        it.tick(1)
        it.read(110)
    it.wait(0)
    assert not it.closed


@pytest.mark.parametrize("request_bytes", [get(), get(b"/", b"Connection: close"), get(version=b"1.0")])
def test_answer_that_is_complete_is_watched_over_until_it_has_left(limited, request_bytes):
    """Neither keepalive nor close_timeout cut it off."""
    app = Puppet()
    it = limited(app, send=10, min_rate=100, keepalive=1, close=1, drain=1)
    it.transport.room = 0
    it.send(request_bytes)
    app.begin()
    app.body(b"x" * 10_000).result()
    app.finish()
    while it.transport.buffer:
        it.tick(1)
        assert not it.closed
        it.read(110)
    assert it.output.endswith(b"x" * 10_000)


def test_answer_that_is_complete_and_not_read_is_reset(limited):
    it = limited(hello, send=10)
    it.transport.room = 0
    it.send(get()).wait(10)
    assert it.closed and not it.ended


def test_peer_that_half_closes_may_still_read_a_long_answer(limited):
    app, it, _ = lagging(limited, send=10, min_rate=100, close=1, drain=1)
    it.end()
    app.body(b"x" * 990_000)
    app.finish()
    while it.transport.buffer:
        it.tick(1)
        assert not it.closed
        it.read(10_000)
    assert take_apart(it.output).body == b"x" * 1_000_000
    assert it.ended


# --- DRAIN: what is still on its way to us ---


@pytest.mark.parametrize("rest", [b"hello", b"lo"])
def test_rest_of_a_body_is_read_and_the_next_request_served(limited, rest):
    it = limited(hello, drain=5).send(post(b"hello")[:-len(rest)])
    assert statuses(it.output) == [200]
    it.tick(5)
    it.send(rest + get())
    assert statuses(it.output) == [200, 200]
    assert not it.ended


def test_rest_of_a_body_that_does_not_come_closes_after_drain_timeout(limited):
    """Bytes extend it."""
    it = limited(hello, drain=5).send(post(b"x" * 1000)[:-1000])
    for _ in range(4):
        it.tick(5)
        it.send(b"x")
    it.tick(5)
    assert not it.ended
    it.wait(0)
    assert it.ended
    assert statuses(it.output) == [200]


@pytest.mark.parametrize("begun", [
    post(b"x" * 2_000_000)[:-1_999_990],  # too much to be worth it
    CHUNKED + b"5\r\nhel",  # who knows how much
], ids=["large", "chunked"])
def test_rest_that_is_not_worth_waiting_for_closes_the_connection(limited, begun):
    it = limited(hello, drain=5).send(begun)
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended and not it.closed
    it.send(b"lo\r\n0\r\n\r\n" + get())
    assert statuses(it.output) == [200]


def test_answer_of_ours_is_followed_by_our_end_and_by_reading_on(limited):
    """A close with unread bytes would be a reset, which may overtake the answer."""
    it = limited(hello, drain=5).send(b"nonsense\r\n\r\n")
    assert statuses(it.output) == [400]
    assert it.ended and not it.closed
    for _ in range(4):
        it.tick(5)
        it.send(get())
        assert not it.closed
    it.tick(5)
    assert not it.closed
    it.wait(0)
    assert it.closed and it.ended
    assert statuses(it.output) == [400]


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", post(b"x" * 1000)[:-1000]], ids=["refused", "answered"])
def test_what_drips_in_extends_draining_six_times_at_most(limited, sent):
    it = limited(hello, drain=5).send(sent)
    for _ in range(24):
        it.tick(1)
        it.send(b"x")
    assert not it.closed
    for _ in range(9):
        it.tick(1)
        it.send(b"x")
    assert it.closed and it.ended


def test_draining_ends_with_the_peers_end(limited):
    it = limited(hello).send(b"nonsense\r\n\r\n").end()
    assert it.closed and it.ended


def test_reading_stops_when_too_much_has_come_and_the_connection_stays_open(limited):
    """To close would be a reset; a peer that can read while it writes has the time for it."""
    it = limited(hello, drain=5, limit_drain=1_000_000).send(b"nonsense\r\n\r\n")
    for _ in range(10):
        it.send(b"x" * 100_000)
        assert it.transport.reading
    it.send(b"x")
    assert not it.transport.reading and not it.closed
    it.tick(5)
    assert not it.closed
    it.wait(0)
    assert it.closed and it.ended


def test_rest_that_is_more_than_is_thrown_away_is_not_waited_for(limited):
    it = limited(hello, limit_drain=100)
    it.send(post(b"x" * 100) + get())
    assert statuses(it.take()) == [200, 200]
    it.send(post(b"x" * 101)[:-101])
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


def test_what_comes_while_the_last_app_works_is_bounded(limited):
    """It is thrown away, but not for ever: reading pauses."""
    app = Puppet()
    it = limited(app).send(get(b"/", b"Connection: close"))
    for _ in range(20):
        it.send(b"x" * 65536)
    assert not it.transport.reading
    app.begin()
    app.body(b"answer").result()
    app.finish()
    assert it.output.endswith(b"answer")
    assert it.ended


# --- CLOSE: our last bytes, and the peer's end ---


def test_peer_that_does_not_end_is_reset_after_close_timeout(limited):
    it = limited(hello, keepalive=5, close=5).send(get()).wait(5)
    assert it.ended and not it.closed
    it.tick(4.5)
    assert not it.closed
    it.wait(0)
    assert it.closed


def test_bytes_do_not_extend_close_timeout_behind_an_early_answer_either(limited):
    """They have extended DRAIN, and might do so for a while."""
    it = limited(hello, keepalive=1, drain=5, close=5).send(post(b"x" * 1000)[:-1000], b"x" * 1000).wait(1)
    assert statuses(it.output) == [200]
    for _ in range(5):
        assert it.ended and not it.closed
        it.send(b"x")
        it.tick(1)
    it.wait(0)
    assert it.closed


@pytest.mark.parametrize("size", [1, 400_000], ids=["drip", "flood"])
def test_bytes_do_not_extend_close_timeout(limited, size):
    it = limited(hello, keepalive=5, close=5, limit_drain=1_000_000).send(get()).wait(5)
    for _ in range(5):
        assert not it.closed
        it.send(b"x" * size)
        it.tick(1)
    assert it.transport.reading == (size == 1)
    it.wait(0)
    assert it.closed


# --- CLOSED: nobody ---


async def works(scope, receive, send):
    """Neither reads nor answers."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("sent", [b"", b"G", get(), post(b"hello")[:-1], get() * 40, b"nonsense\r\n\r\n"])
@pytest.mark.parametrize(("app", "way"), [(hello, "end"), (hello, "reset"), (echo, "end"), (echo, "reset"),
                                          (works, "reset")])
def test_lost_connection_waits_for_nobody(limited, app, way, sent):
    it = limited(app).send(sent)
    getattr(it, way)()
    assert it.closed
    waiting = it.clock.census()
    del waiting["GRACE"]  # of the app
    assert set(waiting.values()) == {0}
