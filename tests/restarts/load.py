"""The two loads of a server that restarts, side by side: askers.py, which counts every answer, and wrk."""

import contextlib
import json
import signal
import subprocess
import sys

import pytest

from benchmarks import wrk
from benchmarks.processes import Failed, load
from benchmarks.scenarios import Scenario
from tests.support.servers import PATIENCE, ROOT

SCENARIO = Scenario("restarts", "", app="served:app", connections=8, workers=2)
TIME = 3600  # seconds: wrk ends when it is told to


class Load:
    """At 127.0.0.1:`port`, from `with` to its end; afterwards `figures` is what both have counted together.

    answered: answers with 200; lost: for each request that was sent and got another answer, or none, what became of
    it; refused: connections that were not made; slowest: seconds that a client of askers.py has waited at most, a new
    connection included.
    """

    def __init__(self, port):
        if not wrk.is_there():
            pytest.skip(wrk.MISSING)
        self.port, self.answered = port, 0
        self.open = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            self.askers = undo.enter_context(load(
                [sys.executable, "-m", "tests.restarts.askers", str(self.port)], cwd=ROOT, stdin=subprocess.PIPE))
            self.wrk = undo.enter_context(load(
                wrk.command(f"http://127.0.0.1:{self.port}/", SCENARIO, TIME), stderr=subprocess.STDOUT))
            self.open = undo.pop_all()
        return self

    def __exit__(self, kind, failure, traceback):
        with self.open:
            if failure is None:
                self.figures = self.count()

    def served(self, more):
        """Wait until so many more requests have been answered. Raises Failed if none is any more."""
        enough = self.answered + more
        while self.answered < enough:
            line = self.askers.stdout.readline()
            if not line:
                raise Failed("nobody is answered any more")
            self.answered = int(line)

    def count(self):
        output, _ = self.askers.communicate(timeout=2 * PATIENCE)
        figures = json.loads(output.splitlines()[-1])
        self.wrk.send_signal(signal.SIGINT)
        output, _ = self.wrk.communicate(timeout=PATIENCE)
        told = wrk.counts(output)
        figures["answered"] += told["requests"] - told["status"]
        figures["lost"] += [f"wrk: {kind}" for kind in ("read", "write", "status") for _ in range(told[kind])]
        figures["refused"] += told["connect"]
        return figures
