"""One event loop that serves: start-up, the clock's tick, the graceful drain.

Knows gunicorn's settings only through Config, and no signal: fastsrv/worker.py makes a Server, runs
serve(), and tells it to stop. fastsrv/listeners.py accepts its connections.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from fastsrv.board import State
from fastsrv.config.config import Config
from fastsrv.dispatch import Dispatch
from fastsrv.drain import Drain
from fastsrv.lifespan import Lifespan
from fastsrv.listeners import make_listeners
from fastsrv.log.seldom import Seldom
from fastsrv.log.slow import SlowRequests
from fastsrv.place import Place
from fastsrv.proxy.layer import PrefaceLayer
from fastsrv.proxy.peers import Peers
from fastsrv.timetable import NEVER, Timetable
from fastsrv.tls.extension import TLSExtension
from fastsrv_ext.clock import TICK, Clock
from fastsrv_ext.context import Callbacks, CommonResponse, CommonScope, Context, Limits, Service
from fastsrv_ext.counters import Counters
from fastsrv_ext.http1.protocol import HTTP1
from fastsrv_ext.share import Share
from fastsrv_ext.websocket.handshake import Upgrade
from fastsrv_ext.wire.connection import Connection
from fastsrv_ext.wire.tls import TLS

POLL = 0.05  # seconds between two looks at the timetable, which may become an earlier one


# Protocols beside HTTP/1.1. By the name of an Upgrade field, in lower case, and of the topic of its settings: what they
# make is (connection, cycle) -> bool, which answers by connection.switch() or as HTTP/1.1. By the name of TLS's ALPN:
# (context) -> its Connection.
UPGRADES: dict[str, Callable[..., Callable[..., bool]]] = {"websocket": Upgrade}
ALPN: dict[str, Callable[..., Connection]] = {}


class Server:
    """Serves `app` on `sockets` until stop() is called.

    context: made when start-up has succeeded. counters: what has happened so far.
    watch(): called with every tick from the first moment on, the place to call stop().
    beat(): called with every tick once start-up has succeeded (gunicorn's heartbeat).
    ready(): start-up has succeeded; by default `place` is told. full(): max_requests is reached: the place to call
    stop(), now or later; by default it is called.
    place: among other workers; by default there are none.
    sockets: closed when nothing more is accepted; other processes' copies are their own.
    log: gunicorn's logger. finished, unserved, before, forwarded, identify: see Callbacks and Dispatch. max_requests: 0
    for no limit.
    """

    def __init__(
        self, app: Callable[..., Any], config: Config, sockets: list[socket.socket], log: Any, *,
        watch: Callable[[], None] = lambda: None, beat: Callable[[], None] = lambda: None,
        ready: Callable[[], object] | None = None, full: Callable[[], None] | None = None, place: Place | None = None,
        tls: ssl.SSLContext | None = None, max_requests: int = 0,
        finished: Callable[..., None] | None = None, unserved: Callable[..., None] | None = None,
        before: Callable[..., None] | None = None, forwarded: Callable[..., None] | None = None,
        identify: Callable[..., None] | None = None,
    ) -> None:
        self.config = config
        self.log = log
        self.seldom = Seldom(log)
        self.watch = watch
        self.beat = beat
        self.full = self.stop if full is None else full
        self.place = Place(None, 0) if place is None else place
        self.ready = self.place.ready if ready is None else ready
        self.loop = asyncio.get_running_loop()
        self.lifespan = Lifespan(app, log=log, **config.lifespan)
        self.started = False
        self.stopping = asyncio.Event()
        self.timetable = NEVER  # of the end, once it was asked for
        self.counters = Counters(self.place.slot.counters)
        self.clock = Clock(**config.clock)
        self.dispatch = Dispatch(app, self.loop, log, before, clock=self.clock, **config.dispatch)
        if config.log["slow_request"]:
            finished = SlowRequests(config.log["slow_request"], self.seldom.warn, finished).tell
        self.callbacks = Callbacks(
            dispatch=self.dispatch.start, gone=self.dispatch.gone, finished=finished, unserved=unserved,
            forwarded=forwarded, identify=identify, warn=self.seldom.warn, crowded=self.crowded, ahead=self.ahead,
            exhausted=self.exhausted,
        )
        self.max_requests = max_requests
        self.declined: set[str] = set()  # names of protocols
        self.tls = tls
        self.prefaces = config.preface["versions"] != "off"
        self.proxies = Peers(config.preface["proxies"])
        self.tls_extension = TLSExtension()
        self.direct = writes_at_once(self.loop)
        self.share = Share(State.READY)
        self.listeners = make_listeners(
            self.loop, sockets, self.protocol, log, connected=lambda: self.context.connections, least=self.share.least,
            **config.listeners)

    async def serve(self) -> None:
        """Start up, serve, drain, shut down. Raises LifespanFailed if the app cannot start."""
        # No loop.create_task(), here or elsewhere for what is ours: a task factory of the app's is for its requests.
        heart = asyncio.Task(self.heartbeat(), loop=self.loop)
        stop = asyncio.Task(self.stopping.wait(), loop=self.loop)
        starting = asyncio.Task(self.lifespan.startup(), loop=self.loop)
        try:
            await first_of(starting, stop, heart)
            if starting.done():
                starting.result()
                self.start()
                await first_of(stop, heart)
            if heart.done():
                self.log.critical("The heartbeat has ended; a worker without a clock stops")
                heart.result()
            if self.started:
                await Drain(self).run()
        finally:
            self.stop()
            starting.cancel()
            await self.shut_down()
            heart.cancel()
            self.place.rest()

    def start(self) -> None:
        """The app is ready: accept connections."""
        config = self.config
        self.context = Context(
            loop=self.loop, direct=self.direct and self.tls is None, clock=self.clock, counters=self.counters,
            share=self.share, callbacks=self.callbacks, limits=Limits(**config.limits),
            service=Service(max_requests=self.max_requests, **config.service),
            scope=CommonScope(
                scheme="http" if self.tls is None else "https", state=self.lifespan.state, tls=self.tls is not None,
                **config.scope),
            response=CommonResponse(**config.response), alpn=ALPN,
            upgrades={name.encode(): self.upgrade(name, make) for name, make in UPGRADES.items()},
        )
        self.dispatch.refresh()
        self.watch()
        if self.stopping.is_set():
            return
        self.started = True  # a signal leaves the sockets to us from here on
        self.ready()
        self.place.beat()
        self.beat()
        self.watch()
        if not self.stopping.is_set():
            self.listeners.open()

    def upgrade(self, name: str, make: Callable[..., Callable[..., bool]]) -> Callable[..., bool]:
        """What is done of a request that asks for the protocol of this name."""
        if self.config.upgrades[name]:
            return make(**getattr(self.config, name))

        def decline(connection: Connection, exchange: Any) -> bool:
            if name not in self.declined:
                self.declined.add(name)
                self.log.warning(
                    "A client has asked for %s, which fastsrv_%s = off has switched off; this is said once", name, name)
            return False

        return decline

    def stop(self, timetable: Timetable | None = None) -> None:
        """End serve() by `timetable`; without one, gracefully within graceful_timeout from now on.

        May be called time and again; the earliest end counts.
        """
        if timetable is None:
            timetable = Timetable.graceful(monotonic(), self.config.end["graceful_timeout"])
        self.timetable = self.timetable.earlier(timetable)
        self.stopping.set()

    # --- the clock ---

    async def heartbeat(self) -> None:
        while True:
            self.watch()
            began = monotonic()
            await asyncio.sleep(TICK)
            if self.started:
                self.counters.tick_was_late(monotonic() - began - TICK)
                await self.tick()

    async def tick(self) -> None:
        self.clock.advance()
        self.context.response.refresh_date()
        self.dispatch.refresh()
        self.place.beat()
        self.counters.note_states(self.clock.census())
        self.share.look_at([] if self.context.draining else self.place.peers())
        self.seldom.tick()
        self.beat()
        # Bytes that came in during a stall are read before the clock judges. The first turn polls for them; asyncio's
        # loop calls their readers behind what was due already, so that takes a second one.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        while self.clock.judge(self.context.budget):
            self.place.beat()  # the loop turns, however many there are
            await asyncio.sleep(0)

    # --- what the connections report ---

    def protocol(self) -> HTTP1 | TLS | PrefaceLayer:
        """For a new connection."""
        http = HTTP1(self.context)
        protocol = http if self.tls is None else TLS(
            self.tls, http, self.no_tls, extension=self.tls_extension.of, direct=self.direct,
            budget=self.context.budget)
        return protocol if not self.prefaces else PrefaceLayer(
            http, protocol, self.config.preface["versions"], self.proxies)

    def take_context(self, context: ssl.SSLContext) -> None:
        """For new connections; those that are there keep theirs. May be called in any thread."""
        self.tls = context

    def no_tls(self, error: Exception, peer: str) -> None:
        """A handshake that failed, or bytes that are not what they should be. No warning: whoever looks for open ports
        causes it, but an expired certificate shows in nothing else."""
        self.seldom.info("tls_failed", "A TLS connection failed at %s: %s", peer, error)

    def crowded(self, full: bool) -> None:
        """worker_connections is reached, or there is room again."""
        if full:
            self.seldom.warn(
                "worker_connections", "worker_connections (%d) reached: further clients wait",
                self.config.listeners["limit"])
        self.listeners.room_changed()

    def ahead(self) -> None:
        """This worker has clearly more connections than another."""
        self.listeners.give_way()

    def exhausted(self) -> None:
        """max_requests is reached."""
        self.log.info("max_requests reached, the worker is to end")
        self.full()
        if self.stopping.is_set():  # the answer to this request is the last of its connection
            self.context.draining = True

    # --- the end ---

    async def shut_down(self) -> None:
        """Drop what is left, then tell the app that serving has ended."""
        self.listeners.end()
        self.listeners.drop()
        for connection in self.clock.connections():
            connection.abort()
        tasks = self.dispatch.end()
        if tasks:
            self.log.warning("%d requests are ended before they are done", len(tasks))
            await self.until("shutdown", *tasks)
        ending = asyncio.Task(self.lifespan.shutdown(), loop=self.loop)
        await self.until("cleanup", ending)
        failure = ending.exception() if ending.done() else TimeoutError("the time for it is over")
        if failure is not None:
            self.log.error("The app failed to shut down: %s", failure, exc_info=failure.__cause__)
        ending.cancel()
        await self.until("leave", asyncio.Task(self.lifespan.end(), loop=self.loop))
        self.seldom.sum_up()
        refused = self.counters.snapshot()["refused"]
        if refused:
            self.log.info("Requests refused: %s", ", ".join(
                f"{refused[kind]} {kind}" for kind in sorted(refused, key=refused.__getitem__, reverse=True)))

    async def until(self, step: str, *tasks: asyncio.Task[None]) -> None:
        """Wait for `tasks`, until the timetable's `step` begins. They get a turn of the loop in any case."""
        left: set[asyncio.Task[None]] = set(tasks)
        while left:
            rest = getattr(self.timetable, step) - monotonic()  # less than a moment ago, if a quick end is asked for
            _, left = await asyncio.wait(left, timeout=max(0.0, min(rest, POLL)))
            if rest <= 0:
                break


async def first_of(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def writes_at_once(loop: asyncio.AbstractEventLoop) -> bool:
    """Do the loop's transports try the kernel in write(), and call pause_writing() for the rest before it returns?

    uvloop before 0.23 keeps everything to the end of the loop's turn.
    """
    if isinstance(loop, asyncio.BaseEventLoop):
        return True
    version: str = sys.modules["uvloop"].__version__
    return tuple(int(part) for part in version.split(".")[:2]) >= (0, 23)
