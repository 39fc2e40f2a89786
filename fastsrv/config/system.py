"""What the settings need of the system, and it may not have: addresses, folders, modules, another user.

Looks, and leaves nothing behind. An address, or a pid file, that is in use is no fault: the running service may be the
one that is asked about. fastsrv/cli.py calls it; fastsrv/worker.py if the start has failed, and to become its user.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from gunicorn.reloader import reloader_engines
from gunicorn.util import is_ipv6, parse_address, set_owner_process

from fastsrv.config.setting import OFF, ConfigError

BIND, ADMIN = "bind", "fastsrv_admin_bind"
LONGEST_PATH = 107  # bytes, of a UNIX socket's (unix(7))


def check_system(cfg: Any, admin_bind: str) -> None:
    """Raise ConfigError for a setting of gunicorn's `cfg`, or an admin_bind, with which the start would fail."""
    if not cfg.address:
        raise ConfigError("bind names no address: write host:port, [v6]:port or unix:/path")
    for name, written, address in addresses(cfg, admin_bind):
        with blamed(name, written):
            check_address(name, address)
    if told := clash(cfg, admin_bind):
        raise ConfigError(told)
    if cfg.pidfile:
        with blamed("pidfile", cfg.pidfile):
            check_place(cfg.pidfile)
    with blamed("worker_tmp_dir", cfg.worker_tmp_dir):
        check_folder(cfg.worker_tmp_dir)
    if cfg.reload:
        with blamed("reload_engine", cfg.reload_engine):
            reloader_engines[cfg.reload_engine]()  # type: ignore[literal-required]


@contextlib.contextmanager
def blamed(name: str, value: object) -> Iterator[None]:
    """Whatever fails within is this setting's fault."""
    try:
        yield
    except (OSError, OverflowError, RuntimeError, ImportError, TypeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name} = {value!r} cannot be used: {why}") from error


def become_worker(cfg: Any) -> None:
    """Go on as who the workers are. Raises ConfigError."""
    with blamed("user", cfg.user):
        take_group(cfg)
        set_owner_process(cfg.uid, cfg.gid, initgroups=cfg.initgroups)


def take_group(cfg: Any) -> None:
    """Before gunicorn changes who this is: with initgroups it changes the other groups, and leaves this one root's."""
    if cfg.initgroups and cfg.gid != os.getgid():
        os.setgid(cfg.gid)


class Emptied(BaseException):
    """No Exception, which gunicorn would make a RuntimeError of."""


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """A file that is made within is removed behind it, and one that is given away is given back: a log, which would be
    root's if root looks, and the service could not open it. The block ends at a file that it would empty."""
    made: list[Any] = []
    given: list[tuple[Any, int, int]] = []
    looking = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        """Before it is done, wherever that is."""
        if not looking or event not in ("open", "os.chown") or isinstance(arguments[0], int):
            return
        path = os.path.abspath(arguments[0])
        with contextlib.suppress(OSError):  # not there
            if event == "os.chown":
                status = os.stat(path)
                given.append((path, status.st_uid, status.st_gid))
            elif arguments[2] & os.O_CREAT and not os.path.lexists(path):
                made.append(path)
            elif arguments[2] & os.O_TRUNC and os.path.isfile(path):
                raise Emptied

    sys.addaudithook(hook)
    try:
        yield
    except Emptied:
        pass
    finally:
        looking = False
        for path in made:
            with contextlib.suppress(OSError):
                os.remove(path)
        for path, user, group in reversed(given):
            with contextlib.suppress(OSError):
                os.chown(path, user, group)


# --- addresses ---


def addresses(cfg: Any, admin_bind: str) -> Iterator[tuple[str, str, Any]]:
    """Of each: the setting, what is written there, and that as gunicorn's parse_address() has it."""
    for written, address in zip(cfg.settings["bind"].get(), cfg.address, strict=True):
        yield BIND, written, address
    if admin_bind != OFF:
        yield ADMIN, admin_bind, parse_address(admin_bind)


def check_address(name: str, address: Any) -> None:
    """Could somebody listen there, if nobody does? Raises OSError, or OverflowError for a port that is none."""
    if isinstance(address, int):
        check_socket(os.fstat(address))
    elif isinstance(address, str):
        if len(os.fsencode(address)) > LONGEST_PATH:
            raise fault(errno.ENAMETOOLONG)
        check_place(address)
        if os.path.exists(address):
            check_socket(os.stat(address))
    else:
        with unbound(name, address) as (probe, place):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(place)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


@contextlib.contextmanager
def unbound(name: str, address: tuple[str, int]) -> Iterator[tuple[socket.socket, Any]]:
    """A socket, and where to bind it, as who obeys the setting does."""
    host, port = address
    place: Any
    family, place = socket.AF_INET6 if is_ipv6(host) else socket.AF_INET, (host, port)
    if name == ADMIN:
        family, *_, place = socket.getaddrinfo("0.0.0.0" if host == "*" else host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family) as probe:
        yield probe, place


def clash(cfg: Any, admin_bind: str) -> str:
    """What to say of two addresses in the settings of which one takes the other's place; empty if there are none."""
    for (name, written, one), (other, its, another) in combinations(addresses(cfg, admin_bind), 2):
        if takes_place(name, one, other, another) and not (other == BIND and cfg.reuse_port):
            return f"{name} = {written!r} and {other} = {its!r} are one address: each needs its own"
    return ""


def takes_place(name: str, one: Any, other: str, another: Any) -> bool:
    if not isinstance(one, tuple) or not isinstance(another, tuple):
        return bool(one == another) and other == ADMIN  # gunicorn makes a file of that name anew
    if one[1] != another[1] or not one[1]:
        return False
    # The system knows which hosts are one, or among all. It is asked at a port that is free: theirs may be in use.
    with contextlib.suppress(OSError), unbound(name, (one[0], 0)) as (probe, place):
        probe.bind(place)
        with unbound(other, (another[0], probe.getsockname()[1])) as (second, place):
            try:
                second.bind(place)
            except OSError as error:
                return error.errno == errno.EADDRINUSE
    return False


def check_socket(status: os.stat_result) -> None:
    if not stat.S_ISSOCK(status.st_mode):
        raise fault(errno.ENOTSOCK)


def check_place(path: str) -> None:
    """Could a file be made there?"""
    if os.path.isdir(path):
        raise fault(errno.EISDIR)
    tempfile.TemporaryFile(dir=os.path.dirname(path) or ".").close()  # has no name


def check_folder(path: str | None) -> None:
    """Could a file be made in it? None: in the system's own."""
    if path is not None and not os.path.isdir(path):
        raise fault(errno.ENOENT)
    tempfile.TemporaryFile(dir=path).close()


def fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))
