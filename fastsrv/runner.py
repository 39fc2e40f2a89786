"""`fastsrv.run()`: gunicorn with fastsrv's workers, started by a line of Python.

The command line does the same and more: prefer it where it can be used.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from gunicorn.app.base import Application
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.util import import_app, load_class

from fastsrv.arbiter import ended
from fastsrv.config.config import Config
from fastsrv.config.gunicorns import is_changed
from fastsrv.config.setting import OFF, ConfigError
from fastsrv.config.system import blamed, check_system
from fastsrv.config.tls import tls_context
from fastsrv.given import Given
from fastsrv.worker import Worker

# Variables of the environment that tell of sockets: gunicorn takes them out when it has taken those.
HANDED_DOWN = {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "GUNICORN_FD", "GUNICORN_PID"}

arbiter: int | None = None  # the pid of the one that runs here, and in its workers


def run(app: str | Callable[..., Any], **settings: Any) -> None:
    """Serve `app` by gunicorn and workers of fastsrv's until a signal ends it; returns then.

    app: "module:name", or the application itself, which is then loaded before the workers are forked and cannot be
    reloaded. settings: gunicorn's (bind="0.0.0.0:8000", workers=4, reload=True, keyfile=...) and fastsrv's
    (fastsrv_header_timeout=10) by their names, in place of a config file: none is read. GUNICORN_CMD_ARGS and
    FASTSRV_* of the environment win.

    Raises TypeError for a name that is no setting, or one of command lines alone; ConfigError (a ValueError) for a
    value that one cannot have; RuntimeError where gunicorn cannot work: in another thread than the main one, beside a
    running event loop, and in what workers load. SystemExit with gunicorn's code if the service could not start.
    """
    global arbiter
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("run() takes the process's signals, in the main thread alone: "
                           "fastsrv.testing.serve() serves from any")
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("run() forks workers, which would have copies of the event loop that runs here: "
                           "call it outside of it, or serve from a thread with fastsrv.testing.serve()")
    if arbiter is not None:
        raise RuntimeError("run() is called by a module that the workers load: write it below "
                           "`if __name__ == '__main__':` there")
    with process_as_it_was():
        arbiter = os.getpid()
        try:
            Program(app, settings).run()
        except BaseException as end:
            if os.getpid() != arbiter:
                end_worker(end)
            if isinstance(end, HaltServer):  # another worker that has not started, while gunicorn ends for the first
                raise SystemExit(end.exit_status) from None
            if not isinstance(end, SystemExit) or end.code:
                raise
        finally:
            arbiter = None
            Arbiter.WORKERS.clear()  # one for all arbiters; who was killed in the end may still be there
            ended()


@contextmanager
def process_as_it_was() -> Iterator[None]:
    """What gunicorn changes is put back behind the block, as the process goes on: the signals' handlers, the
    environment, the working folder and sys.path."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    environ, folder, path = dict(os.environ), os.getcwd(), [*sys.path]
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None and signal.getsignal(number) != handler:  # None: not Python's
                signal.signal(number, handler)
        for name in HANDED_DOWN - os.environ.keys():
            environ.pop(name, None)
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = path
        with suppress(OSError):  # it may have gone
            os.chdir(folder)


def end_worker(end: BaseException) -> NoReturn:
    """Its process ends here, and not where the caller's code does, which belongs to one process alone: `except`,
    `finally` and `with` around run(). What the interpreter does at its end is done, as multiprocessing does it for a
    child that it has forked."""
    code = 1
    try:
        code = exit_code(end)
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads of the app's
        atexit._run_exitfuncs()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):  # none, or closed
                stream.flush()
        os._exit(code)


def exit_code(end: BaseException) -> int:
    """As an interpreter that ends by it has it: its words go to stderr."""
    if not isinstance(end, SystemExit):
        traceback.print_exception(end)
        return 1
    if isinstance(end.code, int) or end.code is None:
        return (end.code or 0) & 0xFF
    print(end.code, file=sys.stderr)
    return 1


class Program(Application):
    """gunicorn's application, of run()'s arguments. They stay as they are: a reload (HUP) loads the app alone."""

    def __init__(self, app: str | Callable[..., Any], settings: dict[str, Any]) -> None:
        self.app = app
        self.app_uri = app if isinstance(app, str) else None
        self.folder = os.getcwd()
        self.given = Given("run()", {"worker_class": Worker, **settings}, {})
        self.given.heed_environment()
        self.given.set("default_proc_name", self.app_uri or getattr(app, "__qualname__", type(app).__qualname__))
        if self.given.reload and self.app_uri is None:
            raise ConfigError("reload takes an app by its name, 'module:app': this one is loaded already")
        for name, made in (("bind", "address"), ("raw_env", "env")):  # of which gunicorn makes something when asked
            with blamed(name, self.given.settings[name].get()):
                getattr(self.given, made)
        Config.from_gunicorn(self.given, {**os.environ, **self.given.env})  # as it raises what the start would print
        self.pre_exec = self.given.pre_exec
        self.given.set("pre_exec", self.follow)
        super().__init__()
        self.check_worker_class()
        if not HANDED_DOWN & os.environ.keys():  # else those sockets are served, whatever bind is
            check_system(self.given, OFF)
        if not is_changed(self.given, "ssl_context"):  # a hook wants what a worker has: raw_env, pythonpath
            tls_context(self.given)

    def check_worker_class(self) -> None:
        wrong = ConfigError(f"worker_class = {self.given.worker_class_str!r} is not fastsrv.Worker, nor made from it")
        try:
            found: Any = load_class(self.given.settings["worker_class"].get())
        except (AttributeError, RuntimeError) as error:  # gunicorn's
            raise wrong from error
        if not (isinstance(found, type) and issubclass(found, Worker)):
            raise wrong

    def follow(self, arbiter: Any) -> None:
        """USR2 runs this program anew: by the command and in the folder that it was started by. gunicorn takes
        sys.argv, which lacks -m and what is the interpreter's, and the folder that `chdir` has led to. The hook may
        decide otherwise."""
        if sys.orig_argv:  # none where Python is embedded
            arbiter.START_CTX.update(args=[sys.executable, *sys.orig_argv[1:]], cwd=self.folder)
        self.pre_exec(arbiter)

    def load_default_config(self) -> None:
        self.cfg = self.given

    def load_config(self) -> None:
        self.chdir()

    def load(self) -> Any:
        return self.app if self.app_uri is None else import_app(self.app_uri)
