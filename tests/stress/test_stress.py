"""Many connections at once, well-behaved and others: every complete request gets its one right answer, and when all
have gone nothing is left of them. Some seconds long; minutes with --long."""

import asyncio
import gc
import os
import random
import resource

import pytest

from tests.stress.app import app
from tests.stress.visitors import AT_ONCE, visit
from tests.support.census import memory, settled

GROWTH = 64 * 1024 * 1024  # bytes that a worker may grow by: buffers and free lists, no leak


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
        counts = context.counters.snapshot()
        assert sum(counts["connections"].values()) == counts["opened"] - context.connections
        assert counts["in_flight"] <= len(dispatch.tasks)
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
    before = settled(running.connect, pids)
    resident = {pid: memory(pid) for pid in pids}
    next(load)
    settled(running.connect, pids, before)
    assert all(memory(pid) - resident[pid] < GROWTH for pid in pids)
