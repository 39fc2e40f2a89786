"""The admin address (fastsrv_admin_bind): one socket, made in the arbiter before it forks, inherited by all workers.

Answers nothing: server.py does, in the workers. fastsrv/arbiter.py and fastsrv/worker.py call it.
"""

from __future__ import annotations

import atexit
import errno
import ipaddress
import os
import socket
import stat
from typing import Any

from gunicorn.util import parse_address

from fastsrv.config.setting import OFF, ConfigError

BACKLOG = 64  # connections that wait: probes and scrapes are few
OWNER_AND_GROUP = 0o660  # who may connect to a UNIX socket: writing to the file is connecting

EVERY = "0.0.0.0"  # every address of the host


class Address:
    """The socket may be bound later than it is made, behind USR2, while another arbiter has the address: it is the same
    one in all processes, so whoever binds it has done so for all.

    setting: the value of fastsrv_admin_bind. owner: (user, group) of a UNIX socket's file. Raises OSError."""

    def __init__(self, setting: str, owner: tuple[int, int]) -> None:
        self.setting = setting
        self.owner = owner
        self.maker = os.getpid()
        self.failed: int | None = None  # errno of the last try to bind it
        place: Any = parse_address(setting)
        self.path: str | None = place if isinstance(place, str) else None
        if self.path is not None:
            self.place: Any = self.path
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            host, port = place
            host = EVERY if host in ("", "*") else host  # as gunicorn's bind has it
            family, kind, protocol, _, self.place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self.socket = socket.socket(family, kind, protocol)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setblocking(False)  # accept(): another worker may be faster

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        host, port = (self.socket.getsockname() if self.is_bound() else self.place)[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def is_bound(self) -> bool:
        name = self.socket.getsockname()
        return bool(name if self.path is not None else name[1])

    def is_loopback(self) -> bool:
        return self.path is None and ipaddress.ip_address(self.place[0].partition("%")[0]).is_loopback

    def is_public(self) -> bool:
        return self.path is None and not self.is_loopback()

    # --- in the arbiter alone: it may do more than workers, which could also remove each other's file ---

    def bind(self) -> None:
        """Listen. Raises OSError while that cannot be done."""
        if self.path is not None:
            self.make_way(self.path)
        self.socket.bind(self.place)
        if self.path is not None:
            os.chmod(self.path, OWNER_AND_GROUP)
            if os.geteuid() == 0:
                os.chown(self.path, *self.owner)
        self.socket.listen(BACKLOG)  # before that nobody can connect, whom the file's mode would have kept out

    def make_way(self, path: str) -> None:
        """An arbiter that was killed leaves its UNIX socket's file behind, at which nobody listens."""
        if is_socket(path):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.setblocking(False)
                if probe.connect_ex(path) == errno.ECONNREFUSED:
                    os.unlink(path)
        elif os.path.exists(path):
            what = "folder" if os.path.isdir(path) else "file"
            raise FileExistsError(errno.EEXIST, f"there is a {what}, which is no socket")

    def try_again(self, log: Any) -> None:
        """Bind, if that could not be done before. Each second."""
        try:
            if not self.is_bound():
                self.bind()
                log.info("Admin address: %s", self)
        except OSError as error:
            if error.errno != self.failed:  # it is told of once
                self.failed = error.errno
                log.warning("fastsrv_admin_bind = %r cannot be listened on: %s; it is tried again each second",
                            self.setting, error.strerror)

    def end(self) -> None:
        """The arbiter ends, and all workers have."""
        if os.getpid() == self.maker and self.path is not None and self.is_bound() and is_socket(self.path):
            os.unlink(self.path)


current: Address | None = None  # this arbiter's, and that of its workers; None: off
known = OFF  # what the setting was when it was last looked at


def is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def open_address(setting: str, cfg: Any, log: Any) -> None:
    """At the arbiter's start. cfg: gunicorn's. Raises ConfigError if the address cannot be had; behind USR2 the old
    arbiter may have it, and it is tried again."""
    global current, known
    known = setting
    if setting == OFF:
        return
    opened = None
    try:
        opened = Address(setting, (cfg.uid, cfg.gid))
        opened.bind()
        log.info("Admin address: %s", opened)
    except OSError as error:
        if opened is None or error.errno != errno.EADDRINUSE or "GUNICORN_PID" not in os.environ:
            raise ConfigError(
                f"fastsrv_admin_bind = {setting!r} cannot be listened on: {error.strerror or error}") from error
        opened.failed = error.errno
        log.warning("fastsrv_admin_bind = %r is still the old arbiter's; it is tried again each second", setting)
    current = opened
    atexit.register(opened.end)
    if opened.is_public():
        log.warning("fastsrv_admin_bind = %r is no address of this host alone: whoever reaches it can read it", setting)


def close_address() -> None:
    """The arbiter has ended, and its process goes on."""
    global current, known
    if current is not None:
        atexit.unregister(current.end)
        current.end()
        current.socket.close()
    current, known = None, OFF


def tend(setting: str, log: Any) -> None:
    """In the arbiter, before it forks another worker. setting: as it is by now; workers that live have the old one."""
    global known
    if setting != known:
        known = setting
        now = OFF if current is None else current.setting
        if setting != now:
            log.warning("fastsrv_admin_bind is %r now, and stays %r until gunicorn is started anew", setting, now)
