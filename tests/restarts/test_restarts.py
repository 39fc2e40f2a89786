"""Restarts of every kind under load: no request is lost that a client has sent, but for what a worker that is killed
has in hand. The long form has more of each, and other servers beside ours, whom no test judges."""

import socket

from benchmarks.processes import Failed
from benchmarks.servers import SERVERS
from tests.restarts.kinds import KINDS, kill
from tests.restarts.load import Load
from tests.restarts.service import Service
from tests.restarts.ways import DIRECT, HAPROXY, NGINX, TWO, served
from tests.support.asking import send
from tests.support.proxies import Haproxy
from tests.support.servers import PATIENCE

SHORT, LONG = (300, 1), (1500, 2)  # answers of askers.py between two restarts, and how many of these
OURS = "fastsrv"
PEERS = ("gunicorn-asgi", "uvicorn-worker", "granian")
GRANIANS = (DIRECT, HAPROXY, NGINX, TWO)  # ways; it is handed no socket
SLOWEST, GRACE = 8, 20  # seconds that a client may wait while one of two servers ends, and that this may take
# Our end and a request of haproxy's may pass each other on the wire (RFC 9112, 9.6), where it knows nothing of the end.
MAY_PASS = 2
# As one sets up haproxy for more than one server: who cannot connect to one tries the other.
CHECKED = """
    option redispatch 1
    timeout check 5s
    default-server check inter 200ms
"""


def restarts(long, server):
    """(name of a kind, way) of all that `server` knows, or of the short form."""
    for name, kind in KINDS.items():
        for way in kind.ways if long else kind.short:
            if server != "granian" or (kind.granian is not None and way in GRANIANS):
                yield name, way


def pytest_generate_tests(metafunc):
    if "way" in metafunc.fixturenames:
        long = metafunc.config.getoption("--long")
        metafunc.parametrize(("name", "way", "server"), [
            (name, way, server) for server in ((OURS, *PEERS) if long else (OURS,))
            for name, way in restarts(long, server)])


def test_restart(name, way, server, tmp_path, long, keep):
    kind, may_lose = KINDS[name], 0
    words = kind.granian if server == "granian" else kind.words
    each, times = LONG if long else SHORT
    told = keep(name, way, server)
    try:
        with served(SERVERS[server], way, tmp_path, words) as (service, port), Load(port) as load:
            load.served(each)
            for _ in range(times):
                may_lose += kind.restart(service) or 0
                load.served(each)
    except Failed as failure:
        told["failure"] = str(failure)
        if server == OURS:
            raise
        return
    told |= load.figures
    if kind.restart is kill:
        told["in hand"] = may_lose
    if server == OURS:
        assert len(load.figures["lost"]) <= may_lose and not load.figures["refused"], load.figures


def test_one_of_two_servers_ends(tmp_path):
    """Without a word to haproxy. A stream keeps it from ending at once; whoever else would come to it goes to the
    other one."""
    ending, staying = (
        Service(SERVERS[OURS], tmp_path / name, "--graceful-timeout", str(GRACE)) for name in ("ending", "staying"))
    with ending, staying, Haproxy(tmp_path, ending.address, staying.address, more=CHECKED) as between:
        with socket.create_connection(("127.0.0.1", ending.port), PATIENCE) as stream, Load(between.port) as load:
            send(stream, "/stream")
            assert stream.recv(1000)
            load.served(500)
            ending.ends()
            load.served(500)
    assert len(load.figures["lost"]) <= MAY_PASS, load.figures
    assert load.figures["slowest"] < SLOWEST
