"""Origin: asyncio's TLS transport, when it is closed a second time, forgets what it needs to tell of its buffer and to
be aborted; the drain, which asks, ended with an AttributeError."""

import asyncio
import threading

from tests.support.apps import hello
from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response
from tests.support.tls import client_context, server_context


def test_drain_ends_with_a_tls_client_that_leaves_its_connection_open(serve):
    came, go = threading.Event(), asyncio.Event()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            came.set()
            await go.wait()
            await hello(scope, receive, send)

    server = serve(app, tls=server_context(), graceful_timeout=PATIENCE, close_timeout=PATIENCE)
    with client_context().wrap_socket(server.connect(), server_hostname="localhost") as client:
        send(client)
        assert came.wait(PATIENCE)
        server.call(lambda: server.server.stop())
        server.until(lambda: server.server.context.draining)
        server.call(go.set)
        assert read_response(client).headers["connection"] == "close"
        server.stop()
