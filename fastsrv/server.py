"""One event loop that serves: listeners, the clock's tick, the graceful drain.

Knows gunicorn's settings only through Config, and no signal: fastsrv/worker.py makes a Server, runs
serve(), and tells it to stop.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any

from fastsrv.config import Config
from fastsrv.dispatch import Dispatch
from fastsrv.lifespan import Lifespan, LifespanFailed
from fastsrv_ext.clock import TICK, Clock
from fastsrv_ext.context import Context, Limits
from fastsrv_ext.http import HTTP

LAST_WORD = 1.0  # seconds that cancelled apps get to clean up before the worker goes on without them


class Listening(socket.socket):
    """A socket that gunicorn has made to listen. asyncio would do so again, and cut the kernel's queue of
    connections down to the few that it is to accept in one go: who comes meanwhile tries again a second later."""

    def listen(self, backlog: int = 0, /) -> None:
        pass


class Server:
    """Serves `app` on `sockets` until stop() is called.

    beat(): called with every tick, first when start-up has succeeded (gunicorn's heartbeat).
    log: gunicorn's logger. finished, before, forwarded: see Context and Dispatch.
    """

    def __init__(
        self, app: Callable[..., Any], config: Config, sockets: list[socket.socket], log: Any, *,
        beat: Callable[[], None] = lambda: None, tls: ssl.SSLContext | None = None, max_requests: int = 0,
        finished: Callable[..., None] | None = None, before: Callable[..., None] | None = None,
        forwarded: Callable[..., None] | None = None,
    ) -> None:
        self.config = config
        self.sockets = sockets
        self.log = log
        self.beat = beat
        self.tls = tls
        self.loop = asyncio.get_running_loop()
        self.dispatch = Dispatch(app, self.loop, log, before)
        self.lifespan = Lifespan(app, config.lifespan, log)
        self.stopping = asyncio.Event()
        self.quickly = False
        self.listeners: list[asyncio.AbstractServer] = []
        self.opening: asyncio.Task[None] | None = None
        self.clock = Clock(
            header=config.header_timeout, keepalive=config.keepalive or TICK, body=config.body_timeout,
            send=config.send_timeout, drain=config.drain_timeout, close=config.close_timeout,
        )
        self.options = {
            "finished": finished, "forwarded": forwarded, "max_requests": max_requests,
            "max_connections": config.worker_connections, "root_path": config.root_path,
            "keepalive": config.keepalive > 0, "scheme": "https" if tls is not None else "http",
        }
        self.context: Context | None = None

    async def serve(self) -> None:
        """Start up, serve, drain, shut down. Raises LifespanFailed if the app cannot start."""
        await self.lifespan.startup()
        config = self.config
        self.context = Context(
            loop=self.loop, clock=self.clock, dispatch=self.dispatch.start, refused=self.refused,
            crowded=self.crowded, exhausted=self.exhausted, state=self.lifespan.state,
            limits=Limits(
                request_line=config.limit_request_line, request_fields=config.limit_request_fields,
                request_field_size=config.limit_request_field_size, request_head=config.limit_request_head,
                min_rate=config.min_rate,
            ),
            **self.options,
        )
        heart = self.loop.create_task(self.heartbeat())
        try:
            await self.listen()
            stop = self.loop.create_task(self.stopping.wait())
            await asyncio.wait({heart, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if heart.done():
                self.log.critical("The heartbeat has ended; a worker without a clock stops")
                heart.result()
            await self.drain()
        finally:
            self.close_listeners()
            await self.shut_down()
            heart.cancel()

    def stop(self, *, quickly: bool = False) -> None:
        """End serve(): after the answers that are owed, or `quickly`, without."""
        self.quickly = self.quickly or quickly
        self.stopping.set()

    # --- the clock ---

    async def heartbeat(self) -> None:
        self.beat()
        while True:
            await asyncio.sleep(TICK)
            self.clock.advance()
            self.context.refresh_date()
            self.beat()
            # One poll of the loop, so that bytes which came in during a stall are read before the clock judges.
            await asyncio.sleep(0)
            self.clock.judge()

    # --- listeners ---

    async def listen(self) -> None:
        """Accept connections. Each listener has a duplicate of its socket, since closing it closes that."""
        uses_uvloop = type(self.loop).__module__.startswith("uvloop")
        for listening in self.sockets:
            duplicate = Listening(fileno=os.dup(listening.fileno()))
            # asyncio accepts `backlog` connections in one go, more than worker_connections may have left.
            options: dict[str, Any] = {
                "sock": duplicate, "ssl": self.tls, "backlog": self.config.backlog if uses_uvloop else 1,
            }
            if listening.family == socket.AF_UNIX and uses_uvloop:
                listener = await self.loop.create_unix_server(self.connection, **options)
            else:
                listener = await self.loop.create_server(self.connection, **options)
            self.listeners.append(listener)

    def connection(self) -> HTTP:
        return HTTP(self.context)

    def close_listeners(self) -> None:
        if self.opening is not None:
            self.opening.cancel()
            self.opening = None
        for listener in self.listeners:
            listener.close()
        self.listeners.clear()

    def crowded(self, full: bool) -> None:
        """worker_connections is reached: let the others wait in the kernel's queue, until there is room."""
        if full:
            self.log.debug("worker_connections (%d) reached", self.config.worker_connections)
            self.close_listeners()
        elif not self.stopping.is_set() and self.opening is None:
            self.opening = self.loop.create_task(self.reopen())

    async def reopen(self) -> None:
        await self.listen()
        self.opening = None

    # --- the end ---

    def exhausted(self) -> None:
        self.log.info("max_requests reached, the worker ends")
        self.context.draining = True
        self.stop()

    def refused(self, client: tuple[str, int] | None, status: int, reason: str) -> None:
        """A 4xx of ours. At level debug, so that a flood of them fills no disk."""
        self.log.debug("Refused a request from %s: %d, %s", client[0] if client else "a local socket", status, reason)

    async def drain(self) -> None:
        """Accept nothing more, close what is idle, let what is in flight finish, within graceful_timeout."""
        self.close_listeners()
        self.context.draining = True
        for state in ("IDLE", "HEAD"):
            for connection in self.clock.waiting(state):
                connection.shut()
        bound = self.loop.time() + self.config.graceful_timeout
        while (self.context.connections or self.dispatch.tasks) and not self.quickly:
            if self.loop.time() > bound:
                self.log.warning(
                    "graceful_timeout (%s s) is over with %d connections open and %d apps running; they end now",
                    self.config.graceful_timeout, self.context.connections, len(self.dispatch.tasks))
                break
            await asyncio.sleep(TICK / 5)

    async def shut_down(self) -> None:
        """Drop what is left, then tell the app that serving has ended."""
        for state in self.clock.census():
            for connection in self.clock.waiting(state):
                connection.abort()
        tasks = list(self.dispatch.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_WORD)
        bound = max(self.config.graceful_timeout, LAST_WORD)
        try:
            await asyncio.wait_for(self.lifespan.shutdown(), bound)
        except LifespanFailed as failure:
            self.log.error("The app failed to shut down: %s", failure, exc_info=failure.__cause__)
        except asyncio.TimeoutError:
            self.log.error("The app did not shut down within %s s (graceful_timeout)", bound)
