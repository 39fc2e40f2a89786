"""Found in review: a worker whose loop was closed, and that waited for a thread of the app's, said nothing when the
arbiter aborted it, and did not call worker_abort: uvloop's stop() raises on a closed loop."""

import signal

import pytest

from tests.support.asking import fetch
from tests.worker.served import SOURCE

# The signal comes when Python waits for the thread: one that comes a microsecond before it does is lost with CPython.
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


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_worker_says_what_it_waits_for(gunicorn, loop):
    server = gunicorn(SOURCE + LEAVE, "--asgi-loop", loop, config=HOOK)
    assert fetch(server, "/leave").body == b"left"
    pid = server.worker()
    server.signal(signal.SIGTERM, pid)
    server.wait_for("Worker exiting")
    server.wait_for("^waited for")
    server.signal(signal.SIGABRT, pid)
    server.wait_for("it was doing this:")
    server.wait_for("^Thread left behind:")
    server.wait_for("^hook: worker_abort")
    server.worker(2)
