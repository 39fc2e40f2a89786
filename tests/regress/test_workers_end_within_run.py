"""A worker's SystemExit ran through the code around run(): what cleaned up behind the service did so once per worker,
while others served; and one `except SystemExit` made each failed start a worker's good end, so that gunicorn booted
workers for ever."""

import signal
import sys

import pytest

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

def stop(error):
    raise error

try:
    fastsrv.run(%s, bind="127.0.0.1:0", workers=2, control_socket_disable=True, loglevel="info",
                post_worker_init=lambda worker: %s)
except SystemExit as end:
    print("not started:", end.code, flush=True)
finally:
    print("cleaned up in", os.getpid(), flush=True)
"""


def program(folder, app, loaded="load()"):
    (folder / "program.py").write_text(PROGRAM % (app, loaded))
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


@pytest.mark.parametrize(("error", "said"), [
    ("SystemExit('no database')", "no database\n"),
    ("KeyboardInterrupt('of its own')", "KeyboardInterrupt: of its own\n"),
])
def test_worker_that_is_ended_by_a_hook_ends_within_run(tmp_path, error, said):
    with program(tmp_path, "app", f"stop({error})") as server:
        server.wait_for(said)
        server.wait_for("exited with code 1")
        server.signal(signal.SIGTERM)
        server.wait()
    assert server.output.count("cleaned up in") == 1
    assert f"cleaned up in {server.process.pid}\n" in server.output
