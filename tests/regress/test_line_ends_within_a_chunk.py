"""Found by a review: data of a chunk with empty lines in it went to the parser, and was kept, in pieces of four bytes:
300 times the time, and a dozen times the memory. Other small pieces, and bodies that wait their turn, were not counted
either."""

import pytest

from tests.support.apps import Recorder
from tests.support.memory import GOES, blocks_kept
from tests.support.puppet import Puppet
from tests.support.wire import HOST, get, post

HEAD = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
SIZE = 60_000


@pytest.mark.parametrize("line", [b"\r\n\r\n", b"0\r\n\r\n", b"\r\n", b"\r", b"a\r\n\r\n"])
def test_data_of_a_chunk_is_kept_in_few_pieces(wire, line):
    data = line * (SIZE // len(line))
    busy = [wire(Puppet()).send(get()) for _ in range(GOES)]  # what comes next waits
    request = HEAD + b"%x\r\n" % len(data) + data
    turns = iter(busy)
    assert blocks_kept(lambda: next(turns).send(request)) < 500


@pytest.mark.parametrize("line", [b"\r\n\r\n", b"0\r\n\r\n", b"\r\n0\r\n\r\n", b"\r\n5\r\n"])
def test_data_that_looks_like_the_end_of_a_body_is_data(wire, line):
    bodies = []

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        bodies.append(body)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    sent = HEAD + b"".join(b"%x\r\n%b\r\n" % (len(line) * n, line * n) for n in (1, 3)) + b"0\r\n\r\n"
    for cut in range(1, len(sent)):
        wire(app).send(sent[:cut], sent[cut:] + get(b"/next"))
        assert bodies[-2:] == [line * 4, b""]


def test_small_pieces_pause_reading(wire):
    it = wire(Puppet()).send(HEAD + b"1\r\nx\r\n" * 100)
    assert it.transport.reading
    for _ in range(20):
        it.send(b"1\r\nx\r\n" * 100)
    assert not it.transport.reading


def test_bodies_that_wait_their_turn_pause_reading(wire):
    it = wire(Puppet()).send(get(), post(b"x" * 50_000))
    assert it.transport.reading
    it.send(post(b"x" * 50_000))
    assert not it.transport.reading


def test_reading_goes_on_when_their_turn_comes(wire):
    app = Recorder()
    wire(app).send((post(b"x" * 50_000) + get()) * 5)
    assert len(app.scopes) == 10
