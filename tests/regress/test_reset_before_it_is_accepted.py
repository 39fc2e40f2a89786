"""Found in review: a TCP client that reset its connection while it waited to be accepted had no address any more, was
taken for the peer of a UNIX socket, and so believed as a proxy: its request reached the app, client and all as it said.
"""

import socket
import struct
import threading

import pytest

from fastsrv_ext.wire.tls import TLS
from tests.support.apps import Recorder, hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE
from tests.support.tls import server_context
from tests.support.wire import get

FORGED = get(b"/forged", b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-Proto: https")
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() resets


def lost_alone(counters):
    ended = counters.snapshot()["connections"]
    return ended["lost"] == 1 and sum(ended.values()) == 1


@pytest.mark.parametrize("data", [[], [FORGED], [FORGED[:20], FORGED[20:]], [b"no request\r\n\r\n"],
                                  [bytes(1 << 20)] * 3, [FORGED, None]])
def test_nothing_is_acted_upon_that_comes_from_nobody(wire, data):
    """The loop may hand over what it finds before it tells that the connection is lost. None: an end."""
    app = Recorder(hello)
    it = wire(app, peerless=True, connect=False)

    def play():
        it.connection.connection_made(it.transport)
        for piece in data:
            if piece is None:
                assert not it.connection.eof_received()
            else:
                it.connection.data_received(piece)

    it.call(play)
    assert it.transport.aborted and it.closed and it.output == b""
    assert app.scopes == []
    assert lost_alone(it.context.counters) and it.context.counters.snapshot()["refused"] == {}
    assert it.context.connections == 0 and not any(it.clock.census().values())


def test_no_handshake_with_nobody(wire):
    it = wire(hello, peerless=True, connect=False, layer=lambda http: TLS(
        server_context(), http, lambda error, peer: None, budget=http.context.budget))

    def play():
        it.transport.protocol.connection_made(it.transport)
        it.transport.protocol.data_received(FORGED)

    it.call(play)
    assert it.transport.aborted and it.closed and it.output == b""
    assert lost_alone(it.context.counters)


def test_room_is_told_of_as_for_any_connection(wire):
    told = []
    wire(hello, peerless=True, max_connections=1, crowded=told.append)
    assert told == [True, False]


@pytest.mark.parametrize("name", ["/run/fastsrv.sock", b"\0fastsrv"])
def test_peer_of_a_unix_socket_without_a_name_is_somebody(wire, name):
    app = Recorder(hello)
    it = wire(app, peerless=True, connect=False)
    it.transport.extra["sockname"] = name
    it.call(it.connection.connection_made, it.transport)
    assert it.send(get()).output.startswith(b"HTTP/1.1 200 ")
    assert app.scope["client"] is None


def test_reset_in_the_accept_queue(serve):
    app = Recorder(hello)
    server = serve(app, lifespan="off")
    blocked, go_on = threading.Event(), threading.Event()

    def block():
        blocked.set()
        assert go_on.wait(PATIENCE)

    server.loop.call_soon_threadsafe(block)
    try:
        assert blocked.wait(PATIENCE)
        with server.connect() as forger:
            forger.sendall(FORGED)
            forger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client = server.connect()  # its way through the kernel is the reset's: that has arrived
    finally:
        go_on.set()
    with client:
        assert ask(client).status == 200
        server.until(lambda: lost_alone(server.server.counters))
    assert [scope["path"] for scope in app.scopes] == ["/"]
