"""One fault: well-behaved clients are served by a worker before it and while it lasts, and nothing may be left of it.

The faults themselves are in the tests of this folder; the clients are regulars.py; what is printed is table.py's.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.log import complaints
from tests.faults.regulars import ALL, HASTE, WEBSOCKETS
from tests.support.census import probe, settled
from tests.support.servers import PATIENCE, ROOT, read_response
from tests.support.tls import CERTIFICATE, client_context
from tests.support.wire import get

SLOWEST = 20  # seconds that a well-behaved client may have to wait where a fault concerns others; loose: machines stall
SOURCE = "from tests.faults.app import app"
ALWAYS = """
keepalive = 60
graceful_timeout = 5

def post_worker_init(worker):
    from tests.faults import app
    app.worker = worker
"""
# For faults that end by them alone. Clients that may stall, as all may on a busy machine, need longer ones.
SHORT = """
fastsrv_body_timeout = 1
fastsrv_send_timeout = 1
fastsrv_drain_timeout = 1
fastsrv_close_timeout = 1
"""
# For those that end by it: who stands still so long between connecting and asking has to come again.
SHORT_HEADS = SHORT + f"fastsrv_header_timeout = {HASTE}\n"


class Trial:
    """`with Trial(...) as trial:` the fault happens within.

    gunicorn: the fixture; fault: its name; options, config: gunicorn's, beside ALWAYS; seconds: how long the quiet
    before the fault is; expected: regular expressions of what the log may hold; tls: serve TLS.
    patient: well-behaved clients may have to wait longer than SLOWEST. websockets: how many of them have one.

    In the fault count what it costs: may_lose (requests), mortal (workers may be others afterwards). Figures to be
    told of it go into `figures`, by name.
    """

    def __init__(self, gunicorn, fault, *options, config="", seconds=1, workers=1, expected=(), tls=False,
                 patient=False, websockets=WEBSOCKETS):
        options = [*options, "--workers", str(workers)]
        if tls:
            options += ["--certfile", CERTIFICATE, "--keyfile", CERTIFICATE]
        self.server = gunicorn(SOURCE, *map(str, options), config=ALWAYS + config)
        self.fault, self.seconds, self.workers = fault, seconds, workers
        self.expected, self.patient, self.websockets = list(expected), patient, websockets
        self.context = client_context() if tls else None
        self.may_lose, self.mortal = 0, False
        self.figures = {}

    # --- before, and after ---

    def __enter__(self):
        for number in range(1, self.workers + 1):
            self.server.worker(number)
        self.port = self.server.port
        self.pids = self.living()
        command = [sys.executable, "-m", "tests.faults.regulars", str(self.port), str(self.websockets)]
        command += [str(CERTIFICATE)] if self.context else []
        self.regulars = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.begin()
            time.sleep(self.seconds)  # of quiet, to be measured
            self.quiet = self.rest()
            self.before = self.left()
            self.begin()
        except BaseException:
            self.dismiss()
            raise
        return self

    def __exit__(self, kind, failure, traceback):
        try:
            if failure is None:
                self.during = self.rest()
        finally:
            self.dismiss()
        if failure is None:
            self.judge()

    def judge(self):
        during = self.during
        assert not self.quiet["lost"] + self.quiet["wrong"], self.quiet
        assert not during["wrong"], during["wrong"]
        assert len(during["lost"]) <= self.may_lose, during["lost"]
        assert during["served"] > ALL, during
        assert self.mortal or not during["closed"], "idle connections were closed"
        assert self.patient or max(during[kind]["slowest"] for kind in ("kept", "new", "websocket")) < SLOWEST, during
        if self.mortal:
            self.pids = self.living()
            left = self.left()
            assert sorted(map(str, left.values())) == sorted(map(str, self.before.values())), (left, self.before)
        else:
            assert self.living() == self.pids, f"workers have died:\n{self.server.output}"
            self.left(self.before)
        counted = self.ask(b"/counters/0")
        assert (counted["websockets_open"], counted["in_flight"]) == (0, 1), counted  # that one itself is in flight
        found = complaints(self.server.output, self.expected)
        assert not found, "\n".join(found)

    def row(self):
        """What table.py prints."""
        return {"fault": self.fault, "quiet": self.quiet, "during": self.during, "figures": self.figures}

    # --- the server ---

    def living(self):
        """The pids of the workers."""
        pid = self.server.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def connect(self):
        connection = self.server.connect()
        return self.context.wrap_socket(connection, server_hostname="localhost") if self.context else connection

    def left(self, wanted=None):
        found = settled(self.connect, self.pids, wanted)
        files = Path(f"/proc/{self.server.process.pid}/fd")  # of the arbiter
        if not hasattr(self, "arbiters_files"):
            self.arbiters_files = len(list(files.iterdir()))
        end = time.monotonic() + PATIENCE
        while (number := len(list(files.iterdir()))) != self.arbiters_files:  # it may be at a worker's end still
            assert time.monotonic() < end, number
            time.sleep(0.1)
        return found

    def ask(self, path):
        """What a worker answers with, as JSON."""
        with self.connect() as connection:
            connection.sendall(get(path))
            return json.loads(read_response(connection).body)

    def until(self, condition):
        """What the worker (there is one) holds, when condition(that) holds; see stress.app.state()."""
        end = time.monotonic() + PATIENCE
        while True:
            [state] = probe(self.connect, 1)
            if condition(state):
                return state
            assert time.monotonic() < end, state
            time.sleep(0.1)

    def alone(self):
        """The same, when it has no connections but those of well-behaved clients."""
        return self.until(lambda state: state["connections"] <= 1 + ALL)

    def run(self, fault, bound=PATIENCE):
        """The result of the coroutine `fault`, which may take so many seconds."""
        return asyncio.run(asyncio.wait_for(fault, bound))

    # --- the well-behaved clients ---

    def tell(self, order):
        """What they say to it."""
        self.regulars.stdin.write(order + "\n")
        self.regulars.stdin.flush()
        answer = self.regulars.stdout.readline()
        assert answer, "the well-behaved clients have ended"
        return answer

    def begin(self):
        assert self.tell("begin") == "begun\n"

    def rest(self):
        return json.loads(self.tell("rest"))

    def dismiss(self):
        self.regulars.kill()
        with self.regulars:  # closes the pipes, and waits
            pass
