"""Found by an operator: where several workers did not start, `python -m fastsrv` ended in a traceback of gunicorn's
HaltServer, below the line that said why: a second one's failure, while it ended for the first."""

FAILS_AT_TERM = """
import os
import signal

signal.signal(signal.SIGTERM, lambda number, frame: os._exit(3))  # gunicorn's code for a worker that cannot start
try:
    os.mkdir("first")
except FileExistsError:
    raise RuntimeError("this app cannot be loaded")
while True:
    signal.pause()
"""


def test_end_is_the_first_ones(gunicorn):
    server = gunicorn(FAILS_AT_TERM, "--workers", "2", module=["fastsrv"])
    assert server.wait() == 3
    assert "this app cannot be loaded" in server.output and "HaltServer" not in server.output
