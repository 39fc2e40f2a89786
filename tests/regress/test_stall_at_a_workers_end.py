"""A stall at a worker's end was told of without its length: the process had ended before the watchdog looked again, and
the lines that were left out were never summed up. Found by a trial."""

import os
import re
import signal

import pytest

from tests.worker.gate import Gate

SOURCE = """
import os

async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    os.read(os.open("gate", os.O_RDONLY), 1)
    await send({"type": "lifespan.shutdown.complete"})
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGABRT])
def test_stall_that_lasts_until_the_end_is_told_with_its_length(gunicorn, tmp_path, loop, how):
    gate = Gate(tmp_path)
    server = gunicorn(SOURCE, "--asgi-loop", loop, env={"FASTSRV_SLOW_CALLBACK": "2"})
    server.wait_for("the service is up")
    os.kill(server.worker(), signal.SIGTERM)
    so_far = float(server.wait_for(r"The event loop has been blocked for ([\d.]+) s")[1])
    if how == signal.SIGABRT:
        os.kill(server.worker(), how)
    else:
        gate.let()
    server.wait_for("Worker exiting")
    lengths = re.findall(r"The event loop was blocked for ([\d.]+) s", server.output.partition("Worker exiting")[0])
    assert [float(length) >= so_far for length in lengths] == [True]
