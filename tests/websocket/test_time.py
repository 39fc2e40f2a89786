"""The limits of time of a WebSocket: Ping and Pong, the closing, a peer that does not read, one that is slow."""

from functools import partial

import pytest

from fastsrv_ext.clock import TICK
from tests.support.frames import BINARY, CLOSE, PING, PONG, TEXT, frame
from tests.websocket.client import accepted, close

INTERVAL, TIMEOUT, CLOSING = 4, 2, 3  # seconds
PINGED = [(PING, b"")]
MIB = 1024 * 1024
A_TURN = 256 * 1024  # bytes that are read in a turn of the loop


@pytest.fixture
def connect(connect):
    return partial(connect, ping_interval=INTERVAL, ping_timeout=TIMEOUT, closing=CLOSING)


def test_silent_peer_is_pinged_and_not_too_early(connect):
    _, client = accepted(connect)
    client.tick(INTERVAL)
    assert client.take() == b""
    client.tick(2 * TICK)
    assert client.frames() == PINGED


def test_peer_that_answers_is_kept(connect):
    _, client = accepted(connect)
    for _ in range(5):
        client.wait(INTERVAL)
        assert client.frames() == PINGED
        client.send(frame(PONG))
    client.tick(TIMEOUT)
    assert not client.closed and client.take() == b""


def test_any_frame_is_as_good_as_a_pong(connect):
    app, client = accepted(connect)
    for payload in (b"one", b"two"):
        client.wait(INTERVAL)
        client.send(frame(TEXT, payload))
        assert app.receive().result()["text"] == payload.decode()
    client.wait(INTERVAL)
    assert client.frames() == 3 * PINGED


def test_unsolicited_pong_is_nothing(connect):
    _, client = accepted(connect)
    client.send(frame(PONG, b"hello"))
    assert client.take() == b"" and not client.closed


def test_peer_that_never_answers_is_closed(connect):
    app, client = accepted(connect)
    while not client.output:
        client.tick()
    client.take()
    client.tick(TIMEOUT)
    assert client.take() == b""
    client.tick(2 * TICK)
    [(opcode, payload)] = client.frames()
    assert opcode == CLOSE and payload[:2] == b"\x03\xf3" and client.ended  # 1011
    assert app.receive().result() == {"type": "websocket.disconnect", "code": 1011, "reason": "no Pong came in time"}
    client.wait(20)
    assert client.closed


def test_half_a_frame_for_ever(connect):
    _, client = accepted(connect)
    client.send(frame(BINARY, bytes(1000))[:500])
    client.wait(INTERVAL).wait(TIMEOUT)
    assert client.frames()[1][0] == CLOSE and client.ended


def test_frame_that_comes_fast_enough_is_waited_for(connect):
    app, client = accepted(connect, min_rate=100)
    whole = frame(BINARY, bytes(2000))
    client.wait(INTERVAL)
    for start in range(0, len(whole), 40):
        client.send(whole[start:start + 40])
        client.tick()
    assert len(app.receive().result()["bytes"]) == 2000 and not client.ended


def test_frame_that_comes_too_slowly_is_not(connect):
    _, client = accepted(connect, min_rate=100)
    whole = frame(BINARY, bytes(2000))
    client.wait(INTERVAL)
    for start in range(100):
        client.send(whole[start:start + 1])
        client.tick()
    assert client.ended


def test_peer_is_not_blamed_for_an_app_that_does_not_read(connect):
    _, client = accepted(connect)
    while client.transport.reading:
        client.send(frame(BINARY, bytes(30_000)))
    client.send(frame(PONG))
    for _ in range(5):
        client.wait(INTERVAL).wait(TIMEOUT)
    assert not client.ended and not client.closed


def test_what_the_loop_has_not_read_yet_is_as_good_as_an_answer(connect):
    _, client = accepted(connect)
    client.wait(INTERVAL)
    client.leave_unread(frame(PONG))
    client.wait(3 * TIMEOUT)
    assert client.frames() == PINGED and not client.ended


def test_what_waits_for_its_turn_is_as_good_as_an_answer(connect):
    """A piece of a long message, which comes too slowly, and as much of it as is read in a turn."""
    _, client = accepted(connect, min_rate=MIB)
    client.wait(INTERVAL)
    client.tick(TIMEOUT - TICK)

    def come():
        client.transport.receive(frame(BINARY, bytes(MIB))[:A_TURN])
        client.clock.advance()
        client.clock.judge()  # the Pong's time is over

    client.call(come)
    assert client.frames() == PINGED and not client.ended
    client.wait(TIMEOUT)
    assert client.frames()[0][0] == CLOSE


def test_close_that_is_not_answered(connect):
    app, client = accepted(connect)
    app.send({"type": "websocket.close"}).result()
    client.take()
    client.tick(CLOSING)
    assert not client.ended
    client.tick(2 * TICK)
    assert client.ended
    client.wait(20)
    assert client.closed


def test_peer_that_does_not_read(connect):
    app, client = accepted(connect, send=5)
    client.transport.room = 1000
    sending = app.send({"type": "websocket.send", "bytes": bytes(100_000)})
    assert not sending.done()
    client.read(50_000)
    assert not sending.done()
    client.read()
    assert sending.done() and sending.exception() is None
    client.transport.room = 1000
    sending = app.send({"type": "websocket.send", "bytes": bytes(100_000)})
    client.wait(60)
    assert client.closed and isinstance(sending.exception(), OSError)
    assert app.receive().result()["code"] == 1006


def test_pings_of_a_peer_that_does_not_read_are_answered_by_one_pong(connect):
    app, client = accepted(connect, send=5)
    client.transport.room = 10
    app.send({"type": "websocket.send", "bytes": bytes(100)})
    for number in range(1000):
        client.send(frame(PING, b"%d" % number))
    client.read().read()
    frames = client.frames()
    assert frames[1:] == [(PONG, b"999")]


def test_close_waits_for_a_peer_that_lags(connect):
    app, client = accepted(connect, send=5)
    client.transport.room = 10
    app.send({"type": "websocket.send", "bytes": bytes(100)})
    app.send({"type": "websocket.close"}).result()
    client.read()
    assert client.frames() == [(BINARY, bytes(100)), (CLOSE, b"\x03\xe8")] and not client.ended
    client.send(close(1000))
    assert client.ended and client.end().closed
