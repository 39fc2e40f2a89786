"""`serve(app)`: an application on a port of its own, from a thread of this process: for tests and notebooks.

The server is a worker's, and so are its protocols; without gunicorn there are no workers, signals, access log or hooks,
and settings that are for those are refused.
"""

from __future__ import annotations

import contextvars
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from gunicorn.config import make_settings

from fastsrv.application import check_app
from fastsrv.config.config import Config
from fastsrv.config.gunicorns import OBEYED, REFUSED, WITHOUT_EFFECT
from fastsrv.config.setting import LARGEST_PORT, ConfigError
from fastsrv.config.table import OWN_SETTINGS
from fastsrv.config.tls import FILES, USELESS_ALONE, tls_context
from fastsrv.given import Given
from fastsrv.log.identity import identify_by
from fastsrv.loops import end_what_is_left, new_loop
from fastsrv.proxy.forwarded import Forwarded
from fastsrv.server import Server
from fastsrv.stacks import threads
from fastsrv.timetable import QUICK, Timetable

LOG = logging.getLogger("fastsrv.testing")
LOCAL = "127.0.0.1"
KEEPALIVE = "fastsrv_shutdown_keepalive"
# gunicorn's settings that a Server, TLS and Forwarded obey; and those that stop each start, with a reason of their own.
OBEYS = {
    *(row.name for row in OBEYED), *FILES, *USELESS_ALONE, "forwarded_allow_ips", "forwarder_headers",
    "secure_scheme_headers", *REFUSED,
}
# Where fastsrv's go that a worker and its arbiter obey: topics of Config, or one name of a topic.
OF_OTHERS = {"admin", "tls", "watchdog", "end.shutdown_delay", "end.retire_timeout", "log.access_format"}
NOT_OBEYED = set(make_settings()) - OBEYS | {
    row.name for row in OWN_SETTINGS if OF_OTHERS & {row.goes, row.goes.partition(".")[0]}}
WITHOUT = {
    **dict.fromkeys(NOT_OBEYED, "it takes gunicorn's arbiter and its workers, which fastsrv.run() starts"),
    **WITHOUT_EFFECT, "bind": "host and port are arguments",
}


