"""Found in review: a worker whose loop was closed, and that waited for a thread of the app's, said nothing when the
arbiter aborted it, and did not call worker_abort: uvloop's stop() raises on a closed loop."""

import signal

import pytest

from tests.support.asking import fetch
from tests.worker.served import SOURCE

LEAVE = """
async def leave(receive):
    threading.Thread(target=time.sleep, args=[3600], name="left behind").start()
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
    server.signal(signal.SIGABRT, pid)
    server.wait_for("it was doing this:")
    server.wait_for("^Thread left behind:")
    server.wait_for("^hook: worker_abort")
    server.signal(signal.SIGKILL, pid)  # as the arbiter does a second later
    server.worker(2)
