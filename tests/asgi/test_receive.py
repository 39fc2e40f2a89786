"""receive() on an HTTP scope (http 2.5, "Request" and "Disconnect"): bodies, and what comes behind them."""

import asyncio

import pytest

from fastsrv_ext.clock import TICK
from tests.support.puppet import Puppet
from tests.support.wire import get, post

GRACE = 3
DISCONNECT = {"type": "http.disconnect"}
CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(body=b"", more=False):
    return {"type": "http.request", "body": body, "more_body": more}


# --- bodies ---


@pytest.mark.parametrize("request_bytes", [get(), post(b""), CHUNKED + b"0\r\n\r\n", get(version=b"1.0")])
def test_empty_body_is_one_event(wire, request_bytes):
    app = Puppet()
    wire(app).send(request_bytes)
    assert app.receive().result() == event()
    assert not app.receive().done()


def test_body_of_one_read_is_one_event(wire):
    app = Puppet()
    wire(app).send(post(b"hello"))
    received = app.receive().result()
    assert received == event(b"hello")
    assert type(received) is dict and type(received["body"]) is bytes and received["more_body"] is False
    assert not app.receive().done()


def test_parts_of_a_body_are_handed_over_as_they_come(wire):
    app = Puppet()
    it = wire(app).send(post(b"abcdef")[:-6])
    waiting = app.receive()
    assert not waiting.done()
    it.send(b"ab")
    assert waiting.result() == event(b"ab", more=True)
    it.send(b"cd")
    assert app.receive().result() == event(b"cd", more=True)
    it.send(b"ef")
    assert app.receive().result() == event(b"ef")
    assert not app.receive().done()


def test_parts_that_came_while_the_app_was_busy_are_joined(wire):
    app = Puppet()
    wire(app).send(post(b"abcdef")[:-6], b"ab", b"cd", b"ef")
    assert app.receive().result() == event(b"abcdef")


def test_chunks_are_taken_apart(wire):
    app = Puppet()
    it = wire(app).send(CHUNKED, b"3\r\nabc\r\n", b"2\r\nde\r\n1\r\n")
    assert app.receive().result() == event(b"abcde", more=True)
    it.send(b"f\r\n")
    assert app.receive().result() == event(b"f", more=True)


def test_last_chunk_is_an_empty_last_event(wire):
    app = Puppet()
    it = wire(app).send(CHUNKED, b"3\r\nabc\r\n")
    assert app.receive().result() == event(b"abc", more=True)
    waiting = app.receive()
    it.send(b"0\r\n")
    assert not waiting.done()
    it.send(b"\r\n")
    assert waiting.result() == event()


