"""Load by wrk: runs it, and reads the line that lua/load.lua prints. Called by measure.py."""

import json
import math
import shutil
import signal
import subprocess
from pathlib import Path

from benchmarks.processes import Failed, load

SCRIPT = Path(__file__).parent / "lua" / "load.lua"
MISSING = "wrk is needed: apt-get install wrk"
PATIENCE = 20  # seconds beyond the run's own
ERRORS = ("connect", "read", "write", "timeout", "status")
PERCENTILES = ("p50", "p99", "p999")
MICROSECOND = 1e-6


def is_there():
    return shutil.which("wrk") is not None


def run(url, scenario, seconds):
    """Load `url` as `scenario` says for `seconds`: requests, rate, errors, and p50, p99, p999 unless pipelined.

    Raises Failed.
    """
    with load(command(url, scenario, math.ceil(seconds)), stderr=subprocess.STDOUT) as process:
        if seconds != math.ceil(seconds):  # wrk knows whole seconds only, and reports when interrupted, too
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=seconds + PATIENCE)
    if process.returncode != 0:
        raise Failed(f"wrk ended with status {process.returncode}: {output.strip()[-300:]}")
    figures = parse(output)
    if scenario.pipelined > 1:  # wrk notes a time for each batch, and makes percentiles of as many as there are answers
        figures = {name: value for name, value in figures.items() if name not in PERCENTILES}
    return figures


def command(url, scenario, seconds):
    """The words that load `url` as `scenario` says for a whole number of seconds."""
    words = ["wrk", "--threads", "1", "--connections", str(scenario.connections),
             "--duration", f"{seconds}s", "--timeout", "5s", "--script", str(SCRIPT)]
    for field in scenario.fields:
        words += ["--header", field]
    return [*words, url, "--", str(scenario.upload), str(scenario.pipelined)]


def parse(output):
    """The figures in what wrk printed. Raises Failed if they are not there."""
    told = counts(output)
    try:
        return {
            "requests": told["requests"],
            "rate": told["requests"] / (told["duration"] * MICROSECOND),
            "errors": sum(told[kind] for kind in ERRORS),
            **{name: told[name] * MICROSECOND for name in PERCENTILES},
        }
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise Failed(f"wrk's line of figures is not as lua/load.lua writes it ({error!r}): {told}") from error


def counts(output):
    """The line of lua/load.lua: requests, errors by kind (ERRORS), microseconds. Raises Failed if it is not there."""
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise Failed(f"wrk printed no line of figures: {output.strip()[-300:]!r}")
    try:
        return json.loads(line)
    except ValueError as error:
        raise Failed(f"wrk's line of figures is not as lua/load.lua writes it ({error!r}): {line}") from error
