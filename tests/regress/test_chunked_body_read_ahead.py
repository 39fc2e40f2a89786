"""Origin: a large chunked upload to Starlette never ended, and one that the app left unread crashed the worker.

What was read beyond HIGH_WATER was kept back and, for a chunked body, never parsed while its app was at work;
after an answer that came before the end of the body it was parsed for a request that was gone.
"""

import asyncio

import pytest

from tests.support.apps import echo
from tests.support.wire import HOST

HEAD = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"1000\r\n" + b"y" * 4096 + b"\r\n"


@pytest.mark.parametrize("chunks", [17, 40, 100])
def test_chunked_body_in_one_large_read_comes_whole(wire, chunks):
    peer = wire(echo)
    peer.send(HEAD, CHUNK * chunks, b"0\r\n\r\n", b"GET /next HTTP/1.1\r\n" + HOST + b"\r\n")
    assert peer.output.count(b"y") == 4096 * chunks
    assert peer.output.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert not peer.ended


def test_chunked_body_is_read_ahead_no_further_than_the_app_takes_it(wire):
    go_on = asyncio.Event()
    taken = []

    async def app(scope, receive, send):
        more = True
        while more:
            event = await receive()
            more = event["more_body"]
            taken.append(len(event["body"]))
            await go_on.wait()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    peer = wire(app).send(HEAD + CHUNK, CHUNK * 100)
    assert taken == [4096] and not peer.transport.reading
    peer.call(go_on.set)
    assert sum(taken) == 4096 * 101 and peer.transport.reading
    assert max(taken) < 128 * 1024
    assert b"200 OK" in peer.send(b"0\r\n\r\n").output


@pytest.mark.parametrize("chunks", [17, 18, 19, 20, 40])
def test_stream_that_ends_before_a_large_chunked_body_is_read(wire, chunks):
    answer = asyncio.Event()

    async def app(scope, receive, send):
        await answer.wait()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        await send({"type": "http.response.body"})

    peer = wire(app).send(HEAD + CHUNK, CHUNK * chunks)
    peer.call(answer.set)
    assert peer.output.endswith(b"5\r\npiece\r\n0\r\n\r\n")
    assert peer.ended
