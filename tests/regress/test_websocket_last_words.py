"""A Pong left behind our Close, a send() that waited was not told that the worker ends, and of two tasks that awaited
one receive() the second hung for ever. Found in a review."""

import pytest

from fastsrv_ext.clock import TICK
from tests.support.frames import BINARY, CLOSE, PING, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept

SHUT_AFTER = 1  # seconds between what the app is told of the worker's end and what its client is


@pytest.fixture
def accepted():
    app = Puppet()
    client = Client(app)
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
    client.read()
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
