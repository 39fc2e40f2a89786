"""File descriptors run out: the worker serves whom it has, and accepts again when there are some."""

import pytest

from tests.faults.connections import Connection, crowd
from tests.faults.trial import SHORT_HEADS

DESCRIPTORS = 64
SMALL = f"""
import resource
def post_fork(server, worker):
    resource.setrlimit(resource.RLIMIT_NOFILE, ({DESCRIPTORS}, {DESCRIPTORS}))
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_descriptors_run_out(trial, long, loop):
    async def stay(number):
        async with Connection(running.port) as connection:
            return await connection.read_to_end()

    with trial(f"descriptors run out, {loop}", "--asgi-loop", loop, config=SHORT_HEADS + SMALL, patient=True,
               expected=["Cannot accept connections"]) as running:
        running.run(crowd(DESCRIPTORS * (4 if long else 1), stay), bound=60)
