"""Fixtures: `wire` (a connection in memory), `serve` (a server in a thread, on both loops), `gunicorn`, `shared_port`
for one with reuse_port, and `long`: is it the long form?"""

import gc
import os
import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"  # for all clients: what they ask is on this machine

from tests.support.servers import Gunicorn, ThreadServer
from tests.support.wire import Wire


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the stress tests in their long form")


@pytest.fixture
def long(request):
    return request.config.getoption("--long")


@pytest.fixture(scope="module", autouse=True)
def frozen_heap():
    """What outlives a module's tests (other modules, tests, their reports) stays to the end. The collector, which
    many tests call, need not look at it each time: that took more than the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def wire():
    """wire(app, **settings) -> Wire: a peer connected to `app` in memory."""
    wires = []

    def connect(app, **settings):
        wires.append(Wire(app, **settings))
        return wires[-1]

    yield connect
    for each in wires:
        each.close()


@pytest.fixture(params=["uvloop", "asyncio"])
def serve(request):
    """serve(app, **settings) -> ThreadServer: `app` served on a real socket, on both loops."""
    servers = []

    def start(app, **settings):
        servers.append(ThreadServer(app, request.param, **settings).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.stop(quickly=True)


@pytest.fixture
def gunicorn(tmp_path):
    """gunicorn(source, *options, config=, env=) -> Gunicorn: `source` is the text of a module with `app`."""
    running = []

    def start(source, *options, **more):
        (tmp_path / "served.py").write_text(source)
        running.append(Gunicorn(tmp_path, "served:app", *options, **more).__enter__())
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


@pytest.fixture
def shared_port():
    """A free port of 127.0.0.1, kept for those who ask for it with reuse_port."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
