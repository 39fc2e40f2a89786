"""Real servers on real sockets: one event loop in a thread, or gunicorn in a process."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from fastsrv.loops import new_loop
from fastsrv.server import Server
from fastsrv.timetable import QUICK, Timetable
from fastsrv_ext.clock import TICK
from tests.support.settings import config_of

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds to wait for an event before a test fails
# A client may stall between two requests, as all may on a busy machine. A test of the limit sets it.
KEPT = f"keepalive = {PATIENCE}\n"
BREATH = 0.002  # seconds between two looks at all that a server has printed, lest each line costs one
HURRY = 10  # ticks of a hurried server where the heartbeat has one
LIMITS = ("header_timeout", "keepalive", "body_timeout", "send_timeout", "drain_timeout", "close_timeout")
OPTIONS = ("max_requests", "finished", "before", "forwarded", "tls", "watch")  # of Server


class ThreadServer:
    """fastsrv's Server in a thread, on a loop of `kind` ("uvloop", "asyncio"), at 127.0.0.1:`port`.

    settings: see config_of(), OPTIONS of Server, and address (of a UNIX socket). `server` is the Server;
    call() runs a function in its loop.

    hurried: its clock has more ticks than the heartbeat's, so that a wait of many ticks is over soon. The order of
    what happens stays; limits that are not given are long, as a client may be slow.
    """

    def __init__(self, app, kind, *, address=None, hurried=False, **settings):
        values = {"keepalive": 5, "graceful_timeout": 5, "worker_connections": 10_000, "loop": kind}
        if hurried:
            values |= dict.fromkeys(LIMITS, 60.0 * HURRY)
        self.hurried = hurried
        options = {name: settings.pop(name) for name in OPTIONS if name in settings}
        self.config = config_of({**values, **settings}, os.environ)
        self.address = address
        if address is None:
            self.socket = socket.create_server(("127.0.0.1", 0), backlog=2048)
            self.port = self.socket.getsockname()[1]
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(address)
            self.socket.listen(2048)
        self.log = logging.getLogger("fastsrv.tests.server")
        self.loop = new_loop(kind)
        self.beats = threading.Semaphore(0)
        self.failure = None
        self.server = None
        self.thread = threading.Thread(target=self.run, args=(app, options), daemon=True)

    def run(self, app, options):
        async def serve():
            self.server = Server(
                app, self.config, [self.socket], self.log, beat=self.beats.release, **options)
            hurry = self.loop.create_task(self.hurry()) if self.hurried else None
            try:
                await self.server.serve()
            finally:
                if hurry is not None:
                    hurry.cancel()

        try:
            self.loop.run_until_complete(serve())
        except BaseException as failure:
            self.failure = failure
        finally:
            self.loop.close()
            self.beats.release()

    async def hurry(self):
        """Ticks between those of the heartbeat."""
        while True:
            await asyncio.sleep(TICK / HURRY)
            if self.server.started:
                await self.server.tick()

    def __enter__(self):
        self.thread.start()
        assert self.beats.acquire(timeout=PATIENCE)
        return self

    def __exit__(self, *failure):
        self.stop()

    def call(self, function, *args):
        """function(*args), called in the server's loop."""
        async def run():
            return function(*args)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE)

    def call_behind_a_tick(self, function):
        """function(), while the heartbeat sleeps: whatever it has made and forgotten by then is always the same."""
        while self.beats.acquire(blocking=False):
            pass
        assert self.beats.acquire(timeout=PATIENCE)
        return self.call(function)

    def until(self, condition):
        """Wait until condition() holds in the server's loop, looking after each tick."""
        for _ in range(int(PATIENCE / TICK) * (HURRY + 1 if self.hurried else 1)):
            if self.call(condition):
                return
            assert self.beats.acquire(timeout=PATIENCE)
        raise AssertionError(f"never came true: {condition}")

    def connect(self):
        """A connected socket with a timeout, so that no test hangs."""
        if self.address is None:
            return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(self.address)
        return connection

    def stop(self, quickly=False):
        """Stop serving and wait for the end; raises what ended serve()."""
        if self.thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(lambda: self.server.stop(
                    Timetable.quick(time.monotonic(), QUICK) if quickly else None))
            self.thread.join(PATIENCE)
            assert not self.thread.is_alive()
        self.socket.close()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure


