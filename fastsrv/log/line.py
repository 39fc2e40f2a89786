"""A line of the access log, written as gunicorn and Python's logging would write it, in a tenth of the time.

Only for a log that is as gunicorn sets it up, to one file or stream, in a format of plain %(atom)s. Each line looks
again: handlers, filters and levels may change while the app runs. fastsrv/log/access.py takes the long way otherwise.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from gunicorn import glogging

from fastsrv.log.atoms import line_of
from fastsrv_ext.asgi.call import Call


class AccessLine:
    """Writes to the one handler of `logger`, gunicorn's access log; see find()."""

    def __init__(self, logger: logging.Logger, handler: Any, line: Callable[[Call], str]) -> None:
        self.logger = logger
        self.handler = handler
        self.handlers = [handler]
        self.formatter = handler.formatter
        self.line = line

    @classmethod
    def find(cls, log: Any) -> AccessLine | None:
        """The short way to the access log of gunicorn's logger `log`; None if it might write anything else than
        the long way does, since a part of that is somebody else's: overridden, or patched, as some tools do."""
        if not (
            are_of(glogging, log, "access", "atoms", "now", "_get_user")
            and type(log).access_log_enabled is glogging.Logger.access_log_enabled
            and log.atoms_wrapper_class is glogging.SafeAtoms
            and are_of(glogging, glogging.SafeAtoms({}), "__init__", "__getitem__")
        ):
            return None
        logger = log.access_log
        handler: Any = logger.handlers[0] if logger.handlers else None
        line = line_of(log.cfg.access_log_format, log._get_user)
        if (
            line is not None
            and are_of(logging, logger, "info", "_log", "makeRecord", "handle", "filter", "callHandlers")
            and type(handler) in (logging.StreamHandler, logging.FileHandler)
            and are_of(logging, handler, "handle", "filter", "emit", "format", "flush", "acquire", "release")
            and are_of(logging, handler.formatter, "format", "formatMessage", "usesTime")
            and are_of(logging, logging.makeLogRecord({}), "getMessage")
            and type(handler.formatter._style) is logging.PercentStyle
            and handler.formatter._style._fmt == glogging.Logger.access_fmt
        ):
            return cls(logger, handler, line)
        return None

    def write(self, call: Call) -> bool:
        """Write the line of `call`; False if the long way has to."""
        logger, handler = self.logger, self.handler
        if not (
            logger.handlers == self.handlers and not logger.filters and not handler.filters and not logger.propagate
            and handler.formatter is self.formatter and handler.level <= logging.INFO and handler.lock
            and logger.isEnabledFor(logging.INFO) and logging.getLogRecordFactory() is logging.LogRecord
        ):
            return False
        line = self.line(call)
        with handler.lock:
            if not handler.stream:
                return False  # a file that is still to be opened
            try:
                handler.stream.write(line + handler.terminator)
                handler.flush()
            except Exception:
                handler.handleError(logger.makeRecord(
                    logger.name, logging.INFO, __file__, 0, line, (), sys.exc_info()))
        return True


def are_of(module: ModuleType, thing: object, *names: str) -> bool:
    """Are these methods of `thing` as the module has them, neither overridden nor patched?"""
    methods = [getattr(thing, name, None) for name in names]
    return all(
        type(method) is MethodType and type(method.__func__) is FunctionType
        and method.__func__.__globals__ is vars(module) for method in methods
    )
