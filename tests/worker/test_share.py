"""Connections come to lie evenly on the workers."""

import json
from collections import Counter

import pytest

from tests.support.asking import fetch, send
from tests.support.servers import Gunicorn, read_response

SOURCE = """
import json, os, time
from fastsrv import board
from fastsrv_ext.counters import read

async def app(scope, receive, send):
    if scope["path"] == "/seen":  # how many are ready, for how many seconds, and with how many connections?
        ready = [slot for slot in board.current.taken() if slot.state == board.State.READY]
        body = json.dumps([len(ready), min(slot.ticked - slot.since for slot in ready) / 1e9,
                           sum(read(slot.counters)["connected"] for slot in ready)])
    else:
        body = str(os.getpid())
    if scope["path"] == "/burn":
        began = time.thread_time()
        while time.thread_time() - began < 0.005:
            pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})
"""
WORKERS, CONNECTIONS = 3, 60
MOST = 1.5  # of what the one with the fewest has
GOES = 12  # at most: a worker that the machine does not run for a while takes none


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("share")
    (folder / "served.py").write_text(SOURCE)
    with Gunicorn(folder, "served:app", "--workers", str(WORKERS), "--asgi-lifespan", "off", "--keep-alive", "60",
                  "--graceful-timeout", "2") as server:
        yield server


def settle(service):
    """Each worker has seen the others, and nobody has a connection but who asks."""
    while True:
        ready, seconds, connections = json.loads(fetch(service, "/seen").body)
        if ready == WORKERS and seconds > 0.5 and connections == 1:
            return


def spread(connections):
    """How many each worker has, the least at last."""
    for connection in connections:
        send(connection)
    return sorted(Counter(int(read_response(connection).body) for connection in connections).values(), reverse=True)


@pytest.mark.parametrize("how", ["one by one", "all at once", "while apps compute"])
def test_each_worker_has_its_share(service, how):
    assert any(most_to_least(service, how) <= MOST for _ in range(GOES))


def most_to_least(service, how):
    settle(service)
    connections = []
    for _ in range(CONNECTIONS):
        connections.append(service.connect())
        if how != "all at once":
            send(connections[-1], "/burn" if how == "while apps compute" else "/")
            read_response(connections[-1])
    counts = spread(connections)
    for connection in connections:
        connection.close()
    return counts[0] / counts[-1] if len(counts) == WORKERS else CONNECTIONS
