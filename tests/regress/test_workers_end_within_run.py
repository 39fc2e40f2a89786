"""A worker's SystemExit ran through the code around run(): what cleaned up behind the service did so once per worker,
while others served; and one `except SystemExit` made each failed start a worker's good end, so that gunicorn booted
workers for ever."""

import signal
import sys

from tests.support.servers import Gunicorn

PROGRAM = """
import atexit, os, threading
import fastsrv

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("none")

def leave():
    print("atexit in", os.getpid(), flush=True)

def work():
    threading.main_thread().join()
    print("a thread has ended in", os.getpid(), flush=True)

def load():
    atexit.register(leave)
    threading.Thread(target=work).start()

try:
    fastsrv.run(%s, bind="127.0.0.1:0", workers=2, control_socket_disable=True, loglevel="info",
                post_worker_init=lambda worker: load())
except SystemExit as end:
    print("not started:", end.code, flush=True)
finally:
    print("cleaned up in", os.getpid(), flush=True)
"""


def program(folder, app):
    (folder / "program.py").write_text(PROGRAM % app)
    server = Gunicorn(folder, "")
    server.command = [sys.executable, "program.py"]
    return server


def test_code_around_run_is_the_arbiters_alone(tmp_path):
    with program(tmp_path, "app") as server:
        workers = [server.worker(1), server.worker(2)]
        server.wait_for("Ready after", 2)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert server.output.count("cleaned up in") == 1
    assert f"cleaned up in {server.process.pid}\n" in server.output and "not started" not in server.output
    for worker in workers:
        assert f"atexit in {worker}\n" in server.output and f"a thread has ended in {worker}\n" in server.output


def test_start_that_fails_is_told_once(tmp_path):
    with program(tmp_path, "'no_such_module:app'") as server:
        assert server.wait() == 0
    assert server.output.count("not started: 4\n") == server.output.count("cleaned up in") == 1
