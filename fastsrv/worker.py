"""The gunicorn worker class: signals, heartbeat, hooks, exit.

Serves nothing itself: fastsrv/server.py does, in the loop that is made here after the fork.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import traceback
from typing import Any

from gunicorn import sock
from gunicorn.arbiter import Arbiter
from gunicorn.errors import AppImportError
from gunicorn.workers import base

from fastsrv.access import Access
from fastsrv.config import Config, ConfigError
from fastsrv.dispatch import NotASGI, check_app
from fastsrv.forwarded import Forwarded
from fastsrv.lifespan import LifespanFailed
from fastsrv.server import Server


class Worker(base.Worker):
    """`gunicorn -k fastsrv.Worker app:app`."""

    config: Config
    server: Server | None = None
    loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called by the arbiter before the first fork: the place to refuse settings."""
        try:
            Config.from_gunicorn(cfg)
        except ConfigError as error:
            log.error("%s", error)
            sys.exit(1)

    # --- the order of life ---

    def init_process(self) -> None:
        self.config = Config.from_gunicorn(self.cfg)  # the file may have changed since check_config (HUP)
        self.loop = new_loop(self.config.loop)
        asyncio.set_event_loop(self.loop)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app. One that is no ASGI 3 app ends gunicorn, as one that cannot be imported does."""
        try:
            self.wsgi = self.app.wsgi()
        except SyntaxError as error:
            if not self.cfg.reload:
                raise
            self.log.exception(error)
            if self.reloader is not None and error.filename is not None:
                self.reloader.add_extra_file(error.filename)
            self.wsgi = failed_app(traceback.format_exc())
        try:
            check_app(self.wsgi)
        except NotASGI as error:
            self.log.error("%s", error)
            raise AppImportError(str(error)) from None
        # What is loaded stays: the collector need not look at it again, and preloaded pages stay shared.
        gc.collect()
        gc.freeze()

    def run(self) -> None:
        assert self.loop is not None
        try:
            self.loop.run_until_complete(self.serve())
        except LifespanFailed as failure:
            self.log.error("The app failed to start: %s", failure, exc_info=failure.__cause__)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    async def serve(self) -> None:
        access = Access(self, self.cfg, self.log)
        self.server = Server(
            self.wsgi, self.config, [listener.sock for listener in self.sockets], self.log, beat=self.beat,
            tls=sock.ssl_context(self.cfg) if self.cfg.is_ssl else None,
            max_requests=0 if self.max_requests == sys.maxsize else self.max_requests,
            finished=access.finished, before=access.before, forwarded=Forwarded(self.cfg).apply,
        )
        await self.server.serve()

    def beat(self) -> None:
        """With every tick: tell the arbiter that we live, and see whether we should go on."""
        self.notify()
        if not self.alive:  # a signal, or the reloader's thread
            self.server.stop()
        elif self.ppid != os.getppid():
            self.log.info("The arbiter has gone, the worker ends")
            self.server.stop()

    # --- signals: Python's own handlers, which run even while an app blocks the loop ---

    def handle_quit(self, sig: int, frame: Any) -> None:
        """QUIT, INT: stop now."""
        if self.server is None:
            super().handle_quit(sig, frame)
        if self.alive or not self.server.quickly:
            self.alive = False
            self.cfg.worker_int(self)
            self.server.stop(quickly=True)

    def handle_abort(self, sig: int, frame: Any) -> None:
        """ABRT: the arbiter has missed our heartbeat. Say what everybody was doing, then die."""
        self.log.critical("%s", self.stacks())
        super().handle_abort(sig, frame)

    def stacks(self) -> str:
        """Every thread's stack, every task's stack, and the requests in flight, for the error log."""
        lines = [f"The worker (pid {os.getpid()}) was aborted; this is what it was doing"]
        for ident, frame in sys._current_frames().items():
            lines.append(f"Thread {ident:#x}:")
            lines.append("".join(traceback.format_stack(frame)))
        for task in asyncio.all_tasks(self.loop) if self.loop is not None else ():
            lines.append(f"{task!r}:")
            for frame in task.get_stack():
                lines.append("".join(traceback.format_stack(frame, limit=1)))
        if self.server is not None:
            for state in ("RESPOND", "BODY", "SEND"):
                lines += [f"In flight ({state}): {connection.describe()}"
                          for connection in self.server.clock.waiting(state)]
        return "\n".join(lines)


def new_loop(kind: str) -> asyncio.AbstractEventLoop:
    """A new event loop: "uvloop" or "asyncio"."""
    if kind == "asyncio":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def failed_app(reason: str) -> Any:
    """An app that answers 500 with `reason`: what --reload serves until the syntax error is gone."""
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 500,
                        "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
            await send({"type": "http.response.body", "body": reason.encode()})

    return app
