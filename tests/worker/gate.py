"""Workers that start when the test says so, one by one."""

import os
import re
import signal
from pathlib import Path

from tests.support.asking import fetch
from tests.worker.served import SOURCE

GATED = """
import os

gate = os.open("gate", os.O_RDONLY)
word = os.read(gate, 1)
os.close(gate)
if word == b"x":
    raise RuntimeError("this code is broken")
if word == b"k":
    os.kill(os.getpid(), 9)
LIFESPAN_FAILS = word == b"l"
""" + SOURCE.replace('    await receive()\n    await send({"type": "lifespan.startup.complete"})', """
    await receive()
    if LIFESPAN_FAILS:
        return await send({"type": "lifespan.startup.failed", "message": "no database"})
    await send({"type": "lifespan.startup.complete"})""".lstrip("\n"), 1)


MOST_PIDS = int(Path("/proc/sys/kernel/pid_max").read_text())  # behind which they begin anew


class Gate:
    """Before which each new worker of the GATED app waits, in `folder`."""

    def __init__(self, folder):
        os.mkfifo(folder / "gate")
        self.gate = os.open(folder / "gate", os.O_RDWR)  # to write alone would wait for a reader

    def let(self, count=1):
        """So many workers start."""
        os.write(self.gate, b"." * count)

    def break_(self, count=1, how="x"):
        """So many fail: x the import, l the lifespan, k by a SIGKILL."""
        os.write(self.gate, how.encode() * count)


class Service:
    """A gunicorn whose workers start when the test says so; `count` have."""

    def __init__(self, gunicorn, folder, *options, count=2, **more):
        self.gate = Gate(folder)
        self.server = gunicorn(GATED, "--workers", str(count), *options, **more)
        self.gate.let(count)
        self.pids = self.ready(count)

    def ready(self, number):
        """Wait until so many workers have been ready; returns the pids, by age."""
        self.server.wait_for("Ready after", number)
        pids = map(int, re.findall(r"\[(\d+)\] \[INFO\] Ready after", self.server.output))
        return sorted(pids, key=lambda pid: (pid - self.server.process.pid) % MOST_PIDS)

    def has_exited(self, pid):
        return f"Worker exiting (pid: {pid})" in self.server.output

    def exits(self, pid):
        self.server.wait_for(rf"Worker exiting \(pid: {pid}\)")

    def hup(self):
        """Returns when as many new workers boot."""
        booted = self.server.output.count("Booting worker")
        self.server.signal(signal.SIGHUP)
        self.server.worker(booted + len(self.pids))

    def asked(self, times=20):
        """The pids of the workers that answer, each time on a connection of its own."""
        return {int(fetch(self.server).body) for _ in range(times)}

    def stop(self):
        self.server.signal(signal.SIGTERM)
        assert self.server.wait() == 0
