"""Asks a server all the time, while it is told to start its workers anew, and times the answers.

`python -m benchmarks.load.reload --url URL --clients 8 --seconds 20 --pid PID`: half of the clients keep their
connection, the others make one for each request; each asks, waits for the answer, and rests for a moment. HUP goes to
`pid` after BEFORE. It ends when no old process has answered for CALM, and fails if that is not so after `seconds`.
Prints {"stall": the longest that a client was without an answer that it wanted, in seconds, "p50", "p99", "p999",
"requests", "errors": connections that were refused, or ended without the answer}.
"""

import asyncio
import os
import signal

from benchmarks.load.client import Client, Failure, Target, arguments, percentiles, report, run

BEFORE = 1.0  # seconds
CALM = 4.0  # seconds; longer than a worker takes to start, as one may follow the other
REST = 0.01  # seconds between an answer and the next request


class Asking(Client):
    """A connection that asks when it is told to. The future `process` says who answers, None if nobody does."""

    def __init__(self, target, others):
        super().__init__(target)
        self.others = others  # those that are open
        self.ended = False
        self.process = None

    def connection_made(self, transport):
        self.others.add(self)
        super().connection_made(transport)

    def ask(self):
        self.process = asyncio.get_running_loop().create_future()
        super().ask()

    def answered(self):
        if b"\r\nconnection: close\r\n" in self.answer.lower():
            self.leave()
        self.process.set_result(self.body)

    def leave(self):
        self.ended = True
        self.transport.close()

    def connection_lost(self, error):
        self.others.discard(self)
        self.ended = True
        if not self.process.done():
            self.process.set_result(None)


class Clients:
    """What several clients see of the server."""

    def __init__(self, target):
        self.target = target
        self.waits = []
        self.errors = 0
        self.open = set()
        self.answers = {}  # by process: when its last one came

    async def visit(self, keeps):
        """One client, that keeps its connection or makes one for each request."""
        loop = asyncio.get_running_loop()
        connection = None
        while True:
            begun = loop.time()
            connection = await self.asked(connection)
            while connection is None or (process := await connection.process) is None:
                self.errors += 1
                await asyncio.sleep(REST)
                connection = await self.asked(connection)
            self.answers[process] = loop.time()
            self.waits.append(loop.time() - begun)
            if not keeps:
                connection.leave()
            await asyncio.sleep(REST)

    async def asked(self, connection):
        """A connection on which a request is on its way: this one, if it stands. None: it was refused."""
        if connection is not None and not connection.ended:
            connection.ask()
            return connection
        connection = Asking(self.target, self.open)
        try:
            await self.target.connect(connection)
        except (Failure, OSError):
            return None
        return connection


async def ask(target, clients, seconds, reload):
    """The figures of `clients`, while reload() has the server start its workers anew."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    seen = Clients(target)
    visits = [loop.create_task(seen.visit(keeps=number % 2 == 0)) for number in range(clients)]
    await asyncio.sleep(BEFORE)
    old = set(seen.answers)
    reload()
    try:
        while not old or not seen.answers.keys() - old or loop.time() < max(map(seen.answers.get, old)) + CALM:
            if loop.time() > end:
                raise Failure(f"the old workers still answer, or no new one does, {seconds - BEFORE:g} s after HUP")
            await asyncio.sleep(REST)
    finally:
        for visit in visits:
            visit.cancel()
        for connection in seen.open:
            connection.transport.close()
    return {"stall": max(seen.waits), "requests": len(seen.waits), "errors": seen.errors, **percentiles(seen.waits)}


async def main(options):
    report(await ask(Target(options.url), options.clients, options.seconds,
                     lambda: os.kill(options.pid, signal.SIGHUP)))


if __name__ == "__main__":
    run(main(arguments(__doc__, clients=8, seconds=20.0, pid=0)))
