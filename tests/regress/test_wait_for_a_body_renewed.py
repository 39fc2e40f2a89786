"""An app that asked for the body with a timeout, time and again, never met fastsrv_body_timeout: each receive() began
the wait anew. So did a peer that lagged behind what the app sent meanwhile. Found in review."""

import asyncio

import pytest

from tests.support.answers import statuses
from tests.support.puppet import Puppet
from tests.support.wire import post

BODY = 10  # seconds


def begun(wire, **settings):
    app = Puppet()
    peer = wire(app, body=BODY, min_rate=0.001, **settings).send(post(b"12345")[:-5])
    return app, peer


def poll(app, peer, seconds):
    """receive(), given up after so long; or its event."""
    waiting = app.receive()
    peer.tick(seconds)
    if not waiting.done():
        peer.call(waiting.cancel)
        return None
    return waiting.result()


def test_receive_that_is_polled_meets_the_limit(wire):
    app, peer = begun(wire)
    for _ in range(BODY):
        assert poll(app, peer, 1) is None
        assert peer.output == b""
    for _ in range(3):
        poll(app, peer, 1)
    assert poll(app, peer, 1) == {"type": "http.disconnect"}
    assert statuses(peer.output) == [408] and peer.ended


@pytest.mark.parametrize("each", [0.25, 3, 9])
def test_limit_is_met_in_time_however_long_each_wait_is(wire, each):
    app, peer = begun(wire)
    waited = 0
    while waited < BODY - each:
        assert poll(app, peer, each) is None
        waited += each
    assert peer.output == b""
    app.receive()
    peer.wait(BODY - waited)
    assert statuses(peer.output) == [408]


def test_each_piece_begins_the_wait_anew(wire):
    app, peer = begun(wire)
    for byte in b"1234":
        for _ in range(BODY - 1):
            assert poll(app, peer, 1) is None
        peer.send(bytes((byte,)))
        assert poll(app, peer, 1)["body"] == bytes((byte,))
    assert peer.output == b""


def test_piece_that_nobody_waited_for_does_so_too(wire):
    app, peer = begun(wire)
    for byte in b"1234":
        for _ in range(BODY - 1):
            assert poll(app, peer, 1) is None
        peer.send(bytes((byte,)))
        assert app.receive().result()["body"] == bytes((byte,))
    assert peer.output == b""


def test_time_in_which_nobody_waits_does_not_count(wire):
    app, peer = begun(wire)
    for _ in range(BODY - 1):
        assert poll(app, peer, 1) is None
        peer.tick(100)
    assert peer.output == b""


def test_peer_that_lags_meanwhile_meets_the_limit(wire):
    app, peer = begun(wire)
    app.begin()
    app.body(b"x", more=True)
    peer.transport.room = 0
    app.receive()
    for _ in range(BODY - 1):
        peer.tick(1)
        app.body(b"x", more=True)
        assert peer.transport.paused
        peer.read()
        assert not peer.ended
    peer.wait(1)
    assert peer.ended


def test_others_that_wait_meet_theirs_in_their_order(serve):
    """A wait that is taken up again has its place among those that began before it."""
    disconnected = []

    async def app(scope, receive, send):
        event, times = None, 0
        while event is None or (event["type"] == "http.request" and times < 1000):
            times += 1
            try:
                if scope["path"] == "/polls":
                    event = await asyncio.wait_for(receive(), 0.05)
                else:
                    event = await receive()
            except asyncio.TimeoutError:
                pass
        disconnected.append(event["type"])

    server = serve(app, body_timeout=1, lifespan="off", min_rate=0.001)
    peers = [server.connect() for _ in range(4)]
    try:
        for number, peer in enumerate(peers):
            peer.sendall(post(b"x", path=b"/polls" if number % 2 else b"/waits")[:-1])
        for peer in peers:
            assert peer.recv(1000).startswith(b"HTTP/1.1 408 ")
        server.until(lambda: len(disconnected) == 4)
    finally:
        for peer in peers:
            peer.close()
    assert disconnected == ["http.disconnect"] * 4
