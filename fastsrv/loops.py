"""The event loop of a worker: how it is made, and how what an app leaves behind in it is ended.

Serves nothing; fastsrv/worker.py runs it.
"""

from __future__ import annotations

import asyncio
import time

from fastsrv.timetable import LAST_WORD


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """A new event loop: "uvloop" or "asyncio"."""
    if kind == "asyncio":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


async def end_what_is_left(by: float) -> None:
    """End the app's own tasks and then its generators, as asyncio.run() does; by that moment of time.monotonic(), and
    for LAST_WORD at most, as nobody else may be there to end a worker that waits for ever."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()

    async def end() -> None:
        if left:
            await asyncio.wait(left)
        await asyncio.get_running_loop().shutdown_asyncgens()

    rest = max(0.0, by - time.monotonic())
    await asyncio.wait({asyncio.Task(end())}, timeout=min(LAST_WORD, rest))
