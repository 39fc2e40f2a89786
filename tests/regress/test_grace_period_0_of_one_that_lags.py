"""Found by a comparison of two versions: an app that waited in send() for a client that had gone woke up before it was
cancelled, where asgi_disconnect_grace_period = 0 says at once."""

import asyncio

import pytest


@pytest.mark.parametrize("how", ["reset", "abort"])
def test_app_is_cancelled_where_it_waits(wire, how):
    ended = []

    async def app(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
                ended.append("sent")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    it = wire(app, grace=0)
    it.transport.room = 1000
    it.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert ended
    ended.clear()
    it.reset() if how == "reset" else it.call(it.connection.abort)
    assert ended == ["cancelled"]
