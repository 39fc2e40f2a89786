"""Flow control both ways: reading stops while the app lags, send() waits while the peer lags."""

import asyncio
import threading

import pytest

from tests.support.answers import statuses
from tests.support.apps import echo
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get, post

MORE = {"type": "http.response.body", "more_body": True}
CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


def in_chunks(data, size=4096):
    parts = [data[start:start + size] for start in range(0, len(data), size)]
    return CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def until_paused(it, data, size=16_384):
    """Send `data` in reads of `size` until reading pauses; returns what is left of it."""
    while data and it.transport.reading:
        it.send(data[:size])
        data = data[size:]
    return data


# --- reading ---


@pytest.mark.parametrize("framed", [post, in_chunks])
def test_reading_pauses_while_the_app_does_not_take_the_body(wire, framed):
    app = Puppet()
    it = wire(app)
    data = framed(b"x" * 1_000_000)
    left = until_paused(it, data)
    assert 60 * 1024 < len(data) - len(left) < 128 * 1024


@pytest.mark.parametrize("framed", [post, in_chunks])
def test_reading_goes_on_when_the_app_takes_the_body(wire, framed):
    body = bytes(range(256)) * 4000
    app = Puppet()
    it = wire(app)
    left = until_paused(it, framed(body))
    taken = b""
    while len(taken) < len(body):
        assert not it.transport.reading or not left
        event = app.receive().result()
        taken += event["body"]
        assert it.transport.reading
        left = until_paused(it, left)
    assert taken == body
    assert not event["more_body"]


def test_body_in_one_huge_read_is_not_taken_apart_at_once(wire):
    """What is buffered for a chunked body stays bounded, whatever a loop reads at once."""
    body = bytes(range(256)) * 8000
    app = Puppet()
    it = wire(app).send(in_chunks(body, 1000))
    assert not it.transport.reading
    events = [app.receive().result()]
    while events[-1]["more_body"]:
        events.append(app.receive().result())
    assert b"".join(event["body"] for event in events) == body
    assert max(len(event["body"]) for event in events) < 128 * 1024
    assert it.transport.reading


def test_reading_goes_on_when_the_response_makes_the_body_needless(wire):
    app = Puppet()
    it = wire(app)
    data = post(b"x" * 500_000)
    left = until_paused(it, data)
    app.begin()
    app.body().result()
    assert it.transport.reading
    it.send(left, get())
    assert len(app.calls) == 2


def test_paused_connection_waits_for_the_app_for_ever(wire):
    app = Puppet()
    it = wire(app)
    left = until_paused(it, post(b"x" * 500_000))
    it.wait(1000)
    assert not it.closed
    app.receive().result()
    assert it.transport.reading and left


# --- writing ---


def test_send_waits_while_the_peer_lags(wire):
    app = Puppet()
    it = wire(app)
    it.transport.room = 1000
    it.send(get())
    app.begin()
    waiting = app.body(b"x" * 5000, more=True)
    assert not waiting.done()
    it.read(2000)
    assert not waiting.done()
    it.read(2000)
    assert not waiting.done()
    it.read()
    assert waiting.result() is None
    assert it.output.count(b"x") == 5000


def test_next_send_after_a_lag_need_not_wait(wire):
    app = Puppet()
    it = wire(app)
    it.transport.room = 1000
    it.send(get())
    app.begin()
    app.body(b"x" * 5000, more=True)
    it.read()
    it.transport.room = None
    assert app.body(b"y", more=True).done()


def test_last_send_does_not_wait(wire):
    """The app is done; what is left in the buffer is ours to watch over."""
    app = Puppet()
    it = wire(app)
    it.transport.room = 1000
    it.send(get())
    app.begin()
    assert app.body(b"x" * 5000).done()
    it.read()
    assert it.output.count(b"x") == 5000
    assert not it.ended


def test_several_sends_wait_and_all_go_on(wire):
    app = Puppet()
    it = wire(app)
    it.transport.room = 0
    it.send(get())
    app.begin()
    waiting = [app.body(letter * 100, more=True) for letter in (b"a", b"b", b"c")]
    assert not any(task.done() for task in waiting)
    it.read()
    assert all(task.result() is None for task in waiting)
    assert it.output.index(b"a" * 100) < it.output.index(b"b" * 100) < it.output.index(b"c" * 100)


def test_cancelled_send_disturbs_no_other_and_its_bytes_stay(wire):
    app = Puppet()
    it = wire(app)
    it.transport.room = 0
    it.send(get())
    app.begin()
    first, second = app.body(b"a" * 100, more=True), app.body(b"b" * 100, more=True)
    it.call(first.cancel)
    assert first.cancelled() and not second.done()
    it.read()
    assert second.result() is None
    app.body(b"").result()
    it.read()
    assert it.output.endswith(b"64\r\n" + b"a" * 100 + b"\r\n64\r\n" + b"b" * 100 + b"\r\n0\r\n\r\n")


def test_peer_that_lags_and_sends_is_still_read(wire):
    """Both directions stand on their own: a duplex app must not be able to block itself."""
    app = Puppet()
    it = wire(app)
    it.transport.room = 0
    it.send(post(b"abcd")[:-4])
    app.begin()
    waiting = app.body(b"x" * 1000, more=True)
    receiving = app.receive()
    it.send(b"ab")
    assert receiving.result()["body"] == b"ab"
    assert not waiting.done()
    it.send(b"cd")
    assert app.receive().result() == {"type": "http.request", "body": b"cd", "more_body": False}


def test_stream_that_never_waits_lets_others_have_their_turn(wire):
    turns = []

    async def app(scope, receive, send):
        async def other():
            while not over:
                turns.append(len(sent))
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        await send({"type": "http.response.start", "status": 200})
        for _ in range(100):
            sent.append(1)
            await send({**MORE, "body": b"x" * 65536})
        over.append(True)
        await task
        await send({**MORE, "more_body": False})

    sent, over = [], []
    it = wire(app).send(get())
    for _ in range(10):
        it.tick()
    assert statuses(it.output) == [200]
    assert len(set(turns)) > 10


# --- on real sockets: the whole way through the kernel ---


def test_large_bodies_go_both_ways_through_a_real_socket(serve):
    body = bytes(range(256)) * 32 * 1024  # 8 MiB
    server = serve(echo, lifespan="off")
    with server.connect() as connection:
        sender = threading.Thread(target=connection.sendall, args=(post(body),))
        sender.start()
        answer = read_response(connection)
        sender.join(PATIENCE)
    assert answer.body == body


def test_real_peer_that_does_not_read_makes_send_wait(serve):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        for _ in range(256):  # 64 MiB, more than any kernel buffers
            sent.append(1)
            await send({**MORE, "body": b"x" * 262_144})
        await send({**MORE, "more_body": False})

    sent = []
    server = serve(app, lifespan="off")
    with server.connect() as connection:
        connection.sendall(get())
        assert connection.recv(1)
        # A lag of one tick and more: the app waits for us.
        counts = []
        server.until(lambda: counts.append(len(sent)) or (len(counts) > 2 and counts[-1] == counts[-2]))
        assert len(sent) < 256
        data = b""
        while not data.endswith(b"\r\n0\r\n\r\n"):
            data = data[-10:] + connection.recv(1 << 20)
        assert len(sent) == 256


