"""The gunicorn worker class: the order of a worker's life. Its signals are in fastsrv/signals.py.

Serves nothing itself: fastsrv/server.py does, in the loop that is made here after the fork.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from typing import Any, NoReturn

from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError

import fastsrv.admin.address as address
from fastsrv.admin.paths import Paths
from fastsrv.admin.server import AdminServer
from fastsrv.application import load
from fastsrv.arbiter import begin, check_sockets, each_second, started, take_place, warn
from fastsrv.config.config import Config
from fastsrv.config.setting import ConfigError
from fastsrv.config.system import clash, take_group
from fastsrv.failed_app import app_of, shown_if_it_fails
from fastsrv.forks import Forks
from fastsrv.lifespan import LifespanFailed
from fastsrv.log.access import Access
from fastsrv.log.escaped import escape_controls
from fastsrv.log.identity import identify_by
from fastsrv.log.reopening import reopen_with_care
from fastsrv.loops import end_what_is_left, new_loop
from fastsrv.place import Verdict
from fastsrv.proxy.forwarded import Forwarded
from fastsrv.server import Server
from fastsrv.signals import Signals
from fastsrv.stacks import report, requests
from fastsrv.tls.renewal import Renewal
from fastsrv.versions import versions
from fastsrv.watchdog import Watchdog
from fastsrv_ext.allocator import keep_freed_memory

FATAL = (Arbiter.WORKER_BOOT_ERROR, Arbiter.APP_LOAD_ERROR)  # exit codes that end gunicorn


class Worker(Signals):
    """`gunicorn -k fastsrv.Worker app:app`."""

    wsgi: Any  # gunicorn's name for the app
    watchdog: Watchdog
    certificates: Renewal
    admin: AdminServer | None = None

    def __init__(self, *args: Any) -> None:
        """In the arbiter, before the fork."""
        super().__init__(*args)
        self.place = take_place(self)

    @classmethod
    def setup(cls) -> None:
        """Called by the arbiter at its start, and when it reloads (HUP)."""
        begin()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called by the arbiter before the first fork: the place to refuse settings."""
        config = cls.check_settings(cfg, log)
        try:
            check_sockets(cfg)
            address.open_address(config.admin["bind"], cfg, log)
        except ConfigError as error:
            log.error("%s", clash(cfg, config.admin["bind"]) or error)
            sys.exit(1)
        reopen_with_care(log)
        started()

    @classmethod
    def check_settings(cls, cfg: Any, log: Any) -> Config:
        """The part of check_config() that leaves nothing behind."""
        try:
            config = Config.from_gunicorn(cfg)
        except ConfigError as error:
            log.error("%s", error)
            sys.exit(1)
        warn(cfg, log)  # here: once, not in each worker
        return config

    @property
    def age(self) -> int:
        """The arbiter's number for it: a younger worker has a greater one. The arbiter itself, which asks each second,
        may be told another."""
        if os.getpid() != self.ppid or "place" not in vars(self):
            return self.number
        each_second(self.careful_log)
        return self.place.slot.passes_for

    @age.setter
    def age(self, age: int) -> None:
        """gunicorn's constructor says it."""
        self.number = age

    @property
    def nr(self) -> int:
        """gunicorn's name for the number of requests so far, for hooks."""
        return 0 if self.server is None else self.server.counters.count("requests")

    @nr.setter
    def nr(self, number: int) -> None:
        """gunicorn's constructor begins with 0."""

    def init_process(self) -> None:
        """All of the process's life. One that cannot start ends gunicorn, unless others serve: then it alone ends, and
        gunicorn starts another."""
        self.place.begin(os.getpid())
        if not self.place.shares_sockets:  # the kernel deals connections out to each process that listens
            for listener in self.sockets:
                listener.sock.shutdown(socket.SHUT_RD)  # type: ignore[attr-defined]
        try:
            take_group(self.cfg)
            super().init_process()
        except SystemExit as end:
            self.place.end()
            sys.exit(self.code_behind(end.code))
        except Exception as failure:
            if not self.fails_alone():
                raise
            if not isinstance(failure, AppImportError):  # of which load_app() has told
                self.log.exception("The worker cannot start")
            sys.exit(self.code_behind(Arbiter.WORKER_BOOT_ERROR))

    def fails_alone(self) -> bool:
        return self.place.is_booting() and self.place.others_are_there()

    def code_behind(self, code: Any) -> Any:
        """The code to exit with. One of FATAL would end the others, too."""
        if code not in FATAL or not self.fails_alone():
            return code
        self.log.warning("This worker has not started, and ends alone, as others serve")
        return 1

    def load_wsgi(self) -> None:
        """The first of our steps in the new process, and the last whose failure ends gunicorn: from then on it
        would boot workers for ever."""
        Forks(self, self.SIGNALS, self.has_forked, self.let_go)
        self.place.wait_behind_failures(self.goes_on)
        if not self.goes_on():
            sys.exit(0)
        self.prepare()
        self.watchdog = Watchdog(
            self.place, self.careful_log, report=lambda: report(self.loop, self.clock),
            requests=lambda: requests(self.clock), **self.config.watchdog)
        self.watchdog.start()
        self.open_admin()
        keep_freed_memory()
        self.load_app()
        # What is loaded stays: the collector need not look at it again.
        if not self.cfg.preload_app:  # a collection would write to each page that is shared with the arbiter
            gc.collect()
        gc.freeze()

    def goes_on(self) -> bool:
        """A signal before init_signals() is lost, and gunicorn says a stop but once: the board knows of it."""
        return self.alive and not self.place.is_stopping()

    def prepare(self) -> None:
        escape_controls(self.log)
        try:
            self.config = Config.from_gunicorn(self.cfg)  # the file may have changed since check_config (HUP)
            self.certificates = Renewal(self.cfg, self.careful_log, **self.config.tls)
            if not self.sockets:
                raise ConfigError(f"There is nothing to listen on: bind = {self.cfg.settings['bind'].get()!r}")
        except ConfigError as error:
            self.log.error("%s", error)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        except SystemExit as end:
            if not self.alive:  # a signal's
                raise
            self.log.error("The ssl_context hook has exited: %s", end)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        self.loop = new_loop(**self.config.loop)
        asyncio.set_event_loop(self.loop)

    def open_admin(self) -> None:
        """Before the app is loaded, which may take long."""
        if address.current is not None and self.place.board is not None:
            paths = Paths(self.place.board, self.config.admin["blocked_after"], self.config.loop["kind"])
            self.admin = AdminServer(address.current, paths.answer, self.careful_log)
            self.admin.start()

    def load_app(self) -> None:
        """With `reload` a page shows what is wrong with the app, until a file changes."""
        try:
            self.wsgi = load(self.app)
            if self.cfg.reload:
                self.wsgi = shown_if_it_fails(self.wsgi, self.log)
        except (Exception, SystemExit) as failure:
            end = failure.__cause__ or failure
            if isinstance(end, SystemExit) and not self.alive:  # a signal's, not the app's
                raise end from None
            if isinstance(failure, AppImportError):
                self.log.error("%s", failure)
            if not self.cfg.reload or not self.alive:
                raise
            self.wsgi = app_of(failure, self.reloader, self.log)

    def run(self) -> None:
        assert self.loop is not None
        self.booted = False  # gunicorn's, which starts a worker that has booted anew, at once, however it ends
        try:
            for job in (self.serve, self.end_loop):
                task = asyncio.Task(job(), loop=self.loop)
                while not task.done():
                    self.run_until_exit(task)
                task.result()
            self.loop.close()
        except LifespanFailed as failure:
            self.careful_log.error("The app failed to start: %s", failure, exc_info=failure.__cause__)
            self.exit(Arbiter.WORKER_BOOT_ERROR)
        except BaseException:
            if signal.SIGABRT not in self.heard:
                raise
        self.exit(1 if signal.SIGABRT in self.heard else 0)

    def run_until_exit(self, task: asyncio.Task[None]) -> None:
        """Run the loop until the end of `task`, or a SystemExit of a task of the app's own, which no loop swallows.

        The answers that are owed come first; and gunicorn, which takes some exit codes for a failure to boot, should
        not end with the worker.
        """
        assert self.loop is not None
        try:
            self.loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as failure:
            if signal.SIGABRT in self.heard or task.done() or self.server is None or not self.server.started:
                raise
            self.careful_log.error("A task or callback of the app raised %r, the worker ends", failure)
            self.alive = False
            self.server.stop()

    async def serve(self) -> None:
        access = Access(self, self.cfg, self.log, self.config.log["access_format"])
        forwarded = Forwarded(self.cfg, **self.config.forwarded)
        sockets = [listener.sock for listener in self.sockets]  # type: ignore[attr-defined]
        self.server = Server(
            self.wsgi, self.config, sockets, self.careful_log,
            watch=self.watch, beat=self.notify, ready=self.ready, full=self.full, place=self.place,
            tls=self.certificates.context,
            max_requests=0 if self.max_requests == sys.maxsize else self.max_requests,
            finished=access.finished, unserved=access.unserved, before=access.before,
            forwarded=forwarded.apply, identify=identify_by(self.config.log["request_id"], forwarded.trusts_peer),
        )
        self.certificates.start(self.server.take_context)
        await self.server.serve()
        self.certificates.end()
        self.watchdog.end()

    async def end_loop(self) -> None:
        assert self.server is not None
        await end_what_is_left(self.server.timetable.leave)

    def ready(self) -> None:
        """The app has started: from now on we serve."""
        self.booted = True
        is_first = self.place.ready()
        if not self.place.shares_sockets:
            for listener in self.sockets:
                listener.sock.listen(self.cfg.backlog)  # type: ignore[attr-defined]
        self.careful_log.info("Ready after %.2f s: %s", self.place.lasted(), versions(self.config.loop["kind"]))
        if is_first:
            self.careful_log.info("The first worker is ready: the service is up")

    def watch(self) -> None:
        """With every tick: should we go on?"""
        assert self.server is not None
        if self.alive and self.ppid != os.getppid():
            self.careful_log.info("The arbiter has gone, the worker ends")
            self.alive = False
        if self.alive and self.place.is_retiring():
            self.retire()
        if not self.alive:
            self.server.stop(self.last_resort.timetable)

    def full(self) -> None:
        """max_requests is reached."""
        self.place.fill()
        self.retire()

    def retire(self) -> None:
        """It is to end: when the others can do without it."""
        assert self.server is not None
        verdict = self.place.judge(self.retire_timeout, self.config.end["shutdown_delay"])
        if verdict is Verdict.STAY:
            self.last_resort.end_if_it_hangs(self.end_behind(self.retire_timeout))
        elif verdict is Verdict.LEAVE:
            self.server.stop()
            self.server.stop(self.last_resort.timetable)  # which may be earlier
            self.last_resort.end_by(self.server.timetable)
        elif verdict is Verdict.RESUME:
            self.careful_log.error(
                "The new workers could not start: this one serves on with the old code. Mend it, and send HUP again")
            self.heard.discard(signal.SIGTERM)
            self.last_resort.call_off()
            self.place.resume()

    @property
    def should_exit(self) -> bool:
        """Does the worker end? sse-starlette asks for it, of whatever handles SIGTERM, to end its streams by."""
        return not self.alive or (self.server is not None and self.server.stopping.is_set())

    def exit(self, code: int) -> NoReturn:
        """Exit by way of gunicorn's worker_exit hook. Python waits for threads and child processes of the app's before
        it ends."""
        self.last_resort.code = self.code_behind(code)
        self.place.rest()
        self.last_resort.end_by(self.end_behind(0))
        if self.server is not None:
            self.last_resort.end_by(self.server.timetable)
        self.watchdog.end()  # of a worker that is aborted
        if self.admin is not None:
            self.admin.end()
        sys.exit(self.last_resort.code)

    def has_forked(self) -> None:
        """The app has made a child, which has copies of all connections."""
        if self.server is not None and self.server.started:
            self.server.context.forked = True

    def let_go(self) -> None:
        """In a child that the app has forked."""
        if self.server is None:
            self.close_sockets()
        else:
            self.server.listeners.let_go()
        if self.admin is not None:
            self.admin.let_go()


def setup() -> NoReturn:
    """Called by gunicorn for `-k fastsrv.worker`, which takes this module for the class."""
    sys.exit("Error: fastsrv.worker is a module: write the class, fastsrv.Worker")