@dataclass(frozen=True)
class Served:
    """Where the app can be reached."""

    host: str
    port: int
    tls: bool = field(repr=False)

    @property
    def url(self) -> str:
        """"http://127.0.0.1:54321", without a slash at the end."""
        return f"http{'s' * self.tls}://{self.authority}"

    @property
    def ws_url(self) -> str:
        """The same for a WebSocket: "ws://127.0.0.1:54321"."""
        return f"ws{'s' * self.tls}://{self.authority}"

    @property
    def authority(self) -> str:
        """What a Host field says: "127.0.0.1:54321", "[::1]:54321"."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@contextmanager
def serve(app: Callable[..., Any], *, host: str = LOCAL, port: int = 0, **settings: Any) -> Iterator[Served]:
    """Serve the ASGI 3 application `app` while the `with` block runs, from a thread:

        with serve(app) as served:
            assert httpx.get(served.url).status_code == 200

    Its lifespan has started when the block is entered, and has ended when that is left, behind the answers that are
    still owed: both have graceful_timeout, behind which they are cut off, and the log says so. Idle connections are not
    waited for, unless fastsrv_shutdown_keepalive is given. host: "" for all addresses. port: 0 for one that is free.
    settings: gunicorn's and fastsrv's by their names, as fastsrv.run() takes them (docs/SETTINGS.md); nothing is read
    of the environment. What the app raises while it answers is logged to "fastsrv.testing".

    Raises LifespanFailed if the app does not start, NotASGI if it is none, OSError for an address that cannot be had,
    TypeError for a name that is no setting, or one that nobody obeys here, ConfigError (a ValueError) for a value that
    one, or host or port, cannot have. Where the block is left: TimeoutError for an app that blocks the thread for 5
    seconds longer than graceful_timeout, and the SystemExit of a task of the app's own, by which its server ends.
    """
    check_app(app)
    cfg = Given("serve()", settings, WITHOUT)
    if not isinstance(host, str):
        raise ConfigError(f"host of serve() must be a name or an address as text, not {host!r}")
    if not isinstance(port, int) or not 0 <= port <= LARGEST_PORT:
        raise ConfigError(f"port of serve() must be 0 to {LARGEST_PORT}, not {port!r}")
    config, tls = config_of(cfg), tls_context(cfg)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=cfg.backlog) as listening:
        thread = ServerThread(app, cfg, config, listening, tls)
        try:
            thread.start_up()
            own_host, own_port = listening.getsockname()[:2]
            yield Served(host or own_host, own_port, tls is not None)
        finally:
            thread.end()


def config_of(cfg: Given) -> Config:
    config = Config.from_gunicorn(cfg, {})  # a test does not depend on the shell that runs it
    if KEEPALIVE in cfg.fastsrv_settings:
        return config
    return replace(config, end={**config.end, "shutdown_keepalive": 0.0})  # nobody's next request is worth a window


class ServerThread(threading.Thread):
    """Serves from start_up() to end()."""

    def __init__(
        self, app: Callable[..., Any], cfg: Any, config: Config, listening: socket.socket, tls: Any,
    ) -> None:
        super().__init__(name="fastsrv", daemon=True)
        self.app = app
        self.cfg = cfg
        self.config = config
        self.listening = listening
        self.tls = tls
        self.loop = new_loop(**self.config.loop)
        # In a context of its own, as a worker's is: who serves has set variables for itself.
        self.task = contextvars.Context().run(self.loop.create_task, self.serve())
        self.has_begun = threading.Event()  # to serve, or it has failed
        self.failure: BaseException | None = None
        self.server: Server | None = None

    def start_up(self) -> None:
        self.start()
        while not self.has_begun.wait(1):  # a signal ends no wait that it does not interrupt
            pass
        if self.failure is not None:
            raise self.failure

    def end(self) -> None:
        """Raises what has ended the server, if it was not us."""
        timeout = self.config.end["graceful_timeout"]
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self.loop.call_soon_threadsafe(self.stop, Timetable.graceful(monotonic(), timeout))
        self.join(timeout + QUICK)  # a machine may be busy
        if self.is_alive():
            raise TimeoutError("the app blocks its event loop, and does not end:\n" + "\n".join(threads(None)))
        if self.failure is not None:
            raise self.failure

    def stop(self, timetable: Timetable) -> None:
        """In the loop, where serve() has begun."""
        if self.server is not None:
            self.server.stop(timetable)

    def run(self) -> None:
        serving.add(self)
        try:
            while not self.task.done():
                self.run_until_exit()
            self.task.result()
        except BaseException as failure:
            self.failure = failure
        finally:
            self.loop.close()
            serving.discard(self)
            self.has_begun.set()

    def run_until_exit(self) -> None:
        """Run the loop until the end, or a SystemExit of a task of the app's own, which no loop swallows: then what is
        owed is answered, and the app's lifespan ends, as in a worker."""
        try:
            self.loop.run_until_complete(self.task)
        except (SystemExit, KeyboardInterrupt) as failure:
            if self.task.done() or self.server is None:
                raise
            LOG.error("A task or callback of the app raised %r, the server ends", failure)
            self.failure = failure
            self.server.stop()

    async def serve(self) -> None:
        forwarded = Forwarded(self.cfg, **self.config.forwarded)
        self.server = Server(
            self.app, self.config, [self.listening], LOG, tls=self.tls, ready=self.has_begun.set,
            forwarded=forwarded.apply,
            identify=identify_by(self.config.log["request_id"], forwarded.trusts_peer))
        try:
            await self.server.serve()
        finally:
            await end_what_is_left(self.server.timetable.leave)


# --- children that the app, or the test, forks: as in a worker (fastsrv/forks.py) they have copies of all sockets ---

serving: set[ServerThread] = set()


def before_fork() -> None:
    """From here on a connection's end is one for its client, whoever else has a copy of it."""
    for thread in list(serving):
        if thread.server is not None and thread.server.started:
            thread.server.context.forked = True


def in_child() -> None:
    """Nobody is to connect to a copy of a listening socket when the server has ended."""
    for thread in list(serving):
        thread.listening.close()
        if thread.server is not None:
            thread.server.listeners.let_go()
    serving.clear()


os.register_at_fork(before=before_fork, after_in_child=in_child)
