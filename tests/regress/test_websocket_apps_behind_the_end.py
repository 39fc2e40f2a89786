"""An app that worked through what a client had left was cancelled if its grace period ended behind the last message;
our Ping, to a client that had ended its side, was answered by a reset that took its messages along; and an app that
waited in receive() for a client that had gone before it was accepted, or behind a whole denial, was never told. Found
by an attack."""

import asyncio
import socket

import pytest

from tests.support.frames import BINARY, PING, TEXT, frame
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close

GRACE, INTERVAL = 3, 2  # seconds
GONE = {"type": "websocket.disconnect", "code": 1006, "reason": ""}


@pytest.fixture
def connect():
    clients = []

    def start(app, *fields):
        clients.append(Client(app, grace=GRACE, ping_interval=INTERVAL))
        return clients[0].ask(*fields)

    yield start
    clients[0].close()


def test_app_that_took_the_last_message_lately_is_at_work(connect):
    app = Puppet()
    client = connect(app)
    accept(app, client)
    client.send(frame(TEXT, b"one") + frame(TEXT, b"two") + close(4000))
    assert app.receive().result()["text"] == "one"
    client.tick(GRACE - 1)
    assert app.receive().result()["text"] == "two"
    client.tick(GRACE - 1)
    assert not app.over.cancelled()
    assert app.receive().result()["code"] == 4000


def test_app_that_takes_nothing_behind_it_is_cancelled(connect):
    app = Puppet()
    client = connect(app)
    accept(app, client)
    client.send(frame(TEXT, b"one") + close(4000))
    assert app.receive().result()["text"] == "one"
    client.wait(2 * GRACE)
    assert app.over.cancelled()


@of_linux
@pytest.mark.parametrize("ended", [True, False])
def test_no_ping_is_sent_to_a_client_that_has_ended_its_side(connect, ended):
    """It has closed its socket, as far as anybody can tell: what comes now it may answer by a reset."""
    app = Puppet()
    client = connect(app)
    accept(app, client)
    client.send(*3 * [frame(BINARY, bytes(40_000))])
    client.leave_unread(b"what the loop has not read")
    assert not client.transport.reading
    if ended:
        client.transport.peer.shutdown(socket.SHUT_WR)
    client.wait(INTERVAL)
    assert client.frames() == ([] if ended else [(PING, b"")])


def test_app_is_told_of_a_client_that_goes_before_it_is_accepted(connect):
    """With a message sent ahead, behind which nothing is read before the app has accepted."""
    app = Puppet()
    client = connect(app)
    app.receive().result()
    waiting = app.receive()
    client.send(frame(TEXT, b"ahead"))
    client.transport.peer.shutdown(socket.SHUT_WR)
    client.wait(3 + GRACE)  # two looks, and the grace period
    assert waiting.result() == GONE
    client.wait(3 * GRACE)
    assert not app.over.cancelled()


@pytest.mark.parametrize("late", [False, True])
def test_app_is_told_behind_a_denial_that_has_its_whole_length(connect, late):
    async def app(scope, receive, send):
        await receive()
        if late:
            await asyncio.sleep(0)
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"content-length", b"3")]})
        await send({"type": "websocket.http.response.body", "body": b"abc", "more_body": True})
        told.append(await receive())
        await asyncio.sleep(3600)  # it is never cancelled, as other requests' are not

    told = []
    client = connect(app)
    assert client.output.endswith(b"\r\n\r\nabc")
    client.wait(GRACE)
    assert told == [GONE]
    client.wait(3 * GRACE)
    assert len(asyncio.all_tasks(client.loop)) == 1
