"""Load by the generators of load/: runs them, and reads the figures that they print. Called by measure.py."""

import contextlib
import json
import subprocess
import sys

from benchmarks.environments import ROOT
from benchmarks.processes import Failed, load

PATIENCE = 60  # seconds beyond a load's own time
RACE_SECONDS = 400  # at most: a race is of so many requests, and takes its time


def run(url, scenario, seconds, requests):
    """As wrk.run, by the load generator of `scenario`. requests: those of a race."""
    if scenario.load == "race":
        arguments = ("--requests", requests, "--limit", scenario.keep_alive, "--connections", scenario.connections)
        seconds = RACE_SECONDS
    else:
        arguments = ("--clients", scenario.connections, "--seconds", seconds)
    with generator(scenario.load, url, *arguments) as process:
        output, errors = process.communicate(timeout=seconds + PATIENCE)
    return parse(output, errors, process.returncode)


@contextlib.contextmanager
def idle_connections(url, number):
    """Hold `number` connections that have had an answer each; how many there really are."""
    with generator("idle", url, "--connections", number) as process:
        line = process.stdout.readline()
        if not line:
            parse("", process.communicate(timeout=PATIENCE)[1], process.returncode)
        standing = json.loads(line)["connections"]
        if standing < number:
            raise Failed(f"only {standing} of {number} idle connections stand")
        yield standing
        process.communicate(timeout=PATIENCE)  # closes its standard input: the sign to end


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
