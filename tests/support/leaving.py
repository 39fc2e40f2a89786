"""A client on a real socket that may leave, and an app whose begin and end a test waits for. Its server is a
ThreadServer.

In memory: sleepers.py.
"""

import socket
import threading
from contextlib import contextmanager

from tests.support.apps import hello
from tests.support.servers import PATIENCE
from tests.support.sleepers import asleep
from tests.support.tls import client_context

PIECE = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}
LARGE = 200_000  # bytes of a body: more than is read ahead, so reading pauses


@contextmanager
def connected(server, tls=False, small=False):
    """A client's socket; small: one that takes little before it is read."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    if tls:
        connection = client_context().wrap_socket(connection, server_hostname="localhost")
    with connection:
        yield connection


class App:
    """Does `work(receive, send)` for each request but those for /hello; a test waits for its begin and its end."""

    def __init__(self, work):
        self.work = work
        self.began, self.ended = threading.Event(), threading.Event()
        self.end = None  # "returned", or what was raised

    async def __call__(self, scope, receive, send):
        if scope["path"] == "/hello":
            return await hello(scope, receive, send)
        self.began.set()
        try:
            await self.work(receive, send)
            self.end = "returned"
        except BaseException as error:
            self.end = error
            raise
        finally:
            self.ended.set()

    def wait_for_begin(self):
        assert self.began.wait(PATIENCE)

    def wait_for_end(self):
        assert self.ended.wait(PATIENCE)
        return self.end


class TimedApp(App):
    """Sleeps, and notes when that ended: `ended_at`, as now() has it."""

    def __init__(self, now):
        super().__init__(self.sleep)
        self.now = now

    async def sleep(self, receive, send):
        try:
            await asleep(receive, send)
        finally:
            self.ended_at = self.now()


async def listens(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass
