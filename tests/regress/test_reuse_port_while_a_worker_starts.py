"""Found by a review: with reuse_port each worker has listening sockets of its own, and the kernel dealt connections out
to workers that had not started yet: they hung for as long as that took, or were reset if it failed."""

import os
import signal
import socket

import pytest

from tests.support.asking import ask
from tests.support.servers import PATIENCE
from tests.worker.gate import GATED, Gate

TIMES = 30  # connections: that none of them comes to a second listener by chance is out of the question


@pytest.fixture
def service(gunicorn, tmp_path):
    """(gate, server, asked): one worker is ready. asked(): the pids that have answered."""
    with socket.socket() as holder:  # of a free port
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        address = holder.getsockname()
        gate = Gate(tmp_path)
        server = gunicorn(GATED, "--reuse-port", "--workers", "2", "--graceful-timeout", "2",
                          bind=f"127.0.0.1:{address[1]}")
        gate.let()
        server.wait_for("Ready after")

        def asked():
            pids = set()
            for _ in range(TIMES):
                with socket.create_connection(address, timeout=PATIENCE) as connection:
                    pids.add(int(ask(connection).body))
            return pids

        yield gate, server, asked


def test_connections_come_to_workers_that_are_ready(service):
    gate, server, asked = service
    server.worker(2)
    (first,) = asked()
    gate.let()
    server.wait_for("Ready after", 2)
    both = asked()
    assert len(both) == 2 and first in both
    server.signal(signal.SIGHUP)
    server.worker(4)
    assert asked() <= both
    gate.let(2)
    for pid in both:
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    assert len(asked()) == 2


def test_worker_that_waits_behind_failures_has_no_queue(service):
    gate, server, asked = service
    gate.break_(3)
    server.worker(4)
    (first,) = asked()
    os.kill(first, 0)
