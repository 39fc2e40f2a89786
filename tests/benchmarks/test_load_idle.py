"""Idle connections: they stand, and are held until stdin closes."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import apps
from benchmarks.load import idle
from benchmarks.load.client import Failure, Target, until_failure

ROOT = Path(__file__).parents[2]


def test_connections_stand_until_stdin_closes(serve):
    server = serve(apps.plain)
    command = [sys.executable, "-m", "benchmarks.load.idle", "--url", f"http://127.0.0.1:{server.port}/",
               "--connections", "100"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as load:
        assert json.loads(load.stdout.readline()) == {"connections": 100}
        assert server.call(server.server.clock.census)["IDLE"] == 100
        load.stdin.close()
        assert load.wait(30) == 0


def test_server_that_does_not_answer_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr("benchmarks.load.idle.PATIENCE", 0.1)

    class Silent(asyncio.Protocol):
        def connection_made(self, transport):
            transports.append(transport)

    async def hold():
        server = await asyncio.get_running_loop().create_server(Silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        try:
            await until_failure(idle.hold(Target(f"http://{host}:{port}/"), 2, released))
        finally:
            server.close()
            for transport in transports:
                transport.abort()

    released, transports = asyncio.Event().wait(), []
    with pytest.raises(Failure, match="0 of 2 connections"):
        asyncio.run(asyncio.wait_for(hold(), 30))
    released.close()
