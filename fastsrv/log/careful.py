"""gunicorn's log for who is in the middle of something: a connection's work, the clock's, the end of a worker.

Decides nothing of what is logged. fastsrv/worker.py makes one for the server and its parts.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class CarefulLog:
    """`log`, of which a line that fails (by a filter or handler of the app's) costs itself alone. stderr tells of it.
    """

    def __init__(self, log: Any) -> None:
        self.log = log

    def __getattr__(self, level: str) -> Callable[..., None]:
        write = getattr(self.log, level)

        def careful(*args: Any, **options: Any) -> None:
            try:
                write(*args, **options)
            except Exception:
                with suppress(Exception):  # it may be closed
                    traceback.print_exc()

        return careful
