"""What is left in gunicorn's workers, as tests/stress/app.py (or tests/faults/app.py) tells of the process it is in."""

import asyncio
import json
import resource
import time
from pathlib import Path

from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get

PROBES = 20  # connections, so that each of several workers gets some
LOOK = 0.05  # seconds between two looks at its memory


def settled(connect, pids, wanted=None):
    """{pid: what is left beside our own connections} of each worker, once it has those alone. What has been there may
    have to settle: asks until `wanted` comes, for a while; if it is not given, until two looks find the same.

    connect(): a connected socket. The figures are those of stress.app.state().
    """
    end, before = time.monotonic() + PATIENCE, None
    while True:
        states = probe(connect, PROBES if len(pids) > 1 else 1)
        counts = [sum(other["pid"] == state["pid"] for other in states) for state in states]
        alone = counts == [state["connections"] for state in states]
        found = {
            state["pid"]: {"tasks": state["tasks"], "files": state["files"] - state["connections"],
                           "cycles": state["cycles"]}
            for state in states
        }
        if alone and found.keys() == pids and found == (before if wanted is None else wanted):
            return found
        before = found if alone else None
        assert time.monotonic() < end, f"what is left does not go: {states}, wanted: {wanted}"
        time.sleep(0.1)


def probe(connect, count):
    """What each of `count` connections is told."""
    connections = [connect() for _ in range(count)]
    try:
        for connection in connections:  # each is accepted before it is asked for what there is
            connection.sendall(get(b"/ignore/0"))
            read_response(connection)
        states = []
        for connection in connections:
            connection.sendall(get(b"/state/0"))
            states.append(json.loads(read_response(connection).body))
        return states
    finally:
        for connection in connections:
            connection.close()


def memory(pid):
    """Bytes that the process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


async def most_memory(pid, attack):
    """(what the coroutine `attack` returns, how many bytes the process has grown by meanwhile at most)."""
    running = asyncio.ensure_future(attack)
    most = before = memory(pid)
    while not running.done():
        await asyncio.wait({running}, timeout=LOOK)
        most = max(most, memory(pid))
    return await running, most - before
