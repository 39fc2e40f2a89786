"""Certificates that are renewed on disk: a worker's TLS context, and a new one when its files have changed.

Touches no connection. fastsrv/worker.py has one; where a new context goes, it is told.
"""

from __future__ import annotations

import os
import signal
import ssl
import threading
from collections.abc import Callable
from typing import Any

from fastsrv.config.setting import ConfigError
from fastsrv.config.tls import FILES, tls_context

Identity = tuple[int, ...] | None


class Renewal:
    """Makes the first context: `context`, None without TLS. Raises ConfigError, and what an ssl_context hook raises.

    cfg: gunicorn's. log: one that raises nothing. reload: seconds between two looks at the files; 0 for none.
    """

    def __init__(self, cfg: Any, log: Any, *, reload: float) -> None:
        self.cfg = cfg
        self.log = log
        self.seconds = reload
        self.taken_up = self.seen = identities(cfg)  # before they are read: what comes later is a change
        self.context = tls_context(cfg)
        self.told = ""  # why the new files cannot be used
        self.over = threading.Event()

    def start(self, take: Callable[[ssl.SSLContext], None]) -> None:
        """take(context): a new one has been made. It is called in a thread of its own, where a file system that hangs,
        and a hook that takes its time, hold up nobody."""
        self.take = take
        if self.seconds and self.context is not None:
            threading.Thread(target=self.run, name="fastsrv's certificates", daemon=True).start()

    def end(self) -> None:
        self.over.set()

    def run(self) -> None:
        # A signal is to wake the main thread, which runs its handler.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self.over.wait(self.seconds):
            self.look()

    def look(self) -> None:
        """Have the files changed, and are they as they were at the last look? Who writes them may be at it: a
        certificate without the rest of its chain would do, too."""
        found, self.seen = self.seen, identities(self.cfg)
        if self.seen == found and found != self.taken_up:
            self.renew()
        elif self.seen == self.taken_up:
            self.told = ""

    def renew(self) -> None:
        try:
            context = tls_context(self.cfg)
        except ConfigError as error:
            self.tell(f"{error}")
        except (Exception, SystemExit) as error:
            self.tell(f"the ssl_context hook has failed: {error!r}")
        else:
            assert context is not None
            self.taken_up, self.told = self.seen, ""
            if context is self.context:
                self.log.warning(
                    "TLS files have changed, but the ssl_context hook returns the context that it has returned before: "
                    "have it make a new one")
                return
            self.context = context
            self.take(context)
            self.log.info("TLS files have changed: new connections use the new ones")

    def tell(self, why: str) -> None:
        """Once, as it is tried again with each look."""
        if why != self.told:
            self.told = why
            self.log.error(
                "Changed TLS files are not taken up: %s; new connections go on with what was there before, and it is "
                "tried again each %g seconds", why, self.seconds)


def identities(cfg: Any) -> list[Identity]:
    """By which a file is known to be another one, or another one's: a path may lead over symbolic links."""
    return [identity(getattr(cfg, name)) for name in FILES if getattr(cfg, name)]


def identity(path: str) -> Identity:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