@pytest.mark.parametrize("size", [70_000, 300_000, 2_000_000])
@pytest.mark.parametrize("read", [16_384, 262_144])
@pytest.mark.parametrize("chunk", [None, 1000, 100_000])
def test_large_body_comes_whole(wire, size, read, chunk):
    body = bytes(range(256)) * (size // 256)
    if chunk is None:
        data = post(body)
    else:
        parts = [body[start:start + chunk] for start in range(0, len(body), chunk)]
        data = CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    app = Puppet()
    it = wire(app).send(*[data[start:start + read] for start in range(0, len(data), read)])
    received = []
    while not received or received[-1]["more_body"]:
        received.append(app.receive().result())
    assert b"".join(each["body"] for each in received) == body
    assert [each["more_body"] for each in received] == [True] * (len(received) - 1) + [False]
    assert it.output == b""


# --- http.disconnect ---


def test_receive_behind_the_body_waits_for_the_response_to_be_complete(wire):
    app = Puppet()
    wire(app).send(get())
    app.receive()
    waiting = app.receive()
    app.begin()
    app.body(b"a", more=True)
    assert not waiting.done()
    app.body(b"b")
    assert waiting.result() == DISCONNECT
    assert app.receive().result() == DISCONNECT
    assert app.receive().result() == DISCONNECT


def test_receive_behind_the_body_waits_for_no_deadline(wire):
    app = Puppet()
    it = wire(app).send(post(b"hello"))
    app.receive()
    waiting = app.receive()
    it.wait(1000)
    assert not waiting.done()
    assert not it.closed and it.output == b""


@pytest.mark.parametrize("way", ["reset", "end"])
def test_receive_tells_that_the_client_has_gone_again_and_again(wire, way):
    """A client that has ended its side may be there, until it takes nothing for a grace period."""
    app = Puppet()
    it = wire(app, grace=GRACE).send(get())
    app.receive()
    waiting = app.receive()
    getattr(it, way)()
    if way == "end":
        it.tick(GRACE)
        assert not waiting.done()
        it.tick(2 * TICK)
    assert waiting.result() == DISCONNECT
    assert [app.receive().result() for _ in range(3)] == [DISCONNECT] * 3


@pytest.mark.parametrize("way", ["reset", "end"])
def test_body_that_has_come_is_handed_over_though_the_client_has_gone(wire, way):
    """Some clients send and never wait for an answer."""
    app = Puppet()
    it = wire(app).send(post(b"hello"))
    getattr(it, way)()
    assert app.receive().result() == event(b"hello")
    waiting = app.receive()
    it.wait(GRACE)
    assert waiting.result() == DISCONNECT


@pytest.mark.parametrize("way", ["reset", "end"])
def test_body_that_breaks_off_is_a_disconnect(wire, way):
    """It never looks like a whole one."""
    app = Puppet()
    it = wire(app).send(post(b"hello")[:-2])
    getattr(it, way)()
    assert app.receive().result() == event(b"hel", more=True)
    assert app.receive().result() == DISCONNECT
    assert app.receive().result() == DISCONNECT


@pytest.mark.parametrize("way", ["reset", "end"])
def test_receive_that_waits_for_the_body_gets_the_disconnect(wire, way):
    app = Puppet()
    it = wire(app).send(post(b"hello")[:-5])
    waiting = app.receive()
    getattr(it, way)()
    assert waiting.result() == DISCONNECT


def test_body_that_was_not_read_is_gone_with_the_response(wire):
    app = Puppet()
    wire(app).send(post(b"hello"))
    app.begin()
    app.body()
    assert app.receive().result() == DISCONNECT


def test_client_that_half_closes_gets_its_answer(wire):
    """It has said all that it wanted to, and waits (printf ... | nc -N)."""
    app = Puppet()
    it = wire(app).send(post(b"hello")).end()
    assert app.receive().result() == event(b"hello")
    waiting = app.receive()
    app.begin()
    app.body(b"still ", more=True)
    assert not waiting.done()
    app.body(b"there")
    assert waiting.result() == DISCONNECT
    app.finish()
    assert b"still " in it.output and it.output.endswith(b"there\r\n0\r\n\r\n")
    assert it.ended and it.closed


# --- several at a time, and cancelled ones ---


def test_receives_that_wait_side_by_side_are_served_in_their_order(wire):
    app = Puppet()
    it = wire(app).send(post(b"abcd")[:-4])
    waiting = [app.receive() for _ in range(3)]
    it.send(b"ab")
    assert waiting[0].result() == event(b"ab", more=True)
    assert not waiting[1].done() and not waiting[2].done()
    it.send(b"cd")
    assert waiting[1].result() == event(b"cd")
    assert not waiting[2].done()
    it.reset()
    assert waiting[2].result() == DISCONNECT


def test_cancelling_one_receive_does_not_disturb_another(wire):
    app = Puppet()
    it = wire(app).send(post(b"abcd")[:-4])
    first, second, third = app.receive(), app.receive(), app.receive()
    it.call(second.cancel)
    assert second.cancelled()
    it.send(b"ab")
    assert first.result() == event(b"ab", more=True)
    it.call(third.cancel)
    it.send(b"cd")
    assert app.receive().result() == event(b"cd")


def test_cancelled_receive_loses_nothing(wire):
    app = Puppet()
    it = wire(app).send(post(b"abcd")[:-4])
    it.call(app.receive().cancel)
    it.send(b"ab")
    assert app.receive().result() == event(b"ab", more=True)


def test_receive_cancelled_when_its_bytes_have_come_loses_nothing(wire):
    """Between the bytes and the app's next step, a timeout may strike."""
    app = Puppet()
    it = wire(app).send(post(b"abcd")[:-4])
    waiting = app.receive()

    def come_and_cancel():
        it.connection.data_received(b"ab")
        waiting.cancel()

    it.call(come_and_cancel)
    assert waiting.cancelled()
    assert app.receive().result() == event(b"ab", more=True)


def test_receive_that_never_ran_loses_nothing(wire):
    """asyncio.wait_for(receive(), 0) cancels what it has not begun."""
    app = Puppet()
    wire(app).send(post(b"hello"))

    async def poll():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(app.app_receive(), 0)

    app.start(poll()).result()
    assert app.receive().result() == event(b"hello")


@pytest.mark.parametrize("way", [asyncio.create_task, asyncio.ensure_future, asyncio.gather, asyncio.shield])
def test_receive_may_be_made_a_task(wire, way):
    app = Puppet()
    it = wire(app).send(post(b"abcd")[:-4], b"ab")

    async def receive():
        return await way(app.app_receive())

    ready = app.start(receive())
    waiting = app.start(receive())
    it.send(b"cd")
    results = [ready.result(), waiting.result()]
    if way is asyncio.gather:
        results = [result for (result,) in results]
    assert results == [event(b"ab", more=True), event(b"cd")]
