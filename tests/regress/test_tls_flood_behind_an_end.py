"""Found in review: what a client sends behind its close_notify was read and thrown away for as long as its request
took, 600 MB of it in a second, and no limit knew of it."""

import contextlib
import socket
import ssl
import struct
import threading

from tests.support.answers import take_apart
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE
from tests.support.tls import Tunnel, client_context, server_context
from tests.support.wire import get
from tests.unit.test_tls import Peer


def test_nothing_is_read_behind_it_and_the_answer_comes():
    app = Puppet()
    it = Peer(app)
    it.say(get()).say_goodbye()
    assert it.transport.reading  # its end, behind which most say nothing
    it.send(b"x" * 1000)
    assert not it.transport.reading
    app.begin()
    app.body(b"late")
    app.finish()
    it.listen()
    assert take_apart(it.heard).body == b"late"
    assert it.closed_by_server and it.closed
    it.close()


def test_client_that_goes_behind_it_is_found_out(serve):
    """Which reading would tell, and no read comes any more."""
    gone = threading.Event()

    async def app(scope, receive, send):
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        gone.set()

    server = serve(app, tls=server_context(), asgi_lifespan="off", asgi_disconnect_grace_period=300)
    tunnel = Tunnel(client_context())
    with server.connect() as connection:
        connection.sendall(tunnel.shake_hands())
        while tunnel.tls.version() is None:
            connection.sendall(tunnel.shake_hands(connection.recv(65536)))
        connection.sendall(tunnel.encrypt(get()))
        with contextlib.suppress(ssl.SSLWantReadError):
            tunnel.tls.unwrap()
        connection.sendall(tunnel.outgoing.read() + b"x" * 1000)
        server.until(lambda: server.server.counters.count("requests") == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # its close is a reset
    assert gone.wait(PATIENCE)
