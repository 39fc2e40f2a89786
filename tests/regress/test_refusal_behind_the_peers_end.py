"""Found by a review: a refusal behind the peer's end waited fastsrv_drain_timeout for an end that had come."""

import pytest

from fastsrv_ext.http.refusal import BadRequest
from fastsrv_ext.http1.protocol import HTTP1
from tests.support.answers import statuses
from tests.support.puppet import Puppet
from tests.support.wire import Transport, get, post

FORWARDED = b"X-Forwarded-For: 192.0.2.1"
LAST = pytest.mark.parametrize("last", [
    get(b"/", FORWARDED), get(b"/", FORWARDED, b"Connection: close"), post(b"body", FORWARDED),
    post(b"body", FORWARDED)[:-1],
], ids=["get", "close", "body", "half a body"])


def refuse(scope, underscored):
    raise BadRequest(400, "no proxy may say so", "forwarded")


def answer(app):
    app.begin()
    app.body(b"a").result()


def answer_and_let_another_in(it, app, other):
    """The first request's place is free for a moment, and another connection takes it."""
    first = app.calls[0]

    async def both():
        await first.app_send({"type": "http.response.start", "status": 200})
        await first.app_send({"type": "http.response.body", "body": b"a"})
        other.receive(get())

    first.start(both()).result()


@LAST
def test_503_is_the_last_word(wire, last):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get() + last).end()
    connection = HTTP1(it.context)
    other = Transport(it.loop, connection)
    try:
        it.call(connection.connection_made, other)
        answer_and_let_another_in(it, app, other)
        assert statuses(it.output) == [200, 503]
        assert it.closed and it.ended
    finally:
        other.peer.close()
        other.extra["socket"].close()


@LAST
def test_400_is_the_last_word(wire, last):
    app = Puppet()
    it = wire(app, forwarded=refuse).send(get() + last).end()
    answer(app)
    assert statuses(it.output) == [200, 400]
    assert it.closed and it.ended


def test_refusal_that_the_peer_has_to_read_leaves_first(wire):
    app = Puppet()
    it = wire(app, forwarded=refuse).send(get() + get(b"/", FORWARDED)).end()
    it.transport.room = 10
    app.begin()
    app.body(b"a")
    assert not it.closed
    it.read()
    assert not it.closed
    it.read()
    assert statuses(it.output) == [200, 400]
    assert it.closed and it.ended


@pytest.mark.parametrize("last", [post(b"body", FORWARDED)[:-1], get(b"/", FORWARDED)], ids=["half a body", "get"])
def test_peer_whose_end_has_not_come_is_waited_for(wire, last):
    app = Puppet()
    it = wire(app, forwarded=refuse).send(get() + last)
    answer(app)
    assert statuses(it.output) == [200, 400]
    assert it.ended and not it.closed
    it.send(b"x").end()
    assert it.closed


def test_peer_that_has_said_that_no_request_follows_is_not_waited_for(wire):
    """As after any other answer."""
    it = wire(Puppet(), forwarded=refuse).send(get(b"/", FORWARDED, b"Connection: close"))
    assert statuses(it.output) == [400]
    assert it.closed and it.ended
