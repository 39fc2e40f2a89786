"""A thread of each worker tells what it is doing while its loop is blocked."""

import contextlib
import json
import os
import re
import signal

import pytest

from tests.support.asking import ask, send
from tests.support.servers import read_response
from tests.worker.gate import Gate

SOURCE = """
import asyncio, ctypes, json, os

from fastsrv import board
from fastsrv.reports import stacks_of_all

def blocked_at_the_gate(read=os.read):
    gate = os.open("gate", os.O_RDONLY)
    read(gate, *((1,) if read is os.read else (ctypes.create_string_buffer(1), 1)))
    os.close(gate)

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    said = os.getpid()
    if scope["path"] == "/block":
        blocked_at_the_gate()
    elif scope["path"] == "/native":
        blocked_at_the_gate(ctypes.PyDLL(None).read)  # keeps the GIL
    elif scope["path"] == "/stacks":
        said = await asyncio.to_thread(stacks_of_all, board.current, float(scope["query_string"] or 30))
    elif scope["path"] == "/many":
        said = await asyncio.gather(*(asyncio.to_thread(stacks_of_all, board.current, 30.0) for _ in range(5)))
    elif scope["path"] == "/crowd":
        said = len([asyncio.create_task(asyncio.Event().wait(), name="u" * 1000) for _ in range(200)])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})

async def lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
"""


class Pair:
    """A gunicorn of two workers: `first` and `second` are connections, each to another one, `pids` these workers'."""

    def __init__(self, server, folder, stack):
        self.server, self.gate = server, Gate(folder)
        found = {}
        while len(found) < 2:
            connection = stack.enter_context(server.connect())
            found.setdefault(self.asks(connection), connection)
        self.pids, (self.first, self.second) = list(found), found.values()

    def asks(self, connection, path="/"):
        return json.loads(ask(connection, path).body)

    def stacks(self, wait=""):
        """pid -> report, as the second one is told."""
        return {pid: report for _, pid, report in self.asks(self.second, f"/stacks?{wait}")}

    def blocks(self, path="/block"):
        """The first one blocks."""
        send(self.first, path)

    def lets(self):
        """It goes on."""
        self.gate.let()
        return read_response(self.first)


@pytest.fixture
def pair(gunicorn, tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda *options, source=SOURCE, **more: Pair(
            gunicorn(source, "--workers", "2", *options, **more), tmp_path, stack)


# --- the stacks of all ---


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_blocked_worker_tells_another_one_its_stacks(pair, loop):
    it = pair("--asgi-loop", loop)
    it.blocks()
    while "in blocked_at_the_gate" not in (report := it.stacks()[it.pids[0]]):
        pass  # the request was on its way
    assert re.search(r"Thread MainThread:(\n .*)*, in blocked_at_the_gate\n", report)
    assert re.search(r"In flight \(RESPOND\): GET /block of 127.0.0.1:\d+\n", report)
    assert re.search(r"Task .*:(\n .*)*, in heartbeat\n", report)
    assert re.search(r"Thread .*:(\n .*)*, in stacks_of_all\n", it.stacks()[it.pids[1]])
    assert it.lets().status == 200


def test_several_ask_at_once_and_a_long_report_is_cut(pair):
    it = pair()
    it.asks(it.first, "/crowd")
    for answer in it.asks(it.second, "/many"):
        reports = {pid: report for _, pid, report in answer}
        assert reports.keys() == set(it.pids)
        first = reports[it.pids[0]]
        assert first.startswith("Thread ") and first.endswith("there is no room for the rest)")
        assert len(first) == 64 * 1024


def test_it_is_said_who_does_not_answer(pair):
    """One that is stopped, and one that keeps the GIL."""
    it = pair()
    os.kill(it.pids[0], signal.SIGSTOP)
    assert it.stacks("0.5")[it.pids[0]].startswith("No answer in 0.5 s")
    os.kill(it.pids[0], signal.SIGCONT)
    assert it.stacks()[it.pids[0]].startswith("Thread ")
    it.blocks("/native")
    while not it.stacks("0.5")[it.pids[0]].startswith("No answer in 0.5 s"):
        pass
    assert it.lets().status == 200
    assert it.stacks()[it.pids[0]].startswith("Thread ")
