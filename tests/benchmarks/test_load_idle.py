"""Idle connections: they stand, and are held until stdin closes."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import apps

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
