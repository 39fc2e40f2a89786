"""Workers that start when the test says so, one by one."""

import os

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
