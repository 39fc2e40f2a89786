"""Well-behaved clients: they ask one thing after another, check every answer, and measure how long each took.

`python -m tests.faults.regulars PORT [CA]` (with the file of a CA: over TLS). A process of its own, so that its
figures are the server's and not the test's. trial.py tells it by lines on stdin: "begin", which it answers with
"begun" when each client has been served, and "rest", upon which it closes its connections and prints the figures since
"begin", one line of JSON.
"""

import asyncio
import json
import random
import ssl
import sys
import time

import uvloop

from benchmarks.load.client import percentiles

KEPT = 6  # clients that ask on one connection
NEW = 2  # clients that connect for each request
PAUSE = 0.01  # seconds, the longest between two requests of a client
PATIENCE = 60  # seconds for an answer


class Figures:
    """What has happened since "begin". took: seconds from each request to its answer."""

    def __init__(self):
        self.served = self.closed = 0
        self.clients_served = set()
        self.begun = asyncio.Event()  # each client has been served
        self.took = {"kept": [], "new": []}
        self.lost, self.wrong = [], []

    def add(self, client, seconds):
        self.served += 1
        self.took[client.kind].append(seconds)
        self.clients_served.add(client.number)
        if len(self.clients_served) == KEPT + NEW:
            self.begun.set()

    def report(self):
        latency = {
            kind: {**percentiles(took), "slowest": max(took, default=0)} for kind, took in self.took.items()}
        return {"served": self.served, "closed": self.closed, "lost": self.lost, "wrong": self.wrong, **latency}


class Wrong(Exception):
    """An answer that is not the one owed."""


class Regular:
    """One client, `kind` "kept" or "new"."""

    def __init__(self, address, tls, number):
        self.address, self.tls, self.number = address, tls, number
        self.kind = "kept" if number < KEPT else "new"
        self.chance = random.Random(number)
        self.asked = 0
        self.reader = self.writer = None

    async def run(self, figures, resting):
        while not resting.is_set():
            begun = time.monotonic()
            try:
                await asyncio.wait_for(self.ask(figures), PATIENCE)
            except Wrong as wrong:
                figures.wrong.append(str(wrong))
                await self.close()
            except (OSError, EOFError, asyncio.TimeoutError) as failure:
                figures.lost.append(f"{self.kind} client {self.number}, request {self.asked}: {failure!r}")
                await self.close()
            else:
                figures.add(self, time.monotonic() - begun)
            await asyncio.sleep(self.chance.uniform(0, PAUSE))
        await self.close()

    async def ask(self, figures):
        if self.reader is not None and (self.reader.at_eof() or self.reader.exception()):  # while nothing was asked
            figures.closed += 1
            await self.close()
        if self.reader is None:
            name = "localhost" if self.tls else None
            self.reader, self.writer = await asyncio.open_connection(
                *self.address, ssl=self.tls, server_hostname=name)
        self.asked += 1
        whose = b"%d.%d" % (self.number, self.asked)
        body = whose * self.chance.choice([0, 1, 100])
        self.writer.write(self.request(whose, body))
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = len(whose) + len(body)
        if (not head.startswith(b"HTTP/1.1 200 OK\r\n") or b"\r\nx-whose: %b\r\n" % whose not in head
                or b"\r\ncontent-length: %d\r\n" % size not in head):
            raise Wrong(f"{whose!r} was answered with {head!r}")
        answer = await self.reader.readexactly(size)
        if answer != whose + body:
            raise Wrong(f"{whose!r} was answered with the body {answer!r}")
        if self.kind == "new":
            await self.close()

    def request(self, whose, body):
        way = self.chance.choice(["GET", "length", "chunked"]) if body else "GET"
        if way == "chunked":
            framing, sent = b"transfer-encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        else:
            framing, sent = b"content-length: %d\r\n" % len(body), body
        method = b"GET" if way == "GET" else b"POST"
        return b"%b /echo/%b HTTP/1.1\r\nhost: localhost\r\n%b\r\n%b" % (method, whose, framing, sent)

    async def close(self):
        if self.writer is not None:
            self.writer.close()
            try:
                await self.writer.wait_closed()
            except OSError:
                pass
            self.reader = self.writer = None


async def main(port, authority=None):
    tls = ssl.create_default_context(cafile=authority) if authority else None
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    regulars = [Regular(("127.0.0.1", int(port)), tls, number) for number in range(KEPT + NEW)]
    while await orders.readline() == b"begin\n":
        figures, resting = Figures(), asyncio.Event()
        running = asyncio.gather(*(regular.run(figures, resting) for regular in regulars))
        await figures.begun.wait()
        print("begun", flush=True)
        await orders.readline()  # "rest"
        resting.set()
        await running
        print(json.dumps(figures.report()), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
