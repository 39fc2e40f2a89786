"""Log files that are opened anew, on USR1 and HUP: who rotates them has given their names away, mostly.

In the place of gunicorn's own way, which closes a file before it knows whether there is another: where there is none,
an arbiter ends by it, and a worker's lines are lost. fastsrv/worker.py calls it, in the arbiter.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.glogging import Logger, loggers


def reopen_with_care(log: Any) -> None:
    """Have reopen_files() of gunicorn's `log`, here and in what is forked, keep a file in whose place no other can be
    opened, and say so in the error log. A logger class with a way of its own is left alone."""
    if getattr(type(log), "reopen_files", None) is Logger.reopen_files:
        log.reopen_files = partial(reopen_files, log)


def reopen_files(log: Any) -> None:
    failures = {}
    for path, reopen in files(log):
        try:
            reopen()
        except Exception as error:
            failures[path] = error
    for path, failure in failures.items():
        log.error(
            "Cannot open the log file %s anew: %s. Its lines go on into the file from before. Let the user of this "
            "process (uid %d) write there, in logrotate by `create 0640 USER GROUP`, and send USR1 again",
            path, getattr(failure, "strerror", None) or failure, os.geteuid())


def files(log: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """The path of each, and what opens it anew."""
    if log.cfg.capture_output and log.cfg.errorlog != "-":
        yield log.cfg.errorlog, partial(reopen_output, log)
    # gunicorn counts the root of all loggers as none of them, where an app's lines mostly go; some share a handler.
    for handler in {handler: None for logger in (logging.root, *loggers()) for handler in logger.handlers}:
        if isinstance(handler, logging.FileHandler):
            yield handler.baseFilename, partial(reopen_handler, handler)


def reopen_output(log: Any) -> None:
    """Of stdout and stderr, with capture_output."""
    opened, closed = open(log.cfg.errorlog, "a+"), log.logfile  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(opened.fileno(), stream.fileno())
    log.logfile = opened
    if closed is not None:
        closed.close()


def reopen_handler(handler: Any) -> None:
    with handler.lock:
        if handler.stream:  # or it is still to be opened
            opened, closed = handler._open(), handler.stream
            handler.stream = opened
            with suppress(OSError):  # what could not be written before
                closed.close()
