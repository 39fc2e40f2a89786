"""Found by a test that failed once in some hundreds: a signal that reaches a new worker before it has its handlers is
lost, and gunicorn says a stop but once. A worker whose app took long to load was killed at graceful_timeout, and the
service hung until then."""

import signal

import pytest

from tests.support.servers import PATIENCE
from tests.worker.gate import GATED, Gate

STOPS = {signal.SIGTERM: signal.SIGTERM, signal.SIGINT: signal.SIGQUIT}  # of the arbiter: what it says to workers
LOSE = """
import os
import signal

def post_fork(server, worker):  # before the worker's handlers
    signal.pthread_sigmask(signal.SIG_BLOCK, [{said}])
    os.kill(os.getppid(), {stop})
    signal.sigwait([{said}])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [{said}])
"""


@pytest.mark.parametrize(("stop", "said"), STOPS.items(), ids=[stop.name for stop in STOPS])
def test_worker_does_not_begin_to_load_the_app(gunicorn, tmp_path, stop, said):
    Gate(tmp_path)  # which stays shut
    server = gunicorn(
        GATED, "--graceful-timeout", str(3 * PATIENCE), config=LOSE.format(stop=int(stop), said=int(said)))
    assert server.wait() == 0
