"""What a worker is doing, as text: every thread, every request in flight, every task.

Changes nothing and waits for nothing. fastsrv/worker.py logs it when the arbiter aborts the worker; watchdog.py asks
from a thread of its own, while the loop is blocked or goes on: what is compiled is done in one go, as it keeps the GIL.
An object of the app's that raises when it is looked at ends the report, with its traceback.
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
MOST = 20  # requests in flight that a line of the log names
LONGEST = 200  # characters of a request, of whose target clients may make kilobytes
END = 60  # of them are its end, which says whose it is: the longest address, and a port

Stack = list[tuple[FrameType, int]]  # frames, the outermost first, each with the line at which it is


def report(
    loop: asyncio.AbstractEventLoop | None, clock: Clock | None, interrupted: FrameType | None = None,
) -> Iterator[str]:
    """All of it, several lines for each; the tasks, of which there may be thousands, come last. interrupted: where a
    signal has found this thread; without one, this thread is left out."""
    try:
        yield from threads(interrupted)
        yield from requests(clock, sys.maxsize)
        yield from tasks(loop)
    except Exception:
        yield f"This report has failed:\n{traceback.format_exc()}"


def threads(interrupted: FrameType | None) -> Iterator[str]:
    """The main thread, which is the loop's, comes first."""
    main, mine = threading.main_thread().ident, threading.get_ident()
    frames = {ident: interrupted if ident == mine else frame for ident, frame in sys._current_frames().items()}
    stacks = {ident: stack_at(frame) for ident, frame in frames.items() if frame is not None}
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, stack in sorted(stacks.items(), key=lambda one: one[0] != main):
        yield f"Thread {names.get(ident, ident)}:"
        yield text_of(stack)


def stack_at(frame: FrameType) -> Stack:
    """Without its text, which is read from files: meanwhile other threads would run, and leave where they are."""
    return list(traceback.walk_stack(frame))[::-1]


def text_of(stack: Stack) -> str:
    return "".join(traceback.StackSummary.extract(iter(stack)).format()).rstrip()


def requests(clock: Clock | None, most: int = MOST) -> Iterator[str]:
    """Those that their app is at come first, and in each state the one that has been in it for the longest time. clock:
    the server's, once there is one."""
    if clock is not None:
        found = [(state, connection) for state in IN_FLIGHT for connection in clock.waiting(state)]
        for state, connection in found[:most]:
            yield f"In flight ({state}): {shortened(connection.describe())}"
        if len(found) > most:
            yield f"... and {len(found) - most} more in flight"


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST - END]} ... {text[-END:]}"


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
