"""Found in review: a worker that began to drain dropped the requests that were read behind one in hand."""

import asyncio

from tests.support.wire import get


def test_requests_in_hand_are_answered_when_the_worker_drains(wire):
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": scope["path"].encode()[:1], "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": scope["path"].encode()[1:]})

    peer = wire(app)
    peer.send(get(b"/1") + get(b"/2") + get(b"/3"))
    peer.context.draining = True
    peer.call(go_on.set)
    first, second, third = peer.output.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert (first[-2:], second[-2:], third[-2:]) == (b"/1", b"/2", b"/3")
    assert [b"connection: close" in answer for answer in (first, second, third)] == [False, False, True]
    assert peer.ended
