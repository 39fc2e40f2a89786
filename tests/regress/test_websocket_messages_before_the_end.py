"""A WebSocket's client that ended its side was gone at once: of what it had sent before, the app did not get what was
still to be decoded, and heard 1006 where a Close stood among it. Found by the fault tests' author, reading the code."""

import socket
from contextlib import closing

import pytest

from tests.support.frames import BINARY, frame
from tests.support.linux import of_linux
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close

MANY = 10
MESSAGES = b"".join(frame(BINARY, b"%d" % number) for number in range(MANY))


@pytest.mark.parametrize(("last", "code", "reason"), [(b"", 1006, ""), (close(4000, b"bye"), 4000, "bye")])
def test_app_gets_all_that_came_before_the_end(last, code, reason):
    """A budget of nothing: two messages a turn of the loop, in which all of this comes."""
    app = Puppet()
    with closing(Client(app, budget=0)) as client:
        accept(app, client.ask())

        def come():
            client.transport.receive(MESSAGES + last)
            client.transport.receive(None)

        client.call(come)
        got = [app.receive().result() for _ in range(MANY)]
        assert [event["bytes"] for event in got] == [b"%d" % number for number in range(MANY)]
        assert app.receive().result() == {"type": "websocket.disconnect", "code": code, "reason": reason}
        assert client.ended
        app.over.set_result(None)


LARGE = frame(BINARY, bytes(40_000))


@pytest.fixture
def behind():
    """An app, and its client that has sent more than is read while the app takes none of it, and has gone."""
    app = Puppet()
    with closing(Client(app, grace=3)) as client:
        accept(app, client.ask())
        client.send(*[LARGE] * MANY)
        assert client.transport.incoming, "all was read"
        client.leave_unread(b"what the loop has not read")
        client.transport.peer.shutdown(socket.SHUT_WR)
        client.end()
        yield app, client


def test_end_behind_what_the_app_does_not_take_yet_comes_behind_it(behind):
    """It may take its time, as long as it takes a message now and then."""
    app, client = behind
    for _ in range(MANY):
        client.wait(2)
        assert len(app.receive().result()["bytes"]) == 40_000
    assert app.receive().result()["code"] == 1006
    assert client.ended
    app.over.set_result(None)


@of_linux
def test_app_that_takes_nothing_of_what_is_before_the_end_is_cancelled(behind):
    app, client = behind
    client.wait(2)
    assert not app.over.cancelled()
    client.wait(3)  # a look, and the grace period
    assert app.over.cancelled()


@of_linux
def test_client_that_goes_before_it_is_accepted_has_its_app_cancelled():
    """And has sent more than is read ahead of a request's end."""
    app = Puppet()
    with closing(Client(app, grace=3)) as client:
        client.ask()
        app.receive().result()
        client.send(*[LARGE] * MANY)
        assert client.transport.incoming, "all was read"
        client.leave_unread(b"what the loop has not read")
        client.transport.peer.shutdown(socket.SHUT_WR)
        client.end()
        client.wait(10)
        assert app.over.cancelled()
