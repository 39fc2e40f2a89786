"""Origin: a connection that had been accepted in the moment in which the worker began to drain was closed without an
answer, so that clients that connect for each request lost one with a reload, and at max_requests."""

import itertools

from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE, read_response, read_to_end
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


def test_head_that_has_begun_is_waited_for_as_ever(serve):
    server = serve(hello, graceful_timeout=2 * PATIENCE, header_timeout=PATIENCE)
    with server.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHo")
        server.until(lambda: server.server.clock.census()["HEAD"] == 1)
        stop(server)
        ticks = itertools.count()
        server.until(lambda: next(ticks) == 8)  # twice as long as one that says nothing has
        slow.sendall(b"st: example.org\r\n\r\n")
        response = read_response(slow)
        assert (response.status, response.headers["connection"]) == (200, "close")
    server.stop()
