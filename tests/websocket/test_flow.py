"""Who takes too little, or sends too much: back-pressure, budgets, limits, and what breaks a rule."""

import pytest

from tests.support.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from tests.websocket.client import accepted, close


@pytest.mark.parametrize("size", [0, 100, 10_000])
def test_app_that_takes_nothing_stops_the_reading(connect, size):
    app, client = accepted(connect)
    sent = 0
    while client.transport.reading:
        client.send(frame(BINARY, bytes(size)))
        sent += 1
        assert sent * (size + 64) < 200_000
    client.send(frame(BINARY, b"last"))
    for _ in range(sent):
        assert app.receive().result() == {"type": "websocket.receive", "bytes": bytes(size)}
    assert app.receive().result()["bytes"] == b"last" and client.transport.reading


def test_many_messages_in_one_read_are_not_all_decoded_at_once(connect):
    app, client = accepted(connect)
    client.send(frame(BINARY, bytes(1000)) * 1000)
    assert not client.transport.reading
    for _ in range(1000):
        assert app.receive().result()["bytes"] == bytes(1000)
    assert client.transport.reading


def test_flood_of_messages_gives_the_loop_its_turns(connect):
    """A budget of nothing: two messages a turn."""
    turns = []

    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            turns.append(client.loop_turn)

    client = connect(app, budget=0, ask=False)
    client.loop_turn = 0

    def turn():
        client.loop_turn += 1
        if len(turns) < 100:
            client.loop.call_soon(turn)

    client.ask()
    client.send(b"")
    client.loop.call_soon(turn)
    client.send(frame(TEXT, b"x") * 100)
    assert len(turns) == 100 and max(turns.count(each) for each in turns) <= 2


def test_pings_are_answered_with_what_they_carry(connect):
    _, client = accepted(connect)
    client.send(
        frame(TEXT, b"a", fin=False) + frame(PING, b"in between") + frame(CONTINUATION, b"b"), frame(PING))
    assert client.frames() == [(PONG, b"in between"), (PONG, b"")]


@pytest.mark.parametrize(("data", "code"), [
    (frame(TEXT, b"\xff"), 1007), (frame(0x3), 1002), (frame(TEXT, b"a", key=None), 1002), (frame(CONTINUATION), 1002),
    (frame(BINARY, bytes(1025)), 1009),
    (frame(BINARY, bytes(600), fin=False) + frame(CONTINUATION, bytes(600)), 1009),
    (frame(CLOSE, b"\x03"), 1002), (close(1005), 1002), (close(1000, b"\xff"), 1007), (frame(TEXT, rsv=4), 1002),
    (frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 2000, 1008),
])
def test_what_breaks_a_rule_is_answered_with_its_code(connect, data, code):
    app, client = accepted(connect, max_message_size=1024)
    waiting = app.receive()
    client.send(data + frame(TEXT, b"not read any more"))
    [(opcode, payload)] = client.frames()
    assert opcode == CLOSE and int.from_bytes(payload[:2], "big") == code and client.ended
    told = waiting.result()
    assert (told["type"], told["code"]) == ("websocket.disconnect", code) and told["reason"] == payload[2:].decode()
    client.send(frame(TEXT, b"nor this")).end()
    assert client.closed and client.take() == b""


def test_what_came_before_it_is_the_apps(connect):
    app, client = accepted(connect)
    client.send(frame(TEXT, b"good") + frame(0x3))
    assert app.receive().result()["text"] == "good"
    assert app.receive().result()["code"] == 1002


def test_cancelled_receive_loses_no_message(connect):
    app, client = accepted(connect)
    waiting = app.receive()
    client.call(waiting.cancel)
    assert waiting.cancelled()
    client.send(frame(TEXT, b"kept"))
    assert app.receive().result()["text"] == "kept"


def test_two_receives_at_once_get_a_message_each(connect):
    app, client = accepted(connect)
    first, second = app.receive(), app.receive()
    client.send(frame(TEXT, b"one"))
    assert first.result()["text"] == "one" and not second.done()
    client.send(frame(TEXT, b"two"))
    assert second.result()["text"] == "two"


def test_counts(connect):
    app, client = accepted(connect, max_requests=5)
    counters = client.context.counters
    assert (counters.snapshot()["requests"], counters.snapshot()["in_flight"]) == (1, 1)
    client.send(close(1000))
    assert counters.snapshot()["in_flight"] == 1  # the app is at work
    app.finish()
    client.end()
    assert counters.snapshot()["in_flight"] == 0 and counters.snapshot()["connections"]["peer_ended"] == 1
