"""Well-behaved clients: they ask one thing after another, check every answer, and measure how long each took.

`python -m tests.faults.regulars PORT WEBSOCKETS [CA]` (so many of them ask over a WebSocket, beside those of HTTP; with
the file of a CA: over TLS). A process of its own, so that its figures are the server's and not the test's. trial.py
tells it by lines on stdin: "begin", which it answers with "begun" when each client has been served, and "rest", upon
which it closes its connections and prints the figures since "begin", one line of JSON.
"""

import asyncio
import contextlib
import json
import random
import ssl
import sys
import time

import uvloop

from benchmarks.load.client import percentiles
from tests.faults.sockets import handshake
from tests.support.frames import BINARY, CLOSE, PING, PONG, frame
from tests.websocket.client import close

KEPT = 6  # clients that ask on one connection
NEW = 2  # clients that connect for each request
WEBSOCKETS = 2  # clients that keep one, if trial.py does not say otherwise
ALL = KEPT + NEW + WEBSOCKETS
PAUSE = 0.01  # seconds, the longest between two requests of a client
PATIENCE = 60  # seconds for an answer
HASTE = 1  # seconds between connecting and asking: the shortest fastsrv_header_timeout of the tests


class Figures:
    """What has happened since "begin". took: seconds from each request to its answer."""

    def __init__(self, clients):
        self.clients = clients  # how many there are
        self.served = self.closed = 0
        self.clients_served = set()
        self.begun = asyncio.Event()  # each client has been served
        self.took = {"kept": [], "new": [], "websocket": []}
        self.lost, self.wrong = [], []

    def add(self, client, seconds):
        self.served += 1
        self.took[client.kind].append(seconds)
        self.clients_served.add(client.number)
        if len(self.clients_served) == self.clients:
            self.begun.set()

    def report(self):
        latency = {
            kind: {**percentiles(took), "slowest": max(took, default=0)} for kind, took in self.took.items()}
        return {"served": self.served, "closed": self.closed, "lost": self.lost, "wrong": self.wrong, **latency}


class Wrong(Exception):
    """An answer that is not the one owed."""


class Late(Exception):
    """Nothing came, and the client itself stood still for HASTE, as it may on a busy machine: the server need not wait
    so long for a request."""


class Closed(Exception):
    """The server's Close came instead of an answer, as it may when a worker ends."""


class Regular:
    """One client of HTTP, `kind` "kept" or "new"."""

    def __init__(self, address, tls, number):
        self.address, self.tls, self.number = address, tls, number
        self.kind = "kept" if number < KEPT else "new"
        self.chance = random.Random(number)
        self.asked = 0
        self.reader = self.writer = None
        self.sent = None  # when the first request of a connection was

    async def run(self, figures, resting):
        while not resting.is_set():
            begun = time.monotonic()
            try:
                await asyncio.wait_for(self.ask(figures), PATIENCE)
            except Wrong as wrong:
                figures.wrong.append(str(wrong))
                await self.close()
            except Late:
                await self.close()
            except Closed:
                figures.closed += 1
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
        is_first, began, self.sent = self.reader is None, time.monotonic(), None
        try:
            if is_first:
                await self.connect()
            self.asked += 1
            whose = b"%d.%d" % (self.number, self.asked)
            await self.exchange(whose, whose * self.chance.choice([0, 1, 100]))
        except (OSError, EOFError) as failure:
            if is_first and (self.sent or time.monotonic()) - began >= HASTE:
                raise Late from failure
            raise
        if self.kind == "new":
            await self.close()

    async def connect(self):
        name = "localhost" if self.tls else None
        self.reader, self.writer = await asyncio.open_connection(*self.address, ssl=self.tls, server_hostname=name)

    async def exchange(self, whose, body):
        self.writer.write(self.request(whose, body))
        self.sent = time.monotonic()
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = len(whose) + len(body)
        if (not head.startswith(b"HTTP/1.1 200 OK\r\n") or b"\r\nx-whose: %b\r\n" % whose not in head
                or b"\r\ncontent-length: %d\r\n" % size not in head):
            raise Wrong(f"{whose!r} was answered with {head!r}")
        answer = await self.reader.readexactly(size)
        if answer != whose + body:
            raise Wrong(f"{whose!r} was answered with the body {answer!r}")

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


class OfWebSocket(Regular):
    """One that keeps a WebSocket, and is sent back what it has sent."""

    def __init__(self, *given):
        super().__init__(*given)
        self.kind = "websocket"

    async def connect(self):
        await super().connect()
        self.writer.write(handshake(b"/regular/%d" % self.number))
        self.sent = time.monotonic()
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"the handshake was answered with {head!r}")

    async def exchange(self, whose, body):
        self.writer.write(frame(BINARY, whose + body))
        while (found := await self.frame()) == (PING, b""):
            self.writer.write(frame(PONG))
        if found[0] == CLOSE:
            raise Closed
        if found != (BINARY, whose + body):
            raise Wrong(f"{whose!r} was answered with {found!r}")

    async def frame(self):
        first, size = await self.reader.readexactly(2)
        if size == 126:  # none is longer
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def close(self):
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(close(1000))
            with contextlib.suppress(OSError):
                await self.reader.read()  # to the server's end
        await super().close()


async def main(port, websockets, authority=None):
    tls = ssl.create_default_context(cafile=authority) if authority else None
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    kinds = [Regular] * (KEPT + NEW) + [OfWebSocket] * int(websockets)
    regulars = [kind(("127.0.0.1", int(port)), tls, number) for number, kind in enumerate(kinds)]
    while await orders.readline() == b"begin\n":
        figures, resting = Figures(len(regulars)), asyncio.Event()
        running = asyncio.gather(*(regular.run(figures, resting) for regular in regulars))
        await figures.begun.wait()
        print("begun", flush=True)
        await orders.readline()  # "rest"
        resting.set()
        await running
        print(json.dumps(figures.report()), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
