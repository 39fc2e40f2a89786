"""Found by a review: the limit of a body that passed in the turn in which another task had written a large part of the
answer, to HTTP/1.0 and until our close, let that part out behind a request that was forgotten already."""

import asyncio


def test_answer_is_cut_off(wire):
    sends = []

    async def app(scope, receive, send):
        sends.append(send)

        async def take():
            while (await receive())["type"] != "http.disconnect":
                pass

        taking = asyncio.ensure_future(take())
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await taking

    it = wire(app, body=10)
    it.send(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
    it.transport.room = 0

    def tick():
        for _ in range(44):
            it.clock.advance()
        sends[0]({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        it.clock.judge()

    it.call(tick)
    assert it.closed
    assert not it.errors
