"""A client that read all the time, and sent something now and then, lost what it had not read yet by a reset: the
limits of an end counted from when our kernel had taken the last byte. Found by an attack."""

import pytest

from tests.support.frames import TEXT, frame
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.support.wire import get, post
from tests.websocket.client import Client, accept

CLOSING, DRAIN, CLOSE = 3, 2, 2  # seconds
PIECE = bytes(1000)
PIECES = 50  # in our kernel


def of_a_websocket():
    app = Puppet()
    it = Client(app, closing=CLOSING, drain=DRAIN, close=CLOSE, min_rate=100)
    it.ask()
    accept(app, it)
    fill(it)
    app.send({"type": "websocket.close"}).result()
    return it, frame(TEXT, b"still here")


def of_http():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body"})

    it = Client(app, drain=DRAIN, close=CLOSE, min_rate=100)
    fill(it)
    return it.send(get()), b"still here"


def fill(it):
    """Our kernel."""
    for _ in range(PIECES):
        it.transport.extra["socket"].send(PIECE)


@pytest.fixture(params=[of_a_websocket, of_http])
def ending(request):
    it, word = request.param()
    yield it, word
    it.close()


@of_linux
def test_it_is_not_closed_upon(ending):
    it, word = ending
    for _ in range(PIECES):
        it.tick(1)
        it.transport.peer.recv(len(PIECE))
        it.send(word)
        assert not it.closed
    it.wait(CLOSING + DRAIN + CLOSE)
    assert it.closed


@of_linux
def test_what_was_left_of_an_answer_before_counts_for_nothing():
    """The answer before came early, and waited for the rest of its request."""
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    it = Client(app, drain=DRAIN, close=CLOSE, min_rate=100)
    it.transport.extra["socket"].send(PIECE)
    it.send(post(bytes(2000))[:-1000])
    it.tick(DRAIN + 1)  # one expiry
    it.transport.peer.recv(len(PIECE))
    fill(it)
    it.send(bytes(1000) + post(bytes(2000))[:-1000])
    for _ in range(PIECES // 10):
        it.tick(DRAIN)
        for _ in range(10):
            it.transport.peer.recv(len(PIECE))
        assert not it.closed and not it.ended
    it.close()


def test_one_that_reads_nothing_is(ending):
    it, _ = ending
    it.wait(2 * (CLOSING + DRAIN + CLOSE))
    assert it.closed
