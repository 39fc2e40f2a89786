"""Origin: asyncio's TLS transport, when it is closed a second time, forgets what it needs to tell of its buffer and to
be aborted: a client that leaves its side open kept its connection beyond every limit, and the drain failed."""

from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.tls import client_context, server_context


def test_tls_client_that_leaves_its_connection_open_loses_it_at_the_limit(serve):
    server = serve(hello, tls=server_context(), keepalive=0, drain_timeout=0.25, close_timeout=0.25)
    with client_context().wrap_socket(server.connect(), server_hostname="localhost") as client:
        assert ask(client).headers["connection"] == "close"
        server.until(lambda: server.server.context.connections == 0)
