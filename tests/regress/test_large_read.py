"""Found in review: bodies of which one read brings more than is parsed, or kept, at once.

The end of a body in a read of more than 80 KB was taken for an overlong head and followed by a 431.
A chunked body of more than 64 KB in one read was put aside until the answer, for which the app needed it.
"""

import pytest

from tests.support.apps import echo
from tests.support.wire import get, post

BODY = bytes(range(256)) * 800


def chunked(body, size):
    chunks = (body[i:i + size] for i in range(0, len(body), size))
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def test_body_of_known_length_ends_in_a_large_read(wire):
    peer = wire(echo)
    head, body = post(BODY)[:-len(BODY)], BODY
    peer.send(head, body)
    assert peer.take().endswith(b"\r\n\r\n" + BODY)
    peer.send(get())
    assert peer.output.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("size", [1000, 10_000, 204_800])
def test_chunked_body_comes_in_one_large_read(wire, size):
    peer = wire(echo)
    peer.send(chunked(BODY, size) + get())
    first, _, second = peer.output.partition(BODY)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n") and second.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("length", [90_000, 200_000])
def test_early_streamed_answer_to_a_body_that_was_put_aside(wire, length):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"early", "more_body": True})
        await send({"type": "http.response.body"})

    peer = wire(app)
    peer.send(chunked(BODY[:length], 10_000) + get(b"/not-acted-upon"))
    assert peer.output.endswith(b"5\r\nearly\r\n0\r\n\r\n") and peer.output.count(b"HTTP/1.1") == 1
    assert peer.ended
