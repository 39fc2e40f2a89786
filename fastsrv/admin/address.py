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


class Address:
    """The socket may be bound later than it is made, behind USR2, while another arbiter has the address: it is the same
    one in all processes, so whoever binds it has done so for all.

    setting: the value of fastsrv_admin_bind. owner: (user, group) of a UNIX socket's file. Raises OSError."""

    def __init__(self, setting: str, owner: tuple[int, int]) -> None:
        self.setting = setting
        self.owner = owner
        self.maker = os.getpid()
        place: Any = parse_address(setting)
        self.path: str | None = place if isinstance(place, str) else None
        if self.path is not None:
            self.place: Any = self.path
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            host, port = place
            family, kind, protocol, _, self.place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self.socket = socket.socket(family, kind, protocol)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setblocking(False)  # another worker may be faster

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

    def bind(self) -> bool:
        """Listen. False: somebody has done so already. Raises OSError while the address is another's."""
        if self.is_bound():
            return False
        try:
            self.socket.bind(self.place)
        except OSError:
            if not self.is_bound():
                raise
            return False  # another worker was faster
        self.socket.listen(BACKLOG)
        if self.path is not None:
            os.chmod(self.path, OWNER_AND_GROUP)
            if os.geteuid() == 0:
                os.chown(self.path, *self.owner)
        return True

    # --- in the arbiter alone: two workers could remove each other's file ---

    def remove_dead_file(self) -> None:
        """An arbiter that was killed leaves its UNIX socket's file behind, at which nobody listens."""
        if self.path is None or self.is_bound() or not is_socket(self.path):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.setblocking(False)
            if probe.connect_ex(self.path) == errno.ECONNREFUSED:
                os.unlink(self.path)

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
    arbiter may have it, and each worker tries again."""
    global current, known
    known = setting
    if setting == OFF:
        return
    try:
        current = Address(setting, (cfg.uid, cfg.gid))
        atexit.register(current.end)
        current.remove_dead_file()
        current.bind()
        log.info("Admin address: %s", current)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or "GUNICORN_PID" not in os.environ:
            raise ConfigError(
                f"fastsrv_admin_bind = {setting!r} cannot be listened on: {error.strerror or error}") from error
        log.warning("fastsrv_admin_bind = %r is still the old arbiter's; it is tried again each second", setting)
    if current is not None and current.is_public():
        log.warning("fastsrv_admin_bind = %r is no address of this host alone: whoever reaches it can read it", setting)


def tend(setting: str, log: Any) -> None:
    """In the arbiter, before it forks another worker. setting: as it is by now; workers that live have the old one."""
    global known
    if setting != known:
        known = setting
        now = OFF if current is None else current.setting
        if setting != now:
            log.warning("fastsrv_admin_bind is %r now, and stays %r until gunicorn is started anew", setting, now)
    if current is not None and not current.is_bound():
        current.remove_dead_file()
        try:
            current.bind()
        except OSError:
            pass  # the workers try it each second
