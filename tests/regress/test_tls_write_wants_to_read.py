"""A write that OpenSSL put off until it has read more (TLS 1.2 within another handshake) was taken for a failure: the
connection ended within its answer. Found in review.

Python's ssl cannot ask for another handshake, so what it wraps is stood in front of: it puts writes off when it is told
to, and does all else itself.
"""

import ssl

import pytest

from tests.support.answers import take_apart
from tests.support.puppet import Puppet
from tests.support.tls import server_context
from tests.support.wire import get
from tests.unit.test_tls import Peer

BODY = b"x" * 300_000  # bytes: more than is kept back to leave in one write


class Reluctant:
    """An SSLObject whose writes raise `wants` while it is set."""

    wants = None

    def __init__(self, within):
        self.within = within

    def __getattr__(self, name):
        if name == "_sslobj":
            raise AttributeError(name)  # or tls.pyx would go past this one
        return getattr(self.within, name)

    def write(self, data):
        if self.wants is not None:
            raise self.wants
        return self.within.write(data)


class Server:
    """What TLS takes for an ssl.SSLContext."""

    def wrap_bio(self, incoming, outgoing, server_side):
        self.tls = Reluctant(server_context().wrap_bio(incoming, outgoing, server_side=server_side))
        return self.tls


@pytest.fixture(params=[ssl.SSLWantReadError, ssl.SSLWantWriteError])
def asked(request):
    """(app, peer, tls): an app that has been asked, and whose answer is put off."""
    app, server = Puppet(), Server()
    peer = Peer(app, server=server, send=10, keepalive=1)
    peer.say(get())
    server.tls.wants = request.param
    yield app, peer, server.tls
    assert not peer.failures
    peer.close()


def go_on(peer, tls):
    """More comes, and the write need not wait any longer."""
    tls.wants = None
    peer.say(b"GET /next HTTP/1.1\r\n")
    peer.listen()


def test_answer_is_whole_when_more_has_come(asked):
    app, peer, tls = asked
    app.begin()
    app.body(BODY).result()
    assert peer.heard == b""
    go_on(peer, tls)
    assert take_apart(peer.heard).body == BODY and not peer.ended


def wait_and_end(asked, waiting):
    """Two bodies of three are sent, the first ones, and their send() waits until TLS goes on."""
    app, peer, tls = asked
    assert not any(task.done() for task in waiting)
    go_on(peer, tls)
    assert all(task.done() and task.exception() is None for task in waiting)
    app.body(BODY).result()
    peer.listen()
    assert take_apart(peer.heard).body == BODY + BODY.upper() + BODY


def test_app_waits_meanwhile_and_pieces_stay_in_order(asked):
    app, peer, _ = asked
    app.begin(headers=[(b"content-length", b"%d" % (3 * len(BODY)))])
    waiting = [app.body(BODY, more=True), app.body(BODY.upper(), more=True)]
    peer.call(lambda: None)
    wait_and_end(asked, waiting)


def test_app_waits_though_what_was_written_before_has_left(asked):
    app, peer, tls = asked
    wants, tls.wants = tls.wants, None
    peer.transport.room = 0
    app.begin(headers=[(b"content-length", b"%d" % (3 * len(BODY)))])
    waiting = [app.body(BODY, more=True)]
    tls.wants = wants
    waiting.append(app.body(BODY.upper(), more=True))
    peer.transport.room = None
    peer.read()
    wait_and_end(asked, waiting)


def test_peer_of_whom_nothing_more_comes_is_reset_at_its_limit(asked):
    app, peer, _ = asked
    app.begin()
    app.body(BODY)
    peer.wait(8)
    assert not peer.closed
    peer.wait(2)
    assert peer.closed


def test_connection_that_is_lost_meanwhile_leaves_nothing(asked):
    app, peer, _ = asked
    app.begin()
    waiting = app.body(BODY, more=True)
    peer.reset()
    assert waiting.result() is None and peer.closed
