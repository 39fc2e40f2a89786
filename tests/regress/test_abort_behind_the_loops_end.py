"""Found in review: a worker whose loop was closed, and that waited for a thread of the app's, said nothing when the
arbiter aborted it, and did not call worker_abort: uvloop's stop() raises on a closed loop."""

import signal
import time
from pathlib import Path

import pytest

from tests.support.asking import fetch
from tests.support.servers import PATIENCE
from tests.worker.served import SOURCE

LEAVE = """
def linger():
    threading.main_thread().join()
    print("waited for", flush=True)
    time.sleep(3600)

async def leave(receive):
    threading.Thread(target=linger, name="left behind").start()
    return "left"

PATHS["/leave"] = leave
"""
HOOK = 'def worker_abort(worker): print("hook: worker_abort", flush=True)'


def sleeps(pid):
    """Does every thread of the process sleep in the kernel? The first one is looked at last: others may hold it up."""
    threads = sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda thread: thread.name == str(pid))
    try:
        return all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "S" for thread in threads)
    except FileNotFoundError:  # one has ended just now
        return False


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_worker_says_what_it_waits_for(gunicorn, loop):
    server = gunicorn(SOURCE + LEAVE, "--asgi-loop", loop, config=HOOK)
    assert fetch(server, "/leave").body == b"left"
    pid = server.worker()
    server.signal(signal.SIGTERM, pid)
    server.wait_for("Worker exiting")
    server.wait_for("^waited for")
    # The thread is waited for by now, or soon: CPython loses a signal that comes a microsecond before it waits.
    end = time.monotonic() + PATIENCE
    while not sleeps(pid):
        assert time.monotonic() < end
        time.sleep(0.01)
    server.signal(signal.SIGABRT, pid)
    server.wait_for("it was doing this:")
    server.wait_for("^Thread left behind:")
    server.wait_for("^hook: worker_abort")
    server.worker(2)
