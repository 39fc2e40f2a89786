"""Clients that ask one thing after another on connections that are kept, and count the requests that get no answer.

`python -m tests.restarts.askers PORT`: a process of its own, so that a restart does not have to wait for the test. It
prints the number of answers from time to time; when stdin ends it prints what was lost, one line of JSON. It ends by
itself when nobody is answered any more.
"""

import asyncio
import json
import random
import sys
import time

import uvloop

CLIENTS = 24
RESTS = (0, 0.02)  # seconds, at most, between an answer and the next request; of one client and the next
EVERY = 50  # answers between two lines
PATIENCE = 20  # seconds for an answer
SILENCE = 60  # seconds without any answer: the server has gone
AGAIN = 0.01  # seconds until the next attempt to connect
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Askers:
    def __init__(self, port):
        self.port = port
        self.answered = self.refused = self.slowest = 0
        self.lost = []
        self.over = asyncio.Event()

    async def ask(self, rest):
        """One client."""
        began = time.monotonic()
        while not self.over.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:  # nothing was sent: it is no loss
                self.refused += 1
                await asyncio.sleep(AGAIN)
                continue
            asked, persists = 0, True
            while persists and not self.over.is_set() and not reader.at_eof():
                writer.write(REQUEST)
                asked += 1
                try:
                    persists = await asyncio.wait_for(self.answer(reader), PATIENCE)
                except (OSError, EOFError, ValueError, asyncio.TimeoutError) as failure:
                    self.lost.append(f"request {asked} of a connection: {failure!r}")
                    persists = False
                self.slowest = max(self.slowest, time.monotonic() - began)
                if rest:
                    await asyncio.sleep(random.uniform(0, rest))
                began = time.monotonic()
            writer.close()

    async def answer(self, reader):
        """Read one. May another request follow?"""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200 "):
            raise ValueError(head)
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        self.answered += 1
        if self.answered % EVERY == 0:
            print(self.answered, flush=True)
        return b"connection: close" not in head


async def main(port):
    askers = Askers(int(port))
    end = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(end), sys.stdin)
    clients = asyncio.gather(*(askers.ask(RESTS[number % len(RESTS)]) for number in range(CLIENTS)))
    reading, answered = asyncio.ensure_future(end.read()), -1
    while not reading.done():
        if askers.answered == answered:
            sys.exit(f"nobody was answered for {SILENCE} s")
        answered = askers.answered
        await asyncio.wait([reading], timeout=SILENCE)
    askers.over.set()
    await clients
    print(json.dumps({
        "answered": askers.answered, "refused": askers.refused, "slowest": askers.slowest, "lost": askers.lost}),
        flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
