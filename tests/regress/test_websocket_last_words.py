"""A Pong left behind our Close, a send() that waited was not told that the worker ends, an app that learnt of the end
by send() was cut off in its clean-up, of two tasks that awaited one receive() the second hung for ever, and a client
that ended its side behind more than is thrown away got a reset. Found in reviews."""

import socket

import pytest

from fastsrv_ext.clock import TICK
from tests.support.frames import BINARY, CLOSE, PING, frame
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close

GRACE = 3
LIMIT_DRAIN = 1000
SHUT_AFTER = 1  # seconds between what the app is told of the worker's end and what its client is


@pytest.fixture
def accepted():
    app = Puppet()
    client = Client(app, grace=GRACE, limit_drain=LIMIT_DRAIN)
    client.ask()
    accept(app, client)
    yield app, client
    client.close()


def lag(app, client):
    client.transport.room = 10
    app.send({"type": "websocket.send", "bytes": bytes(100)})  # leaves when the turn is over


def test_no_pong_leaves_behind_our_close(accepted):
    app, client = accepted
    lag(app, client)
    client.send(frame(PING, b"there?"))
    app.send({"type": "websocket.close"}).result()
    client.read().read()
    assert client.frames() == [(BINARY, bytes(100)), (CLOSE, b"\x03\xe8")]


def test_send_that_waits_hears_of_the_workers_end(accepted):
    app, client = accepted
    lag(app, client)
    sending = app.send({"type": "websocket.send", "bytes": b"more"})
    client.tick()
    connection = client.transport.protocol
    client.call(connection.shut, 0)
    assert app.receive().result()["code"] == 1012 and not sending.done()
    client.tick(SHUT_AFTER + TICK)
    client.call(connection.shut, 0)
    assert isinstance(sending.exception(), OSError)
    client.read()
    assert client.frames()[-1] == (CLOSE, b"\x03\xf4")


def test_second_task_that_awaits_one_receive_gets_an_error(accepted):
    app, client = accepted
    receiving = app.app_receive()

    async def wait():
        return await receiving

    first, second = app.start(wait()), app.start(wait())
    with pytest.raises(RuntimeError, match="by one task alone"):
        second.result()
    client.send(frame(BINARY, b"here"))
    assert first.result()["bytes"] == b"here"


@pytest.mark.parametrize("learns", [True, False])
def test_app_that_learns_of_the_end_by_send_may_clean_up(accepted, learns):
    """One that asks for nothing does not learn of it."""
    app, client = accepted
    lag(app, client)
    sending = app.send({"type": "websocket.send", "bytes": b"more"}) if learns else None
    client.reset()
    assert not learns or isinstance(sending.exception(), OSError)
    client.wait(3 * GRACE)
    assert app.over.cancelled() is not learns


@of_linux
def test_client_that_ends_its_side_behind_more_than_is_thrown_away_gets_no_reset(accepted):
    _, client = accepted
    client.send(close(1000), bytes(2 * LIMIT_DRAIN))
    assert client.ended and not client.transport.reading
    client.leave_unread(b"the last")
    client.transport.peer.shutdown(socket.SHUT_WR)
    client.wait(1)
    assert client.transport.reading
    client.send(b"the last").end()
    assert client.closed and not client.transport.aborted
