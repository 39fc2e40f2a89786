"""A stream whose source was ready in each turn of the loop sent to a client that had gone without ever giving way, and
could not be cancelled by anyio, which passes over tasks whose wait is over. Others were cancelled in their send(), not
in their source, which was then closed by the garbage collector alone. Found with Starlette and aiohttp."""

import asyncio
import time

import anyio
import pytest

from tests.support.wire import get

PIECES = 1024


def begun(app, wire):
    """Of an app that goes on when its client has gone."""
    gone = asyncio.Event()

    async def begins(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await gone.wait()
        await app(lambda: send({"type": "http.response.body", "body": b"x" * 64 * 1024, "more_body": True}))

    peer = wire(begins, turns=4 * PIECES).send(get())
    peer.reset()
    peer.call(gone.set)


def test_it_gives_way_whatever_it_waits_for_besides(wire):
    async def app(send_piece):
        for _ in range(PIECES):
            await asyncio.sleep(0)
            in_next_turn = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(in_next_turn.set_result, None)
            await send_piece()
            gave_way.append(in_next_turn.done())

    gave_way = []
    begun(app, wire)
    assert len(gave_way) == PIECES
    assert sum(gave_way) >= 3


@pytest.mark.parametrize(("waits", "where"), [(True, "source"), (False, "send")])
def test_it_is_cancelled_in_its_source_unless_that_never_waits(wire, waits, where):
    async def source():
        nonlocal at
        at = "source"
        if waits:
            await asyncio.Event().wait()
        at = "send"

    async def app(send_piece):
        with anyio.CancelScope() as scope:
            scope.cancel()
            for _ in range(10):
                time.sleep(0.002)  # its part of a turn is used up
                await send_piece()
                await source()
        cancelled.append(at)

    at, cancelled = "send", []
    begun(app, wire)
    assert cancelled == [where]
