"""Origin: a connection that had been accepted in the moment in which the worker began to drain was closed without an
answer, so that clients that connect for each request lost one with a reload, and at max_requests."""

from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE, read_to_end
from tests.worker.test_drain import stop


def test_connection_that_is_open_but_silent_is_still_answered_when_the_drain_begins(serve):
    """A client that has just connected is about to send; one that says nothing is closed soon."""
    server = serve(hello, graceful_timeout=PATIENCE)
    with server.connect() as quick, server.connect() as silent:
        server.until(lambda: server.server.context.connections == 2)
        stop(server)
        server.until(lambda: server.server.context.draining)
        response = ask(quick)
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert read_to_end(silent) == b""
    server.stop()
