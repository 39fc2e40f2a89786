"""A worker whose loop hung in a write to the log could not be asked what it was doing: its watchdog, which answers,
told of the stall, and waited for the handler's lock. Found by reading."""

import re
import socket
import time

import pytest

from tests.support.asking import send
from tests.support.hanging_log import SOURCE
from tests.support.servers import PATIENCE, read_response

HANGS = r"Thread MainThread:(\n .*)*, in hang\n", r"Thread fastsrv's log:(\n .*)*, in callHandlers\n"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_worker_that_hangs_in_its_log_tells_where(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", "1", env={
        "FASTSRV_ADMIN_BIND": "127.0.0.1:0", "FASTSRV_SLOW_CALLBACK": "0.1"})
    admin = int(server.wait_for(r"Admin address: http://127\.0\.0\.1:(\d+)")[1])
    with server.connect() as connection:
        send(connection, "/hang")
        server.wait_for("the log hangs")
        server.wait_for("The event loop has been blocked")  # and the watchdog hangs in it, or does not
        report, end = "", time.monotonic() + PATIENCE
        while not all(re.search(pattern, report) for pattern in HANGS):  # a stall before may have been told of
            assert time.monotonic() < end, report
            with socket.create_connection(("127.0.0.1", admin), timeout=PATIENCE) as asking:
                asking.sendall(b"GET /stacks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                report = read_response(asking).body.decode()
