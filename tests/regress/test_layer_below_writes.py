"""Found in review: a TLS layer that wrote by itself (an alert, when a client of TLS 1.2 asks for another handshake) to
a peer that lagged had parts of an answer reordered, or answers kept without a bound.

The plain transport stands for the layer here: it calls pause_writing() when it is written to, whoever does it.
"""

import asyncio

from tests.support.wire import get, post

LARGE = 100_000
OWN = b"<alert>"  # what the layer says


def test_what_is_kept_back_leaves_before_what_is_sent_to_a_peer_that_lags(wire):
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        async def rest():
            await send({"type": "http.response.body", "body": b"b" * LARGE})

        await go_on.wait()
        asyncio.get_running_loop().call_soon(peer.transport.write, OWN)
        later = asyncio.ensure_future(rest())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"200000")]})
        await send({"type": "http.response.body", "body": b"a" * LARGE, "more_body": True})
        await later

    peer = wire(app)
    peer.transport.room = 0
    peer.send(get()).call(go_on.set)
    peer.read()
    assert peer.output.startswith(OWN + b"HTTP/1.1 200 OK\r\n")
    assert peer.output.endswith(b"\r\n\r\n" + b"a" * LARGE + b"b" * LARGE)


def test_peer_that_lags_while_its_body_is_read_for_nothing_is_waited_for(wire):
    sent = 0

    async def app(scope, receive, send):
        nonlocal sent
        await send({"type": "http.response.start", "status": 200})
        if scope["path"] == "/upload":
            await send({"type": "http.response.body", "body": b"early"})
            return
        while sent < 100 * LARGE:
            await send({"type": "http.response.body", "body": b"x" * LARGE, "more_body": True})
            sent += LARGE

    peer = wire(app, send=10)
    upload = post(b"12345", path=b"/upload")
    peer.send(upload[:-5])
    assert peer.output.endswith(b"early") and not peer.ended
    peer.transport.room = 0
    peer.call(peer.transport.write, OWN)
    peer.send(b"12345" + get(b"/stream"))
    assert sent <= 4 * LARGE
    peer.wait(10)
    assert peer.closed


def test_peer_that_caught_up_after_its_body_was_read_for_nothing_is_served(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["raw_path"]})

    peer = wire(app)
    upload = post(b"12345", path=b"/upload")
    peer.send(upload[:-5])
    peer.transport.room = 0
    peer.call(peer.transport.write, OWN)
    peer.send(b"12345" + get(b"/next"))
    peer.transport.room = None
    peer.read()
    assert peer.output.count(b"HTTP/1.1 200 OK\r\n") == 2 and peer.output.endswith(b"/next")
    assert not peer.ended
