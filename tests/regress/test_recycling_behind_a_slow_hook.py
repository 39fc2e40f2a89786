"""Found by a test on a busy machine: a worker that had reached max_requests believed itself alone, and left, between
the end of the other one and the start of the next. Nobody served until that was ready. A child_exit hook of the user's
may make it as long as it likes."""

import os
import time

import pytest

from tests.worker.gate import Service

LOOKS = 1.5  # seconds in which a worker asks several times whether its turn has come
HOOK = """
def child_exit(server, worker):
    server.log.info("The hook has begun")
    with open("hook") as file:
        file.read(1)
"""


@pytest.fixture
def hook(tmp_path):
    """Ends the hook that waits."""
    os.mkfifo(tmp_path / "hook")
    held = os.open(tmp_path / "hook", os.O_RDWR)
    yield lambda: os.write(held, b".")
    os.close(held)


def test_other_worker_serves_on(gunicorn, tmp_path, hook):
    it = Service(gunicorn, tmp_path, "--max-requests", "10", config=HOOK)
    while it.server.output.count("max_requests reached") < 1:
        it.asked(1)
    it.server.wait_for("The hook has begun")
    while it.server.output.count("max_requests reached") < 2:
        it.asked(1)
    end = time.monotonic() + LOOKS
    while time.monotonic() < end:
        it.asked(1)
    hook()
    it.server.worker(3)
    assert len(it.asked(5)) == 1 and [it.has_exited(pid) for pid in it.pids].count(True) == 1
    it.gate.let()
    it.server.wait_for("The hook has begun", 2)  # the next one serves
    hook()
    assert it.asked(5) == {it.ready(3)[-1]}
    it.gate.let(2)
