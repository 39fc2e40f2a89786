"""Origin: the loops' own TLS transports, with which an answer counted as sent while the transport beneath still had it.

A client that read a complete answer slowly was cut off after keepalive and close_timeout: the connection was IDLE.
"""

import socket

from tests.support.asking import send
from tests.support.servers import read_to_end
from tests.support.tls import client_context, server_context

SIZE = 20_000_000  # bytes, more than a kernel buffers


async def large(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % SIZE)]})
    await send({"type": "http.response.body", "body": b"x" * SIZE})


def lagging(serve, hurried=False):
    """A server that owes its client most of a complete answer, and that client."""
    server = serve(large, tls=server_context(), lifespan="off", hurried=hurried, keepalive=0.25, close_timeout=0.25)
    client = client_context().wrap_socket(server.connect(), server_hostname="localhost")
    send(client)
    server.until(lambda: not server.server.dispatch.tasks and server.server.clock.census()["SEND"] == 1)
    return server, client


def body(answer):
    return answer.partition(b"\r\n\r\n")[2]


def test_complete_answer_waits_in_send_until_it_has_left(serve):
    server, client = lagging(serve, hurried=True)
    with client:
        for _ in range(8):  # ticks: keepalive and close_timeout are over
            assert server.beats.acquire(timeout=30)
        assert len(body(read_to_end(client))) == SIZE


def test_client_that_ends_its_side_still_gets_the_answer_that_it_is_owed(serve):
    _, client = lagging(serve)
    with client, socket.socket(fileno=socket.dup(client.fileno())) as beneath:
        beneath.shutdown(socket.SHUT_WR)  # without a close_notify
        assert len(body(read_to_end(client))) == SIZE
