"""What the settings need of the system, and it may not have: addresses, folders, modules.

Looks, and leaves nothing behind. An address, or a pid file, that is in use is no fault: the running service may be the
one that is asked about. fastsrv/cli.py calls it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

from gunicorn.reloader import reloader_engines
from gunicorn.util import parse_address
from gunicorn.workers.workertmp import WorkerTmp

from fastsrv.config.setting import OFF, ConfigError

LONGEST_PATH = 107  # bytes, of a UNIX socket's (unix(7))


def check_system(cfg: Any, admin_bind: str) -> None:
    """Raise ConfigError for a setting of gunicorn's `cfg`, or an admin_bind, with which the start would fail."""
    for written, address in zip(cfg.settings["bind"].get(), cfg.address, strict=True):
        with blamed("bind", written):
            check_address(address)
    if admin_bind != OFF:
        with blamed("fastsrv_admin_bind", admin_bind):
            check_address(parse_address(admin_bind))
    if cfg.pidfile:
        with blamed("pidfile", cfg.pidfile):
            check_place(cfg.pidfile)
    with blamed("worker_tmp_dir", cfg.worker_tmp_dir):
        WorkerTmp(cfg).close()
    if cfg.reload:
        with blamed("reload_engine", cfg.reload_engine):
            reloader_engines[cfg.reload_engine]()  # type: ignore[literal-required]


@contextlib.contextmanager
def blamed(name: str, value: object) -> Iterator[None]:
    """Whatever fails within is this setting's fault."""
    try:
        yield
    except (OSError, OverflowError, RuntimeError, ImportError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name} = {value!r} cannot be used: {why}") from error


def check_address(address: Any) -> None:
    """Could somebody listen there, if nobody does? address: as gunicorn's parse_address() has it. Raises OSError, or
    OverflowError for a port that is none."""
    if isinstance(address, int):
        check_socket(os.fstat(address))
    elif isinstance(address, str):
        if len(os.fsencode(address)) > LONGEST_PATH:
            raise fault(errno.ENAMETOOLONG)
        check_place(address)
        if os.path.exists(address):
            check_socket(os.stat(address))
    else:
        host, port = address
        family, *_, found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((found[0], port, *found[2:]))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


def check_socket(status: os.stat_result) -> None:
    if not stat.S_ISSOCK(status.st_mode):
        raise fault(errno.ENOTSOCK)


def check_place(path: str) -> None:
    """Could a file be made there?"""
    if os.path.isdir(path):
        raise fault(errno.EISDIR)
    tempfile.TemporaryFile(dir=os.path.dirname(path) or ".").close()  # has no name


def fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))
