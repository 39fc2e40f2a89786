"""A server that is restarted: how it is started, and which of its processes serve."""

import contextlib
import os
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from benchmarks.environments import Peers, programs
from benchmarks.processes import Failed, ServerProcess, held_port, is_alive
from tests.restarts.load import SCENARIO
from tests.support.servers import PATIENCE

APP = Path(__file__).parent / "app.py"
WORKERS = SCENARIO.workers
GLANCE = 0.02  # seconds between two looks


class Service:
    """`server`, a row of the benchmarks, from `with` to its end: app.py with WORKERS workers. `address` is where it
    listens: at 127.0.0.1:`port`, or at a UNIX socket of its folder.

    folder: where it runs. more: further words of its command. holds: the words of what holds its socket, to be followed
    by the port and the command; none: it has its own.
    """

    def __init__(self, server, folder, *more, unix=False, holds=()):
        self.folder = Path(folder)
        self.folder.mkdir()
        shutil.copy(APP, self.folder / "served.py")
        self.held = contextlib.ExitStack()
        self.port = self.held.enter_context(held_port())
        self.address = f"127.0.0.1:{self.port}"
        self.words = [*command(server, self.port), *more]
        if unix:
            bind = self.words.index(self.address)
            self.words[bind] = self.address = f"unix:{self.folder}/socket"
        if holds:
            if shutil.which(holds[0]) is None:
                pytest.skip(f"needs {holds[0]}")
            bind = self.words.index("-b")
            self.words = [*holds, str(self.port), *self.words[:bind], *self.words[bind + 2:]]

    def __enter__(self):
        self.root = ServerProcess(self.words, self.port, self.folder / "log", self.folder, os.sched_getaffinity(0))
        try:
            self.until(self.is_reached)
            self.until(lambda: len(self.workers) == WORKERS)
        except BaseException:
            self.__exit__()
            raise
        self.sockets = min(map(sockets_of, self.workers))  # without clients
        return self

    def __exit__(self, *failure):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.root.process.pid, signal.SIGKILL)  # behind USR2 another arbiter than the first is left
        self.root.process.wait()
        self.until(lambda: not self.workers)
        self.held.close()

    def ends(self):
        """Tell it to end, and wait until it has."""
        self.root.process.terminate()
        self.until(lambda: self.root.process.poll() is not None and not self.workers)

    def is_reached(self):
        is_unix = self.address.startswith("unix:")
        with socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET) as client:
            try:
                client.connect(self.address.removeprefix("unix:") if is_unix else ("127.0.0.1", self.port))
            except OSError:
                return False
        return True

    def until(self, condition):
        """Wait until condition() holds. Raises Failed."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise Failed(self.root.told(f"it has not done so within {PATIENCE} s"))
            time.sleep(GLANCE)

    @property
    def started(self):
        """All workers whose app has ever started."""
        return {int(file.name.partition("-")[2]) for file in self.folder.glob("worker-*")}

    @property
    def workers(self):
        """Those of them that live."""
        return {pid for pid in self.started if is_alive(pid)}

    @property
    def arbiter(self):
        """Their parent, where there is one."""
        [arbiter] = set(map(parent_of, self.workers))
        return arbiter

    def replaced(self, old):
        """Wait until none of the workers `old` is left, and WORKERS others are there."""
        self.until(lambda: not old & self.workers and len(self.workers) == WORKERS)

    def connections_of(self, worker):
        return sockets_of(worker) - self.sockets


def command(server, port):
    """As the benchmarks have it. `python -m gunicorn` starts itself anew (USR2) as a file of that package, whose module
    `http` then hides Python's: it is started as people do it."""
    where = programs(server, Peers())
    words = server.words(SCENARIO, port=port, **where)
    return [str(where["bin"] / "gunicorn"), *words[3:]] if words[1:3] == ["-m", "gunicorn"] else words


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def sockets_of(pid):
    """How many it has open."""
    count = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(file).startswith("socket:")
    return count
