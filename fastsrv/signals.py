"""The signals of a worker, and what ends it where its loop does not turn.

Python's own handlers, which run even while an app blocks the loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers import base

from fastsrv.board import TEXT
from fastsrv.config.config import Config
from fastsrv.config.gunicorns import graceful_timeout
from fastsrv.last_resort import LastResort
from fastsrv.log.careful import CarefulLog
from fastsrv.place import Place
from fastsrv.reports import cut
from fastsrv.server import Server
from fastsrv.stacks import report
from fastsrv.timetable import LAST_WORD, NEVER, QUICK, QUICKER, Timetable
from fastsrv_ext.clock import Clock


class Signals(base.Worker):
    """gunicorn's worker, whose methods are its handlers; fastsrv/worker.py has the rest."""

    config: Config
    place: Place
    loop: asyncio.AbstractEventLoop | None = None
    server: Server | None = None
    lives = True  # alive

    def __init__(self, *args: Any) -> None:
        """In the arbiter, before the fork."""
        super().__init__(*args)
        self.careful_log = CarefulLog(self.log)
        self.heard: set[int] = set()  # of TERM, QUIT (INT is another name for it) and ABRT: which have come
        self.last_resort = LastResort(self.careful_log)

    @property
    def alive(self) -> bool:
        """gunicorn's word for a worker that is to go on."""
        return self.lives

    @alive.setter
    def alive(self, alive: bool) -> None:
        """False ends it: from signal handlers, and from the reloader's thread, whatever the loop is at."""
        self.lives = alive
        if not alive:
            self.last_resort.end_by(self.end_behind(0))

    @property
    def clock(self) -> Clock | None:
        """Of who waits for whom."""
        return None if self.server is None else self.server.clock

    def end_behind(self, seconds: float) -> Timetable:
        """Of a graceful end that begins in so many seconds."""
        return Timetable.graceful(time.monotonic() + seconds, graceful_timeout(self.cfg))

    @property
    def retire_timeout(self) -> float:
        """Seconds for which one that is to end serves on, at most."""
        timeout: float = self.config.end["retire_timeout"]
        return timeout if self.place.shares_sockets else min(timeout, self.config.end["graceful_timeout"] / 2)

    def init_signals(self) -> None:
        super().init_signals()
        for number in (signal.SIGHUP, signal.SIGUSR2):  # gunicorn leaves these deadly
            signal.signal(number, self.handle_arbiters)

    def handle_arbiters(self, sig: int, frame: Any) -> None:
        """HUP, USR2: it is the arbiter that does what is asked for. They come where all processes of the service are
        told. (No SIG_IGN, which what the app starts would have, too.)"""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """TERM: end gracefully. The arbiter may say it time and again, and counts from the first."""
        self.heard.add(signal.SIGTERM)
        self.place.tell()
        if signal.SIGQUIT in self.heard:  # Python has no order for signals that come together
            self.last_resort.end_by(Timetable.quick(time.monotonic(), QUICKER))
        if self.server is None or not self.server.started:
            super().handle_exit(sig, frame)
            self.close_sockets()  # who connects would wait for one that never serves
        else:  # when it leaves watch() says, in the loop; this is for one that never turns
            if self.place.is_stopping() or not self.place.shares_sockets:  # the arbiter kills, or may
                self.last_resort.end_by(self.end_behind(0))
            elif self.last_resort.if_it_hangs is NEVER:
                self.last_resort.end_if_it_hangs(self.end_behind(self.retire_timeout))

    def handle_usr1(self, sig: int, frame: Any) -> None:
        """USR1: reopen the log files; in the loop, as a write to one of them may just be interrupted."""
        self.soon(self.log.reopen_files)

    def handle_winch(self, sig: int, frame: Any) -> None:
        """WINCH, from a terminal whose size changes: a line at level debug."""
        self.soon(super().handle_winch, sig, frame)

    def soon(self, function: Callable[..., object], *args: Any) -> None:
        """function(*args) when whatever a signal has interrupted is done; at once where no loop will turn."""
        if self.loop is None or self.loop.is_closed():
            function(*args)
        else:
            self.loop.call_soon_threadsafe(function, *args)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """QUIT, INT: end now."""
        if signal.SIGQUIT in self.heard:
            return
        self.heard.add(signal.SIGQUIT)
        seconds = QUICKER if signal.SIGTERM in self.heard else min(QUICK, max(self.cfg.graceful_timeout, LAST_WORD))
        self.last_resort.end_by(Timetable.quick(time.monotonic(), seconds))
        if self.server is None:
            super().handle_quit(sig, frame)
        else:
            self.alive = False
            self.server.stop(self.last_resort.timetable)
            self.cfg.worker_int(self)

    def handle_abort(self, sig: int, frame: Any) -> None:
        """ABRT: the arbiter has missed our heartbeat. Say what everybody was doing, then die."""
        self.heard.add(signal.SIGABRT)  # to end now, whatever the app does
        if self.loop is not None and not self.loop.is_closed():
            self.loop.stop()  # the SystemExit that follows may get lost: in the app, or in uvloop
        self.careful_log.critical(
            "The worker (pid %s) was aborted; it was doing this:\n%s",
            os.getpid(), cut(report(self.loop, self.clock, frame), TEXT).decode())
        super().handle_abort(sig, frame)

    def close_sockets(self) -> None:
        for listener in self.sockets:
            listener.sock.close()  # type: ignore[attr-defined]
