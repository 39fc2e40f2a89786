"""Opens keep-alive connections and asks on each which process answers, to see how they are shared.

`python -m benchmarks.load.share --url URL --connections 200 --workers 4`: one after the other, all of which then stand
until the end. Prints {"share": how many times as many the process with the most has as that with the least,
"connections"}; a process that has none counts as one.
"""

import asyncio
from collections import Counter

from benchmarks.load.client import Client, Failure, Target, arguments, report, run

PATIENCE = 60.0  # seconds for all the answers


class Asking(Client):
    """A connection whose first answer tells who has it."""

    def __init__(self, target):
        super().__init__(target)
        self.process = asyncio.get_running_loop().create_future()

    def answered(self):
        self.process.set_result(self.body)

    def connection_lost(self, error):
        if not self.process.done():
            self.process.set_exception(Failure("the server ended a connection without an answer"))


async def shared(target, connections, workers):
    """The figures of `connections` at a server of so many `workers`."""
    opened, processes = [], Counter()
    try:
        for _ in range(connections):
            asking = Asking(target)
            opened.append(asking)
            await target.connect(asking)
            processes[await asyncio.wait_for(asking.process, PATIENCE)] += 1
    except asyncio.TimeoutError:
        raise Failure(f"no answer within {PATIENCE:g} s") from None
    finally:
        for asking in opened:
            if asking.transport is not None:
                asking.transport.close()
    least = min(processes.values()) if len(processes) >= workers else 1
    return {"share": max(processes.values()) / least, "connections": connections}


async def main(options):
    report(await shared(Target(options.url), options.connections, options.workers))


if __name__ == "__main__":
    run(main(arguments(__doc__, connections=200, workers=4)))
