"""Found in review: a peer that half-closed lost what it was owed.

A complete answer that it was still reading fell under the close timeout, which progress does not extend; and
of the requests that it had pipelined only the one in hand was answered.
"""

import asyncio

from tests.support.wire import get

LARGE = b"x" * 100_000


def test_half_closed_peer_reads_its_answer_at_its_own_pace(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": LARGE})

    peer = wire(app, send=10, close=5, drain=5, min_rate=100)
    peer.transport.room = 0
    peer.send(get()).end()
    while len(peer.output) < len(LARGE):
        peer.wait(5).read(5000)
        assert not peer.transport.aborted
    peer.read()
    assert peer.output.endswith(LARGE) and peer.ended


def test_half_closed_peer_that_reads_nothing_is_dropped(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": LARGE})

    peer = wire(app, send=10)
    peer.transport.room = 0
    peer.send(get()).end().wait(9.5)
    assert not peer.closed
    peer.wait(0.5)
    assert peer.closed


def test_everything_pipelined_before_a_half_close_is_answered(wire):
    gate = asyncio.Event()

    async def app(scope, receive, send):
        await gate.wait()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["raw_path"]})

    peer = wire(app)
    peer.send(get(b"/one") + get(b"/two") + get(b"/three") + b"GET /cut").end().call(gate.set)
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in peer.output.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"/one", b"/two", b"/three"]
    assert peer.output.count(b"connection: close") == 1 and peer.closed and peer.ended


def test_refusal_behind_pipelined_requests_reaches_a_half_closed_peer(wire):
    gate = asyncio.Event()

    async def app(scope, receive, send):
        await gate.wait()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": scope["raw_path"]})

    peer = wire(app)
    peer.send(get(b"/one") + b"\x00").end().call(gate.set)
    assert b"/oneHTTP/1.1 400 Bad Request\r\n" in peer.output and peer.ended
