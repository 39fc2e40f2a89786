"""Found by a review: a worker that was to end, and stayed as no other one served, was killed by its own last resort
when fastsrv_retire_timeout and graceful_timeout had passed, with what it had in hand."""

import time

from tests.worker.gate import Service

RETIRE, GRACE = 1, 1  # seconds
ENOUGH = RETIRE + GRACE + 1.5  # seconds


def test_last_worker_that_serves_outlives_the_bound(gunicorn, tmp_path):
    it = Service(gunicorn, tmp_path, "--graceful-timeout", str(GRACE), count=1,
                 config=f"fastsrv_retire_timeout = {RETIRE}")
    it.hup()
    until = time.monotonic() + ENOUGH
    while time.monotonic() < until:
        assert it.asked(1) == set(it.pids)
    it.gate.let()
    it.exits(it.pids[0])
    assert "ends without it" not in it.server.output
    assert it.asked(1) == {it.ready(2)[-1]}
    it.stop()
