"""Where two conditions meet on a connection: a peer that lags behind what is written, and an app that waits for a body,
a peer that is not listened to, or an answer that came before the request's body."""

import asyncio
import socket

import pytest

from tests.support.answers import statuses
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.support.wire import get, post

LARGE = 200_000  # bytes of a body: more than is read ahead, so reading pauses
GRACE = 3


def lagging(connect, request, **settings):
    """A peer that has not read the beginning of an answer to `request`: the app, the wire, and the app's send()."""
    app = Puppet()
    it = connect(app, **settings)
    it.transport.room = 0
    it.send(request)
    app.begin()
    return app, it, app.body(b"y" * 5000, more=True)


# --- and an app that waits for a body ---


def test_body_has_its_time_when_the_peer_has_caught_up(limited):
    app, it, sending = lagging(limited, post(b"x" * 10)[:-5], body=10)
    assert app.receive().result()["body"] == b"x" * 5
    receiving = app.receive()
    it.tick(100)
    assert not it.closed and not receiving.done()  # while it lags its body is not waited for
    it.read()
    assert sending.result() is None
    it.tick(10)
    assert not it.ended and not receiving.done()
    it.wait(0)
    assert receiving.result() == {"type": "http.disconnect"}
    assert it.ended


def test_body_that_comes_when_the_peer_has_caught_up_is_in_time(limited):
    app, it, _ = lagging(limited, post(b"x" * 10)[:-5], body=10, min_rate=100)
    app.receive().result()
    receiving = app.receive()
    it.tick(100)  # does not count for fastsrv_min_rate
    it.read().tick(9)
    it.send(b"x" * 5)
    assert receiving.result() == {"type": "http.request", "body": b"x" * 5, "more_body": False}
    app.body().result()
    it.tick(900)  # of the 1000 seconds of keepalive
    assert not it.ended


def test_body_that_comes_while_the_peer_lags_reaches_the_app(limited):
    app, it, sending = lagging(limited, post(b"x" * 10)[:-5], body=10)
    app.receive().result()
    receiving = app.receive()
    it.send(b"x" * 5)
    assert receiving.result() == {"type": "http.request", "body": b"x" * 5, "more_body": False}
    it.read().tick(100)
    assert sending.result() is None and not it.ended


def test_body_that_nobody_waits_for_any_more_has_no_limit_when_the_peer_has_caught_up(limited):
    app, it, _ = lagging(limited, post(b"x" * 10)[:-5], body=10)
    app.receive().result()
    receiving = app.receive()
    it.call(receiving.cancel)
    it.read().tick(100)
    assert not it.ended
    it.send(b"x" * 5)
    assert app.receive().result()["body"] == b"x" * 5


def test_peer_that_lags_again_has_the_rest_of_its_time_for_the_body(limited):
    """Or who lags now and then would be waited for for ever."""
    app, it, _ = lagging(limited, post(b"x" * 10)[:-5], body=10, min_rate=0.1)
    app.receive().result()
    receiving = app.receive()
    it.read().tick(9)
    app.body(b"y" * 5000, more=True)
    it.tick(100)
    it.read()
    assert not it.ended and not receiving.done()
    it.wait(1)
    assert it.ended


def test_send_limit_holds_while_the_app_waits_for_a_body(limited):
    app, it, sending = lagging(limited, post(b"x" * 10)[:-5], send=10)
    app.receive().result()
    receiving = app.receive()
    it.tick(10)
    assert not it.closed
    it.wait(10)
    assert it.closed and not it.ended
    assert receiving.result() == {"type": "http.disconnect"}
    assert sending.done()


# --- and an app that goes on writing ---


@pytest.mark.parametrize("size", [100, 30_000])
def test_what_is_written_meanwhile_does_not_hide_what_was_read(limited, size):
    """In pieces that are copied, or not."""
    app, it, _ = lagging(limited, get(), send=10, min_rate=100)
    for _ in range(10):
        app.body(b"x" * size, more=True)
        it.tick(1)
        it.read(110)
    it.wait(0)
    assert not it.closed


# --- and a peer that is not listened to ---


@of_linux
@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("lag", [0, 0.5, 2, 30])
def test_peer_that_has_lagged_is_still_looked_for(limited, unix, lag):
    """One that is not listened to, as the app has a body to take, and that goes when it has caught up."""
    class Sleeper(Puppet):
        async def __call__(self, *args):
            try:
                await super().__call__(*args)
            except asyncio.CancelledError:
                cancelled.append(self)
                raise

    cancelled = []
    app = Sleeper()
    it = limited(app, unix=unix, grace=GRACE)
    it.transport.room = 0
    it.send(post(b"x" * LARGE)[:-10])
    app.begin()
    sending = app.body(b"y" * 5000, more=True)
    assert not it.transport.reading
    it.tick(lag)
    it.read()
    assert sending.done() and not it.transport.reading
    it.leave_unread(b"x" * 10)
    if unix:
        it.transport.peer.close()
    else:  # all that TCP tells
        it.transport.peer.shutdown(socket.SHUT_WR)
    it.tick(2 * GRACE)
    assert not cancelled
    it.wait(3)
    assert cancelled and it.context.counters.count("in_flight") == 0


# --- and an answer that came before the request's body ---


@pytest.mark.parametrize("after", ["before it has caught up", "behind"])
def test_request_behind_an_early_answered_one_is_served_when_the_peer_has_caught_up(limited, after):
    app, it, _ = lagging(limited, post(b"x" * 10)[:-5])
    app.body().result()
    if after == "behind":
        it.read()
    it.send(b"x" * 5 + get())
    if after != "behind":
        assert len(app.calls) == 1
        it.read()
    assert len(app.calls) == 2
    it.transport.room = None
    app.begin()
    app.body(b"second").result()
    assert statuses(it.output) == [200, 200] and it.output.endswith(b"second")


def test_rest_of_an_early_answered_body_has_its_time_when_the_peer_has_caught_up(limited):
    app, it, _ = lagging(limited, post(b"x" * 10)[:-5], drain=5)
    app.body().result()
    it.tick(100)
    assert not it.closed
    it.read().tick(5)
    assert not it.ended
    it.wait(0)
    assert it.ended


def test_early_answered_bodies_on_one_connection_do_not_add_up(limited):
    """Each of them is thrown away within the bound of 1 MiB."""
    app = Puppet()
    it = limited(app)
    for number in range(1, 9):
        body = b"x" * 300_000
        it.send(post(body)[:-len(body)])
        assert len(app.calls) == number
        app.begin()
        app.body(b"early").result()
        for start in range(0, len(body), 50_000):
            it.send(body[start:start + 50_000])
    it.send(get())
    app.begin()
    app.body(b"late").result()
    assert statuses(it.output) == [200] * 9 and not it.ended
