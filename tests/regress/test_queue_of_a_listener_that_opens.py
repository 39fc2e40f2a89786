"""Origin: a test of three connections that took a second now and then. asyncio called listen(1) on the socket that
gunicorn had made to listen: for a moment the kernel dropped whoever came, and they tried again a second later."""

import asyncio
import socket
import struct

import pytest

from tests.support.apps import hello
from tests.support.servers import read_response
from tests.support.wire import get


def longest_queue(listening):
    """How many connections may wait in the kernel to be accepted (struct tcp_info, tcpi_sacked of a listener)."""
    return struct.unpack_from("I", listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32), 28)[0]


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the kernel does not tell")
def test_queue_keeps_its_length_while_a_listener_opens(serve):
    server = serve(hello, worker_connections=1)
    lengths = [longest_queue(server.socket)]

    async def watch():
        while True:
            lengths.append(longest_queue(server.socket))
            await asyncio.sleep(0)

    with server.connect() as connection:  # all that may be: listening ends until it is closed
        connection.sendall(get())
        assert read_response(connection).status == 200
        watching = server.call(lambda: server.loop.create_task(watch()))
    with server.connect() as connection:
        connection.sendall(get())
        assert read_response(connection).status == 200
    server.call(watching.cancel)
    assert set(lengths) == {lengths[0]}
