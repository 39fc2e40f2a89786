"""The fuzzing client: a process of wstest, what it is told to run, and what it reports of each case.

Called by __main__.py; judges nothing.
"""

import json
import re
import shutil
import subprocess
import threading
import time

from tests.autobahn.environment import WORK, environ

AGENT = "fastsrv"  # the server's name in the reports
REPORTS = WORK / "reports"  # a page (HTML) and a JSON file for each case
LOG = WORK / "wstest.log"


def fuzz(program, port, patterns, ends):
    """Run the cases that match, and return (their ids, in order, {id: what index.json says of it}).

    patterns: "6.4.1" or "6.*". ends: by when, as time.monotonic() has it. A case that was not run to its end is in the
    first only, and wstest reports none before all are done.
    """
    shutil.rmtree(REPORTS, ignore_errors=True)
    spec = WORK / "spec.json"
    spec.write_text(json.dumps({
        "outdir": str(REPORTS), "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}], "cases": patterns}))
    process = subprocess.Popen(
        [program, "-m", "fuzzingclient", "-s", spec], cwd=WORK, env={**environ(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    timer = threading.Timer(max(ends - time.monotonic(), 0), process.kill)
    timer.start()
    try:
        cases = follow(process.stdout)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    index = REPORTS / "index.json"
    return cases, json.loads(index.read_text())[AGENT] if index.exists() else {}


def follow(lines):
    """Keep what wstest prints, and tell of each section that begins. Returns the ids of the cases it means to run."""
    cases, section = [], None
    with LOG.open("w") as log:
        for line in lines:
            log.write(line)
            log.flush()
            if line.startswith("Cases = "):
                cases = re.findall(r"[\d.]+", line)
                if not cases:  # it would wait for ever
                    break
            case = re.match(r"Running test case ID (\d+)\.", line)
            if case is not None and case[1] != section:
                section = case[1]
                print(f"section {section} ...", flush=True)
    return cases


def last_words():
    """The last line that wstest has printed: of one that did not come to its end, the case."""
    lines = LOG.read_text().splitlines() if LOG.exists() else []
    return lines[-1] if lines else "nothing"


def details(entry):
    """All that is reported of a case. entry: what index.json says of it."""
    return json.loads((REPORTS / entry["reportfile"]).read_text())
