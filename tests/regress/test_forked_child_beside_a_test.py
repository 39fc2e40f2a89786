"""Found in review: a child that an app of serve() had forked, or the test, had copies of its sockets. A client that
waited for the end of its connection waited for the child's, and who connected when the block was left was accepted by
nobody."""

import os
import socket

import pytest

from fastsrv.testing import serve
from tests.support.asking import send
from tests.support.servers import PATIENCE, read_to_end


class Child:
    """A process that lives, and has closed what is not its own, until let_go()."""

    def __init__(self):
        self.goes_on, self.until = os.pipe()
        lives, says = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.until)
            os.write(says, b".")
            os.read(self.goes_on, 1)
            os._exit(0)
        assert os.read(lives, 1)
        os.close(lives)
        os.close(says)

    def let_go(self):
        os.close(self.until)
        os.close(self.goes_on)
        os.waitpid(self.pid, 0)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of a process with threads
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("who", ["app", "test"])
def test_it_holds_no_connection_and_no_listening_socket(loop, who):
    async def app(scope, receive, say):
        if who == "app":
            children.append(Child())
        await say({"type": "http.response.start", "status": 200})
        await say({"type": "http.response.body", "body": b"said"})

    children = []
    try:
        with serve(app, asgi_loop=loop, asgi_lifespan="off") as served:
            with socket.create_connection((served.host, served.port), timeout=PATIENCE) as connection:
                if who == "test":
                    send(connection, "/first")
                    while b"said" not in connection.recv(65536):
                        pass
                    children.append(Child())
                send(connection, "/", "Connection: close")
                assert read_to_end(connection).endswith(b"said")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((served.host, served.port), timeout=PATIENCE)
    finally:
        for child in children:
            child.let_go()
