"""Clients of a server that starts its workers anew: how long they wait, and what they lose."""

import asyncio
import contextlib

import pytest
import uvloop

from benchmarks.load import reload
from benchmarks.load.client import Failure, Target, until_failure

STALL = 0.2  # seconds
ENOUGH = 20.0  # seconds


class Restarting:
    """A server that answers as process 1, and as process 2 behind restart().

    stalls: for so many seconds nobody answers then. breaks: so many connections end without their answer then.
    closes: each answer says that its connection ends.
    """

    def __init__(self, stalls=0.0, breaks=0, closes=False):
        self.process = 1
        self.ready = asyncio.Event()
        self.ready.set()
        self.stalls = stalls
        self.breaks = breaks
        self.connections = set()
        self.field = b"Connection: close\r\n" if closes else b""

    def restart(self):
        self.process = 2
        self.ready.clear()
        asyncio.get_running_loop().call_later(self.stalls, self.ready.set)

    async def serve(self, reader, writer):
        self.connections.add(asyncio.current_task())
        with contextlib.closing(writer):
            while await reader.readline():
                await reader.readuntil(b"\r\n\r\n")
                await self.ready.wait()
                if self.process == 2 and self.breaks:
                    self.breaks -= 1
                    break
                writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: 1\r\n\r\n%d" % (self.field, self.process))
                if self.field:
                    break


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(reload, "BEFORE", 0.1)
    monkeypatch.setattr(reload, "CALM", 0.3)


def figures(seconds=ENOUGH, restarts=True, **options):
    async def run():
        restarting = Restarting(**options)
        server = await asyncio.start_server(restarting.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            return await until_failure(reload.ask(
                Target(url), 8, seconds, restarting.restart if restarts else lambda: None))
        finally:
            server.close()
            await asyncio.wait(restarting.connections)

    return uvloop.run(asyncio.wait_for(run(), 30))


def test_longest_wait_is_told():
    told = figures(stalls=STALL)
    assert told["stall"] >= STALL / 2 > told["p50"]
    assert told["errors"] == 0 and told["requests"] > 8


def test_connections_that_end_without_their_answer_are_errors():
    assert figures(breaks=3)["errors"] == 3


def test_connection_whose_end_was_said_is_no_error():
    assert figures(closes=True)["errors"] == 0


def test_server_that_keeps_its_workers_has_no_figures():
    with pytest.raises(Failure, match=r"the old workers still answer, or no new one does, 0\.2 s after HUP"):
        figures(seconds=0.3, restarts=False)


def test_server_that_has_gone_has_no_figures():
    with pytest.raises(Failure, match="no new one does"):
        figures(seconds=0.5, breaks=1_000_000)
