"""Holds many idle keep-alive connections, so that their memory can be measured at the server.

`python -m benchmarks.load.idle --url URL --connections 5000`: each connection asks once and reads its answer whole.
Then {"connections": how many stand} is printed, and they are held until stdin closes.
"""

import asyncio
import sys

from benchmarks.load.client import Client, Failure, Target, arguments, report, run

AT_ONCE = 64  # connections that wait for their answer; more would overflow a backlog
PATIENCE = 60.0  # seconds for all the answers


class Idle(Client):
    """A connection that stands once it is answered, until the server ends it."""

    def __init__(self, target, standing):
        super().__init__(target)
        self.standing = standing
        self.settled = asyncio.get_running_loop().create_future()  # answered, or lost

    def answered(self):
        self.standing.add(self)
        self.settle()

    def connection_lost(self, error):
        self.standing.discard(self)
        self.settle()

    def settle(self):
        if not self.settled.done():
            self.settled.set_result(None)


async def hold(target, connections, released):
    """Open `connections`, report how many stand, hold them until the awaitable `released` is done.

    Failure if they do not all have an answer, or an end, within PATIENCE.
    """
    opened, standing = [], set()
    room = asyncio.Semaphore(AT_ONCE)

    async def open_one():
        async with room:
            idle = Idle(target, standing)
            opened.append(idle)
            await target.connect(idle)
            await idle.settled

    try:
        await asyncio.wait_for(asyncio.gather(*(open_one() for _ in range(connections))), PATIENCE)
        report({"connections": len(standing)})
        await released
    except asyncio.TimeoutError:
        raise Failure(f"{len(standing)} of {connections} connections had an answer within {PATIENCE:g} s") from None
    finally:
        for idle in opened:
            if idle.transport is not None:
                idle.transport.close()


async def main(options):
    closed = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    await hold(Target(options.url), options.connections, closed)


if __name__ == "__main__":
    run(main(arguments(__doc__, connections=5000)))