def inherited():
    """The environment of the tests, without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("FASTSRV_", "GUNICORN_"))}


class Gunicorn:
    """`gunicorn -k fastsrv.Worker` in a process of its own, from a folder of its own.

    folder: where it runs; app: "module:name"; options: further command-line options; config: the text of
    gunicorn.conf.py, behind KEPT; module: what is run by `python -m`; control: has it its control socket? pass_fds:
    descriptors that it inherits. `port` waits until it listens. Everything it prints is in `output`.
    """

    def __init__(self, folder, app, *options, config="", env=(), bind="127.0.0.1:0",
                 module=("gunicorn", "-k", "fastsrv.Worker"), control=False, pass_fds=()):
        self.folder = Path(folder)
        (self.folder / "gunicorn.conf.py").write_text(KEPT + config)
        self.command = [
            sys.executable, "-m", *module, "--bind", bind, *([] if control else ["--no-control-socket"]), *options, app,
        ]
        environ = inherited()
        environ["PYTHONPATH"] = os.pathsep.join((str(self.folder), str(ROOT)))
        environ.pop("PYTHONUNBUFFERED", None)  # it writes the words of a print() one by one: others come between
        environ.update(env)
        self.environ = environ
        self.pass_fds = pass_fds
        self.lines = []
        self.news = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True, pass_fds=self.pass_fds)
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()
        return self

    def listen(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.lines.append("")
            self.news.notify_all()

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(PATIENCE / 6)
            except subprocess.TimeoutExpired:  # a worker that was being forked has missed the signal
                self.process.kill()
                self.process.wait()
        self.reader.join(PATIENCE / 6)
        if self.reader.is_alive():  # a worker has outlived its arbiter
            os.killpg(self.process.pid, signal.SIGKILL)
            self.reader.join()
        self.process.stdout.close()

    @property
    def output(self):
        with self.news:
            return "".join(self.lines)

    def wait_for(self, pattern, count=1):
        """Wait until the output holds `count` matches of `pattern`; returns the last one."""
        match = self.waits_for(pattern, count, PATIENCE)
        assert match, f"{pattern!r} is not in the output:\n{self.output}"
        return match

    def waits_for(self, pattern, count, seconds):
        """The same for some seconds, or until the process has ended; None if there are fewer matches."""
        def found():
            matches = list(re.finditer(pattern, "".join(self.lines), re.MULTILINE))
            return matches[count - 1] if len(matches) >= count else None

        end = time.monotonic() + seconds
        while True:
            with self.news:
                began = time.monotonic()
                match = found()
                took, left = time.monotonic() - began, end - began
                if match or "" in self.lines or left <= 0:
                    return match
                self.news.wait(left)
            time.sleep(max(BREATH, 4 * took))

    @property
    def port(self):
        return int(self.wait_for(r"Listening at: http\S*://127\.0\.0\.1:(\d+)")[1])

    def worker(self, number=1):
        """The pid of the worker that was the `number`th to boot."""
        return int(self.wait_for(r"Booting worker with pid: (\d+)", number)[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def signal(self, number, pid=None):
        os.kill(pid or self.process.pid, number)

    def wait(self):
        """The exit code of the arbiter, when all it has started has ended, too."""
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        assert not self.reader.is_alive(), f"somebody lives on:\n{self.output}"
        return code


def read_response(connection, head_only=False):
    """One response from a socket: SimpleNamespace(status, reason, headers (dict, lower case), body, raw)."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        data = connection.recv(65536)
        assert data, f"the connection ended within a response head: {raw!r}"
        raw += data
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    body = b""
    if not head_only and int(status) >= 200 and int(status) not in (204, 304):
        if "content-length" in headers:
            length = int(headers["content-length"])
            while len(rest) < length:
                data = connection.recv(65536)
                assert data, f"the connection ended within a response body: {rest[:200]!r}"
                rest += data
            assert len(rest) == length, f"bytes behind the response: {rest[length:]!r}"
            body = rest
        elif headers.get("transfer-encoding") == "chunked":
            while not rest.endswith(b"0\r\n\r\n"):
                data = connection.recv(65536)
                assert data, f"the connection ended within a chunked body: {rest[-200:]!r}"
                rest += data
            body = dechunk(rest)
        else:
            while data := connection.recv(65536):
                rest += data
            body = rest
    return SimpleNamespace(status=int(status), reason=reason, headers=headers, body=body, raw=raw)


def dechunk(data):
    """The body of a chunked message without extensions and trailers."""
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if int(size, 16) == 0:
            assert data == b"\r\n"
            return body
        body += data[: int(size, 16)]
        assert data[int(size, 16):][:2] == b"\r\n"
        data = data[int(size, 16) + 2:]


def read_to_end(connection):
    """Everything until the peer's end. A reset raises ConnectionResetError."""
    data = b""
    while more := connection.recv(65536):
        data += more
    return data
