"""Restarts of every kind under load: no request is lost that a client has sent.

Directly a few may be: a client's request and our end may pass each other on their way, and so may its connection and
the last look into the queue of a listening socket. A proxy asks again."""

import contextlib
import json
import signal
import subprocess
import sys

import pytest

from tests.support.asking import send
from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import ROOT

SOURCE = """
import asyncio

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.Event().wait()
    await send({"type": "http.response.body", "body": b"Hello, world!"})
"""
MAX_REQUESTS = 700  # of a worker
# Of some 30,000. Our end and a request may pass each other on the wire (RFC 9112, 9.6), also between haproxy and us:
# that takes a busy machine, and two backends of which one ends for good.
MAY_LOSE = {"direct": 2, "haproxy": 0, "nginx": 0, "two backends": 2}


# As one sets up haproxy for more than one server: who cannot connect to one tries the other.
CHECKED = """
    option redispatch 1
    default-server check inter 200ms
"""
SLOWEST = 3  # seconds that a client may wait while one of two servers ends


def proxy(way, folder, port):
    if way == "direct":
        return contextlib.nullcontext()
    it = {"haproxy": Haproxy, "nginx": Nginx}[way](folder, f"127.0.0.1:{port}")
    it.config = it.config.replace("proxy_next_upstream off;", "")  # its default: another connection is tried
    return it


class Clients:
    """askers.py, from `with` to its end; afterwards `figures` is what it has counted."""

    def __init__(self, port):
        self.port, self.answered = port, 0

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.askers", str(self.port)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def served(self, more):
        """Wait until so many more requests have been answered."""
        enough = self.answered + more
        while self.answered < enough:
            self.answered = int(self.process.stdout.readline())

    def __exit__(self, kind, failure, traceback):
        if failure is not None:
            self.process.kill()
        output, _ = self.process.communicate()
        if failure is None:
            self.figures = json.loads(output.splitlines()[-1])


@pytest.mark.parametrize("way", ["direct", "haproxy", "nginx"])
def test_restarts_lose_no_request(gunicorn, tmp_path, long, way):
    each = 4000 if long else 300  # requests between two restarts, beside those by max_requests
    server = gunicorn(SOURCE, "--workers", "2", "--max-requests", str(MAX_REQUESTS), "--asgi-lifespan", "off",
                      "--keep-alive", "5", "--pid", str(tmp_path / "pid"), module=["fastsrv"])
    server.worker(2)
    with proxy(way, tmp_path, server.port) as between, Clients(between.port if between else server.port) as clients:
        clients.served(each)
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
            server.signal(number)
            clients.served(each)
        server.signal(signal.SIGUSR2)
        server.wait_for("Listening at", 2)
        clients.served(each)
        second = int((tmp_path / "pid.2").read_text())
        server.signal(signal.SIGTERM)
        server.process.wait()
        clients.served(each)
    print(way, clients.figures)
    server.signal(signal.SIGTERM, second)
    server.wait()
    assert len(clients.figures["lost"]) <= MAY_LOSE[way], clients.figures


def test_one_of_two_servers_ends(gunicorn, tmp_path):
    """A stream keeps it from ending at once; whoever else would come to it goes to the other one."""
    options = ("--asgi-lifespan", "off", "--graceful-timeout", "6", "--keep-alive", "5")
    ending, staying = gunicorn(SOURCE, *options), gunicorn(SOURCE, *options)
    backends = [f"127.0.0.1:{server.port}" for server in (ending, staying)]
    with Haproxy(tmp_path, *backends, more=CHECKED) as between, \
            ending.connect() as stream, Clients(between.port) as clients:
        send(stream, "/stream")
        assert stream.recv(1000)
        clients.served(500)
        ending.signal(signal.SIGTERM)
        assert ending.wait() == 0
        clients.served(500)
    print(clients.figures)
    assert len(clients.figures["lost"]) <= MAY_LOSE["two backends"]
    assert clients.figures["slowest"] < SLOWEST
