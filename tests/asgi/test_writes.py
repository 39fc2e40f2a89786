"""How many writes a response takes: what an app sends without a wait leaves together, and no later than this turn."""

import asyncio

import pytest

from tests.support.wire import get

LARGE = b"x" * 20_000  # not copied


def streaming(pieces, *, waits):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if waits:
                await asyncio.sleep(0)
        await app.gate.wait()
        await send({"type": "http.response.body"})

    app.gate = asyncio.Event()
    return app


@pytest.mark.parametrize("pieces", [[LARGE] * 5, [LARGE, b"small", LARGE], [LARGE, b"small"]])
def test_what_is_sent_without_a_wait_leaves_in_one_write(wire, pieces):
    app = streaming(pieces, waits=False)
    it = wire(app).send(get())
    assert len(it.writes) == 1
    assert b"".join(pieces) == dechunked(it)
    it.call(app.gate.set)
    assert it.output.endswith(b"\r\n0\r\n\r\n")


def test_what_is_sent_before_a_wait_does_not_wait(wire):
    app = streaming([LARGE] * 5, waits=True)
    it = wire(app).send(get())
    assert len(it.writes) == 5
    it.call(app.gate.set)


def test_a_long_stream_leaves_in_pieces(wire):
    app = streaming([LARGE] * 100, waits=False)
    it = wire(app).send(get())
    assert max(map(len, it.writes)) < 300_000
    assert dechunked(it) == LARGE * 100
    it.call(app.gate.set)


def dechunked(it):
    """What has come of a chunked body that goes on."""
    rest, body = it.output.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[:int(size, 16)]
        rest = rest[int(size, 16) + 2:]
    return body
