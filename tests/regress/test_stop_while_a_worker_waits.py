"""Found by a review: a worker that served on, as younger ones booted, counted its end from there, also when all were
stopped, or the arbiter died. It was killed, without lifespan shutdown, or lived for minutes."""

import os
import signal
import time

import pytest

from tests.support.asking import send
from tests.support.stalls import timed
from tests.worker.gate import GATED, Gate
from tests.worker.served import SOURCE

GRACE = 2  # seconds
RETIRE = 60


@pytest.mark.parametrize("others_first", [True, False], ids=["workers first", "arbiter first"])
@timed
def test_term_to_all_processes_of_a_service(gunicorn, others_first):
    """As systemd does it (KillMode=control-group)."""
    server = gunicorn(SOURCE, "--graceful-timeout", str(GRACE), env={"FASTSRV_RETIRE_TIMEOUT": str(RETIRE)})
    server.wait_for("Ready after")
    with server.connect() as busy:
        send(busy, "/forever")
        server.wait_for("a request goes on for ever")
        pids = [server.worker(), server.process.pid]
        for pid in pids if others_first else reversed(pids):
            os.kill(pid, signal.SIGTERM)
        assert server.wait() == 0
    assert "the app shuts down" in server.output and "SIGKILL" not in server.output


def test_arbiter_dies_while_a_worker_waits_for_younger_ones(gunicorn, tmp_path):
    gate = Gate(tmp_path)
    server = gunicorn(GATED, "--graceful-timeout", str(GRACE), env={"FASTSRV_RETIRE_TIMEOUT": str(RETIRE)})
    gate.let()
    server.wait_for("Ready after")
    with server.connect() as busy:
        send(busy, "/forever")
        server.wait_for("a request goes on for ever")
        server.signal(signal.SIGHUP)
        server.worker(2)
        began = time.monotonic()
        server.signal(signal.SIGKILL)
        gate.let()
        server.wait()
        assert time.monotonic() - began < RETIRE / 2
    assert "the app shuts down" in server.output
