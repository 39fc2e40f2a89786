"""Found by the tests of restarts: gunicorn's USR2 runs the file __main__.py where `python -m gunicorn` was run, whose
folder came first in Python's path. Its `http` hid Python's, fastsrv.Worker could not be imported, and who told the
first arbiter to end then had no service any more."""

import signal

from tests.support.asking import fetch
from tests.worker.served import SOURCE


def test_usr2_of_a_gunicorn_run_as_a_module(gunicorn):
    server = gunicorn(SOURCE)
    server.wait_for("the service is up")
    server.signal(signal.SIGUSR2)
    replacement = int(server.wait_for(r"\[(\d+)\] \[INFO\] Listening at", 2)[1])
    try:
        server.wait_for("the service is up", 2)
        server.signal(signal.SIGTERM)
        server.process.wait()
        assert fetch(server).status == 200
    finally:
        server.signal(signal.SIGTERM, replacement)
