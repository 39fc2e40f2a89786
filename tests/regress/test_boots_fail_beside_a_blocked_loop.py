"""Found by a review: while the app of the only worker that was ready blocked its loop, it did not count as one that
serves, and a boot that failed ended gunicorn."""

import os
import signal

from tests.support.asking import fetch, send
from tests.support.servers import read_response
from tests.worker.gate import GATED, Gate

BLOCKED = 4  # seconds; boots fail after 0, 1 and 3
APP = GATED.replace("    time.sleep(3600)\n", f"    time.sleep({BLOCKED})\n    return 'blocked'\n")


def test_worker_whose_loop_is_blocked_counts(gunicorn, tmp_path):
    gate = Gate(tmp_path)
    server = gunicorn(APP, "--workers", "2")
    gate.let(2)
    server.wait_for("Ready after", 2)
    with server.connect() as connection:
        send(connection, "/block")
        server.wait_for("the loop is blocked")
        os.kill(int(fetch(server).body), signal.SIGKILL)  # of the other one, which is free
        gate.break_(3)
        server.wait_for("exited with code 1", 3)
        assert read_response(connection).body == b"blocked"
        gate.let()
        server.wait_for("Ready after", 3)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
