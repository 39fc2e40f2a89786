"""Found by the fault tests: without file descriptors uvloop accepted those who came and dropped them unheard."""

import os
import resource
import socket

from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE

FEW = 6  # descriptors that the server finds


def test_everybody_waits_until_there_are_descriptors_again(serve, caplog):
    server = serve(hello)
    clients = [socket.socket() for _ in range(4 * FEW)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(server.socket.fileno())
    os.close(lowest)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + FEW, limits[1]))
        for client in clients:
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", server.port))
        server.until(lambda: "Cannot accept connections" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    for client in clients:
        assert ask(client).status == 200
        client.close()
