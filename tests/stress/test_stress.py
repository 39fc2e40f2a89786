"""Many connections at once, well-behaved and others: every complete request gets its one right answer, and when all
have gone nothing is left of them. Some seconds long; minutes with --long."""

import asyncio
import gc
import json
import os
import random
import resource
import time
from pathlib import Path

import pytest

from tests.stress.app import app
from tests.stress.visitors import AT_ONCE, visit
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get

GROWTH = 64 * 1024 * 1024  # bytes that a worker may grow by: buffers and free lists, no leak
PROBES = 20  # connections, so that each of the workers gets some


@pytest.fixture
def seconds(request):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 10 * AT_ONCE)), hard))
    return 120 if request.config.getoption("--long") else 2


@pytest.fixture
def seed():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    return seed


def stress(port, seconds, seed):
    asyncio.run(visit(port, seconds / 8, seed + 1))  # what is allocated once
    gc.collect()
    yield
    answered = asyncio.run(visit(port, seconds, seed))
    print("answered", answered)
    assert answered > 100 * seconds
    yield


def test_server_under_stress(serve, seconds, seed, caplog):
    caplog.set_level("CRITICAL", logger="fastsrv.tests.server")  # the app fails a lot
    server = serve(app, lifespan="off", keepalive=60)

    def left():
        return len(asyncio.all_tasks(server.loop)), len(os.listdir("/proc/self/fd"))

    def quiet():
        context, dispatch = server.server.context, server.server.dispatch
        return not (context.connections or dispatch.tasks or any(server.server.clock.census().values()))

    load = stress(server.port, seconds, seed)
    next(load)
    server.until(quiet)
    before = server.call(left)
    next(load)
    server.until(quiet)
    assert server.call(left) == before


QUIET = """
def post_worker_init(worker):  # the app fails a lot
    worker.log.error_log.setLevel("CRITICAL")
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_gunicorn_under_stress(gunicorn, loop, seconds, seed):
    running = gunicorn(
        "from tests.stress.app import app", "-w", "2", "--keep-alive", "60", "--asgi-loop", loop, config=QUIET)
    pids = {running.worker(1), running.worker(2)}
    load = stress(running.port, seconds, seed)
    next(load)
    before = left(running, pids, set())
    resident = {pid: memory(pid) for pid in pids}
    next(load)
    after = left(running, pids, set(before))
    assert after == before
    assert all(memory(pid) - resident[pid] < GROWTH for pid in pids)


def left(running, pids, wanted):
    """(pid, tasks, open files beside connections) of each worker, once it has our connections alone. They may have to
    settle: asks until `wanted` comes, for a while."""
    end = time.monotonic() + PATIENCE
    while True:
        states = probe(running)
        found = {(state["pid"], state["tasks"], state["files"] - state["connections"]) for state in states}
        counts = [sum(other["pid"] == state["pid"] for other in states) for state in states]
        settled = counts == [state["connections"] for state in states]
        if settled and {pid for pid, *_ in found} == pids and wanted in (set(), found):
            return found
        assert time.monotonic() < end, (states, wanted)
        time.sleep(0.1)


def probe(running):
    connections = [running.connect() for _ in range(PROBES)]
    for connection in connections:  # each is accepted before it is asked for what there is
        connection.sendall(get(b"/ignore/0"))
        read_response(connection)
    states = []
    for connection in connections:
        connection.sendall(get(b"/state/0"))
        states.append(json.loads(read_response(connection).body))
    for connection in connections:
        connection.close()
    return states


def memory(pid):
    """Bytes that the process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
