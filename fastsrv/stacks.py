"""What a worker is doing, as text: every thread, every task, every request in flight.

Changes nothing and waits for nothing. fastsrv/worker.py logs it when the arbiter aborts the worker.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fastsrv.server import Server

IN_FLIGHT = ("RESPOND", "BODY", "SEND", "OPEN", "PONG")


def report(loop: asyncio.AbstractEventLoop | None, server: Server | None, interrupted: FrameType | None) -> str:
    """All of it, several lines for each. interrupted: where a signal has found this thread."""
    return "\n".join((*threads(interrupted), *tasks(loop), *requests(server)))


def threads(interrupted: FrameType | None) -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident == threading.get_ident() and interrupted is not None:
            frame = interrupted
        yield f"Thread {names.get(ident, ident)}:"
        yield "".join(traceback.format_stack(frame)).rstrip()


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


def requests(server: Server | None) -> Iterator[str]:
    if server is not None:
        for state in IN_FLIGHT:
            for connection in server.clock.waiting(state):
                yield f"In flight ({state}): {connection.describe()}"
