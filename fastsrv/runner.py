"""`fastsrv.run()`: gunicorn with fastsrv's workers, started by a line of Python.

What the command line does without; whoever can should use that, as it can say more: docs/OPERATIONS.md.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import Application
from gunicorn.util import import_app

from fastsrv.config.setting import ConfigError
from fastsrv.given import Given
from fastsrv.worker import Worker


def run(app: str | Callable[..., Any], **settings: Any) -> None:
    """Serve `app` by gunicorn and workers of fastsrv's until a signal ends it; returns then.

    app: "module:name", or the application itself, which is then loaded before the workers are forked and cannot be
    reloaded. settings: gunicorn's (bind="0.0.0.0:8000", workers=4, reload=True, keyfile=...) and fastsrv's
    (fastsrv_header_timeout=10) by their names, in place of a config file: none is read. GUNICORN_CMD_ARGS and
    FASTSRV_* of the environment win.

    Raises TypeError for a name that is no setting, ConfigError (a ValueError) for a value that one cannot have, and
    RuntimeError where gunicorn cannot work: in another thread than the main one, and beside a running event loop.
    SystemExit with gunicorn's code if the service could not start.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("run() takes the process's signals, in the main thread alone: "
                           "fastsrv.testing.serve() serves from any")
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("run() forks workers, which would have copies of the event loop that runs here: "
                           "call it outside of it, or serve from a thread with fastsrv.testing.serve()")
    if not isinstance(app, str) and settings.get("reload"):
        raise ConfigError("reload takes an app by its name, 'module:app': this one is loaded already")
    arbiter = os.getpid()
    try:
        Program(app, settings).run()
    except SystemExit as end:
        if end.code or os.getpid() != arbiter:  # a worker's, whose process ends here
            raise


class Program(Application):
    """gunicorn's application, of run()'s arguments."""

    def __init__(self, app: str | Callable[..., Any], settings: dict[str, Any]) -> None:
        self.app = app
        self.given = settings
        self.app_uri = app if isinstance(app, str) else None
        self.read_settings()  # where it raises; gunicorn's own way would print, and exit
        super().__init__()

    def read_settings(self) -> Given:
        cfg = Given("run()", self.given)
        cfg.heed_environment()
        cfg.set("worker_class", Worker)
        cfg.set("default_proc_name", self.app_uri or getattr(self.app, "__qualname__", type(self.app).__qualname__))
        return cfg

    def load_default_config(self) -> None:
        self.cfg = self.read_settings()

    def load_config(self) -> None:
        self.chdir()

    def load(self) -> Any:
        return self.app if self.app_uri is None else import_app(self.app_uri)
