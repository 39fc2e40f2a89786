"""Load by the generators of load/: runs them, and reads the figures that they print. Called by measure.py."""

import contextlib
import json
import subprocess
import sys

from benchmarks.environments import ROOT
from benchmarks.processes import Failed, cpu_of, load

PATIENCE = 60  # seconds beyond a load's own time
RELOAD_SECONDS = 20.0  # at most: one worker after the other may start anew, each for three seconds
RACE_SECONDS = 400  # at most: a race is of so many requests, and takes its time


def run(url, scenario, seconds, requests):
    """As wrk.run, by the load generator of `scenario`. requests: those of a race."""
    if scenario.load == "race":
        arguments = ("--requests", requests, "--limit", scenario.keep_alive, "--connections", scenario.connections)
        seconds = RACE_SECONDS
    elif scenario.load == "share":
        arguments = ("--connections", scenario.connections, "--workers", scenario.workers)
    else:
        arguments = ("--clients", scenario.connections, "--seconds", seconds)
    return figures(scenario, url, *arguments, seconds=seconds)


def run_reload(server, scenario):
    """The figures of clients of a ServerProcess that is told by HUP to start its workers anew."""
    return figures(scenario, server.url, "--clients", scenario.connections, "--seconds", RELOAD_SECONDS,
                   "--pid", server.process.pid, seconds=RELOAD_SECONDS)


def figures(scenario, url, *arguments, seconds):
    """What the load generator of `scenario` prints, that takes about so many seconds."""
    with generator(scenario.load, url, *arguments) as process:
        output, errors = process.communicate(timeout=seconds + PATIENCE)
    return parse(output, errors, process.returncode)


@contextlib.contextmanager
def connections(url, scenario, number):
    """Hold `number` connections that have had an answer each, by the load generator of `scenario`: a Standing."""
    arguments = ["--connections", number]
    if scenario.websocket:
        arguments += ["--size", scenario.message, "--binary", int(scenario.binary), "--deflate", int(scenario.deflate)]
    with generator(scenario.load, url, *arguments) as process:
        standing = Standing(process)
        if standing.number < number:
            raise Failed(f"only {standing.number} of {number} connections stand")
        yield standing
        process.communicate(timeout=PATIENCE)  # closes its standard input: the sign to end


class Standing:
    """A load generator whose connections stand: so many, `number`."""

    def __init__(self, process):
        self.process = process
        self.number = self.read()["connections"]

    def run(self, seconds):
        """Load the server for some seconds, by one that can; the figures."""
        with contextlib.suppress(BrokenPipeError):  # it has ended: read() says why
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        return parse("", self.process.communicate(timeout=PATIENCE)[1], self.process.returncode)

    def cpu(self):
        """CPU seconds that the generator has used so far."""
        return cpu_of(self.process.pid)


def generator(name, url, *arguments):
    return load([sys.executable, "-m", f"benchmarks.load.{name}", "--url", url, *map(str, arguments)], cwd=ROOT,
                stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def parse(output, errors, status):
    """The figures that a load generator printed. Raises Failed with what it said instead."""
    try:
        if status == 0:
            return json.loads(output)
    except ValueError:
        pass
    raise Failed("; ".join(["the load failed", *(errors or output).strip().splitlines()[-3:]]))
