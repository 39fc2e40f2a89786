"""Found in review: a 4xx that was owed got lost when the peer's end came between two turns of the loop; and the 4xx
to HEAD had a body."""

import asyncio

import pytest

from tests.support.answers import statuses
from tests.support.apps import hello
from tests.support.wire import HOST, get


def test_refusal_behind_an_answer_is_not_lost(wire):
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        await go_on.wait()
        await hello(scope, receive, send)

    peer = wire(app)
    peer.send(get() + b"\x00")

    def both():
        go_on.set()
        peer.loop.call_soon(lambda: peer.loop.call_soon(peer.connection.eof_received))

    peer.call(both)
    assert statuses(peer.output) == [200, 400]


@pytest.mark.parametrize("request_", [
    b"HEAD / HTTP/1.1\r\n\r\n",
    b"HEAD / HTTP/1.1\r\n" + HOST + b"Expect: foo\r\n\r\n",
], ids=["400", "417"])
def test_refusal_of_head_has_no_body(wire, request_):
    peer = wire(hello).send(request_)
    assert peer.output.startswith(b"HTTP/1.1 4")
    assert peer.output.endswith(b"\r\n\r\n")
    assert peer.ended


@pytest.mark.parametrize("method", [b"DESCRIBE", b"SETUP", b"SOURCE"])
def test_methods_of_other_protocols_are_refused(wire, method):
    peer = wire(hello).send(method + b" / RTSP/1.0\r\n" + HOST + b"\r\n")
    assert statuses(peer.output) == [400]
