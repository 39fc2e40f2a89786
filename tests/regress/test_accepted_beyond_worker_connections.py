"""Found by the stress test: asyncio dropped connections that were accepted when worker_connections was reached.

It attaches a connection to its listener a turn after it has accepted it, and fails if the listener is closed by then.
"""

import threading

from tests.support.apps import hello
from tests.support.servers import read_response
from tests.support.wire import get


def test_everybody_who_waits_in_the_queue_is_served(serve):
    server = serve(hello, lifespan="off", worker_connections=5)
    gate = threading.Event()
    server.loop.call_soon_threadsafe(gate.wait)  # so that all of them come at once
    clients = [server.connect() for _ in range(50)]
    for client in clients:
        client.sendall(get())
    gate.set()
    for client in clients:
        assert read_response(client).body == b"Hello, world!"
        client.close()
