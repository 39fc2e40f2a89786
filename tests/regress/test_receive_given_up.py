"""Found in review: a receive() that was cancelled left the body's deadline behind, and an app at work was closed."""

import asyncio

from tests.support.wire import get

HEAD = b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 5\r\n\r\n"


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})


def test_app_that_gave_up_a_receive_has_no_deadline(wire):
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        waiting = asyncio.ensure_future(receive())
        await asyncio.wait({waiting}, timeout=0)
        waiting.cancel()
        await go_on.wait()
        await answer(send, b"done")

    peer = wire(app, body=10)
    peer.send(HEAD).wait(100)
    assert not peer.output and not peer.ended
    peer.call(go_on.set)
    assert peer.output.startswith(b"HTTP/1.1 200 OK\r\n") and peer.output.endswith(b"done")


def test_receive_beside_one_that_was_given_up_keeps_the_deadline(wire):
    async def app(scope, receive, send):
        one, other = asyncio.ensure_future(receive()), asyncio.ensure_future(receive())
        await asyncio.wait({one, other}, timeout=0)
        one.cancel()
        assert (await other)["type"] == "http.disconnect"

    peer = wire(app, body=10)
    peer.send(HEAD).wait(10)
    assert peer.output.startswith(b"HTTP/1.1 408 ") and peer.ended


def test_body_is_whole_after_a_receive_was_given_up(wire):
    async def app(scope, receive, send):
        waiting = asyncio.ensure_future(receive())
        await asyncio.wait({waiting}, timeout=0)
        waiting.cancel()
        event = await receive()
        await answer(send, event["body"])

    peer = wire(app, body=10)
    peer.send(HEAD).wait(8).send(b"hello", get())
    assert peer.output.count(b"HTTP/1.1 200 OK\r\n") == 1 and peer.output.endswith(b"\r\n\r\nhello")
