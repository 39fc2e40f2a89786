"""No control character reaches a terminal by gunicorn's error log: an app's error may quote whatever a client has sent.

Decides nothing of what is logged, and leaves alone what others format. fastsrv/worker.py calls it once a process.
"""

from __future__ import annotations

import logging
import re
from typing import Any

# All but what tracebacks are laid out by: tab and newline. And what has no UTF-8, with which a line would be lost.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class EscapingFormatter(logging.Formatter):
    """Formats as `formatter`, one of logging's own."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        vars(self).update(vars(formatter))

    def format(self, record: logging.LogRecord) -> str:
        return CONTROLS.sub(escape, super().format(record))


def escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def escape_controls(log: Any) -> None:
    """In the error log of gunicorn's logger `log`, as far as gunicorn has set it up: a format that the user gives
    (logconfig, a logger class) is the user's."""
    for handler in getattr(getattr(log, "error_log", None), "handlers", ()):
        if type(handler.formatter) is logging.Formatter:
            handler.setFormatter(EscapingFormatter(handler.formatter))
