"""The only worker is to end, and the next one starts when it has: whoever holds it up makes nobody else wait."""

import os
import re
import signal
import time

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.servers import read_response, read_to_end
from tests.websocket.client import FIELDS
from tests.worker.gate import GATED, Gate

APP = GATED.replace("async def app(", "async def http(") + """

async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            pass
    else:
        await http(scope, receive, send)
        if scope["type"] == "http" and scope["query_string"] == b"background":
            await asyncio.to_thread(lambda: open("released").read())
"""
TRIES = 1.0  # seconds: others come while the worker looks time and again whether it can end
STAYS = 6  # seconds that an idle client is waited for: longer than a busy machine may keep it from asking again


@pytest.fixture
def server(gunicorn, tmp_path):
    gate = Gate(tmp_path)
    os.mkfifo(tmp_path / "released")
    server = gunicorn(APP, config=f"fastsrv_shutdown_keepalive = {STAYS}")
    server.gate = gate
    gate.let()
    server.wait_for("Ready after")
    return server


def silent(connection):
    """The request that it was made for comes late."""


def idle(connection):
    ask(connection)


def partial(connection):
    connection.sendall(b"GET / HTTP/1.1\r\nHost: exam")


def upload(connection):
    send(connection, "/wait", "Content-Length: 2", method="POST")


def websocket(connection):
    send(connection, "/", *FIELDS)
    assert connection.recv(65536).startswith(b"HTTP/1.1 101 ")


def background(connection):
    assert ask(connection, "/?background").status == 200


HOLDERS = {  # what holds the worker up, and how it goes on when others were served
    silent: lambda server, connection: ask(connection),
    idle: lambda server, connection: ask(connection),
    partial: lambda server, connection: (connection.sendall(b"ple\r\n\r\n"), read_response(connection)),
    upload: lambda server, connection: (connection.sendall(b"ok"), read_response(connection)),
    websocket: lambda server, connection: read_to_end(connection),
    background: lambda server, connection: (server.folder / "released").write_text(""),
}


def is_served(server):
    """The pid that answers whoever comes, on connections of their own, for as long as the worker tries to end."""
    pids, until = set(), time.monotonic() + TRIES
    while time.monotonic() < until:
        pids.add(int(fetch(server).body))
    return pids


@pytest.mark.parametrize("holds", HOLDERS, ids=lambda holds: holds.__name__)
def test_others_are_served_while_somebody_holds_it_up(server, holds):
    pid = server.worker()
    with server.connect() as connection:
        holds(connection)
        fetch(server)  # by then it has the connection, and its bytes
        server.signal(signal.SIGTERM, pid)
        assert is_served(server) == {pid}
        HOLDERS[holds](server, connection)
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    server.worker(2)
    server.gate.let()
    assert int(fetch(server).body) == server.worker(2)
    assert not re.search("Traceback|ERROR", server.output)
