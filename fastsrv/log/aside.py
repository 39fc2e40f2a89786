"""A log for who must not wait for it: a thread of its own writes the lines, in their order, while there are any.

A write may last for ever: it goes to a pipe that nobody reads, or waits for a thread that hangs in one. Decides nothing
of what is logged. fastsrv/watchdog.py writes to one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

WAITING = 100  # lines, at most, while the log hangs; then the oldest are lost


class AsideLog:
    """Writes to `log`, which raises nothing."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.lock = threading.Lock()  # of what follows
        self.lines: deque[tuple[str, tuple[Any, ...], dict[str, Any]]] = deque(maxlen=WAITING)
        self.thread: threading.Thread | None = None

    def __getattr__(self, level: str) -> Callable[..., None]:
        def write(*args: Any, **options: Any) -> None:
            with self.lock:
                self.lines.append((level, args, options))
                if self.thread is None:
                    thread = threading.Thread(target=self.run, name="fastsrv's log", daemon=True)
                    with suppress(RuntimeError):  # there can be no more threads: the next line tries again
                        thread.start()
                        self.thread = thread

        return write

    def run(self) -> None:
        while True:
            with self.lock:
                if not self.lines:
                    self.thread = None
                    return
                level, args, options = self.lines.popleft()
            getattr(self.log, level)(*args, **options)

    def finish(self, seconds: float) -> None:
        """Wait until all is written, for so long at most."""
        with self.lock:
            thread = self.thread
        if thread is not None:
            thread.join(seconds)
