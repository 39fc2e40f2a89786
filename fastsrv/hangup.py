"""HUP: gunicorn loads its configuration anew, and would end if that failed. Here the one from before stays in force.

Runs in the arbiter alone, within its reload; new workers start either way. fastsrv/worker.py calls it.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.workers.workertmp import WorkerTmp

from fastsrv.config.config import Config
from fastsrv.config.setting import OFF, ConfigError
from fastsrv.config.system import addresses, blamed, check_address, check_place, unbound
from fastsrv.config.tls import tls_context

FILE = "__config__"  # gunicorn's name for the module that its config file is


def keep_what_works(app: Any, ours: type, log: Any) -> None:
    """Have app.reload(), of gunicorn's application, leave all as it was if it cannot load the configuration, or if the
    arbiter would end by what it has loaded. ours: the worker class that settings of fastsrv's mean something to."""
    if "reload" in vars(app):
        return
    load = app.reload

    def reload() -> None:
        put_back = as_it_is(app)
        said = io.StringIO()  # gunicorn writes to stderr why it cannot go on: a daemon has none
        try:
            with contextlib.redirect_stderr(said):
                before = app.cfg
                load()
                check(app, before, ours)
        except (Exception, SystemExit) as failure:
            put_back()
            log.error("The configuration cannot be reloaded, and the one from before stays in force. Mend it, and send "
                      "HUP again: %s", said.getvalue().strip() or failure)
        else:
            with contextlib.suppress(OSError):  # it may be a pipe that nobody reads any more
                sys.stderr.write(said.getvalue())

    app.reload = reload


def as_it_is(app: Any) -> Callable[[], None]:
    """What puts back all that app.reload() may change."""
    facts, file, environ, path = dict(vars(app)), sys.modules.get(FILE), dict(os.environ), [*sys.path]

    def put_back() -> None:
        vars(app).update(facts)
        if file is not None:
            sys.modules[FILE] = file
        else:
            sys.modules.pop(FILE, None)
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = path
        with contextlib.suppress(OSError):  # the folder may have gone
            os.chdir(app.cfg.chdir)

    return put_back


def check(app: Any, before: Any, ours: type) -> None:
    """Raise an exception, or SystemExit, if the arbiter would end by the configuration that `app` has loaded, or each
    worker with it. before: the configuration that it has."""
    cfg = app.cfg
    if not isinstance(cfg.worker_class, type):
        raise ConfigError(f"worker_class = {cfg.worker_class_str!r} is no class")
    os.environ.update(cfg.env)
    if issubclass(cfg.worker_class, ours):
        Config.from_gunicorn(cfg)
    if cfg.address != before.address:  # else nothing is bound: it may be systemd's socket that is served
        check_addresses(cfg)
        tls_context(cfg)
    if cfg.pidfile:
        with blamed("pidfile", cfg.pidfile):
            check_place(cfg.pidfile)
    with blamed("worker_tmp_dir", cfg.worker_tmp_dir):
        WorkerTmp(cfg).close()
    if cfg.preload_app:
        app.wsgi()


def check_addresses(cfg: Any) -> None:
    """Raise ConfigError if gunicorn cannot listen there at once, as the old workers still listen where they do."""
    for name, written, address in addresses(cfg, OFF):
        with blamed(name, written):
            check_address(name, address)
            if isinstance(address, tuple):
                with unbound(name, address) as (probe, place):
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if cfg.reuse_port:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                    probe.bind(place)
