"""What a worker is doing, as text: every thread, every request in flight, every task.

Changes nothing and waits for nothing. fastsrv/worker.py logs it when the arbiter aborts the worker; watchdog.py asks
from a thread of its own, while the loop is blocked or goes on: what is compiled is done in one go, as it keeps the GIL.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fastsrv_ext.clock import Clock

IN_FLIGHT = ("RESPOND", "BODY", "SEND", "OPEN", "PONG")


def report(
    loop: asyncio.AbstractEventLoop | None, clock: Clock | None, interrupted: FrameType | None = None,
) -> Iterator[str]:
    """All of it, several lines for each; the tasks, of which there may be thousands, come last. interrupted: where a
    signal has found this thread; without one, this thread is left out."""
    yield from threads(interrupted)
    yield from requests(clock)
    yield from tasks(loop)


def threads(interrupted: FrameType | None) -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        stack = interrupted if ident == threading.get_ident() else frame
        if stack is not None:
            yield f"Thread {names.get(ident, ident)}:"
            yield stack_at(stack)


def stack_at(frame: FrameType) -> str:
    return "".join(traceback.format_stack(frame)).rstrip()


def requests(clock: Clock | None) -> Iterator[str]:
    """clock: the server's, once there is one."""
    if clock is not None:
        for state in IN_FLIGHT:
            for connection in clock.waiting(state):
                yield f"In flight ({state}): {connection.describe()}"


def tasks(loop: asyncio.AbstractEventLoop | None) -> Iterator[str]:
    if loop is not None:
        for task in sorted(asyncio.all_tasks(loop), key=asyncio.Task.get_name):
            yield f"Task {task.get_name()}:"
            for frame in awaiting(task.get_coro()):
                yield "".join(traceback.format_stack(frame, limit=1)).rstrip()


def awaiting(awaitable: Any) -> Iterator[FrameType]:
    """The frames of a coroutine and of what it waits for, the innermost last."""
    while awaitable is not None:
        for kind in ("cr", "gi", "ag"):  # coroutine, generator, asynchronous generator
            frame = getattr(awaitable, f"{kind}_frame", None)
            if frame is not None:
                yield frame
                awaitable = getattr(awaitable, f"{kind}_yieldfrom" if kind == "gi" else f"{kind}_await")
                break
        else:
            return
