"""A worker whose log hung never ended: the thread that ends a process which does not end by itself told so first, and
waited for the handler's lock. Found by reading."""

import os
import select
import signal

import pytest

from tests.support.asking import send
from tests.support.hanging_log import SOURCE
from tests.support.servers import PATIENCE


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_worker_ends_though_its_log_takes_no_line(gunicorn, loop):
    """The arbiter kills only at its own end."""
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--timeout", "0", "--graceful-timeout", "1")
    worker = os.pidfd_open(server.worker())
    with server.connect() as connection:
        send(connection, "/hang")
        server.wait_for("the log hangs")
        server.signal(signal.SIGQUIT, server.worker())
        assert select.select([worker], [], [], PATIENCE)[0]
    os.close(worker)
