"""Found by a review: with reuse_port each worker has listening sockets of its own, and the kernel dealt connections out
to workers that had not started yet: they hung for as long as that took, or were reset if it failed."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.support.asking import ask
from tests.support.servers import PATIENCE
from tests.worker.gate import GATED, Gate

TIMES = 30  # connections: that none of them comes to a second listener by chance is out of the question


FORKED = """
def post_fork(server, worker):  # its sockets listen
    print("\\nforked", flush=True)
"""
LISTEN = "0A"  # a state in /proc/net/tcp


def until_listening(port, count):
    """Wait until so many sockets listen. gunicorn has each new worker listen for a moment, before any code of ours."""
    until = time.monotonic() + PATIENCE
    found = None
    while found != count:
        assert time.monotonic() < until, f"{found} sockets listen"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        found = sum(row[1].endswith(f":{port:04X}") and row[3] == LISTEN for row in rows)


@pytest.fixture
def service(gunicorn, shared_port, tmp_path):
    """(gate, server, asked): one worker is ready. asked(ready): the pids that have answered, when so many listen."""
    gate = Gate(tmp_path)
    server = gunicorn(GATED, "--reuse-port", "--workers", "2", "--graceful-timeout", "2",
                      bind=f"127.0.0.1:{shared_port}", config=FORKED)
    gate.let()
    server.wait_for("Ready after")

    def asked(ready):
        until_listening(shared_port, ready)
        pids = set()
        for _ in range(TIMES):
            with socket.create_connection(("127.0.0.1", shared_port), timeout=PATIENCE) as connection:
                pids.add(int(ask(connection).body))
        return pids

    return gate, server, asked


def test_connections_come_to_workers_that_are_ready(service):
    gate, server, asked = service
    server.wait_for("^forked", 2)
    (first,) = asked(1)
    gate.let()
    server.wait_for("Ready after", 2)
    both = asked(2)
    assert len(both) == 2 and first in both
    server.signal(signal.SIGHUP)
    server.wait_for("^forked", 4)
    assert asked(2) <= both
    gate.let(2)
    for pid in both:
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    assert len(asked(2)) == 2


def test_worker_that_waits_behind_failures_has_no_queue(service):
    gate, server, asked = service
    gate.break_(3)
    server.wait_for("^forked", 4)
    (first,) = asked(1)
    os.kill(first, 0)
