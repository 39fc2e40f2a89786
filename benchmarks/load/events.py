"""Reads streams of server-sent events, most of them slowly, and times what arrives.

`python -m benchmarks.load.events --url URL --clients 500 --seconds 2`: nine clients in ten are slow; they have small
receive buffers and read four times a second. The tenth reads at once, and its events tell the delay: each carries the
server's monotonic clock, which all processes of a machine share.
Prints {"requests": events received, "p50", "p99", "p999": delay in seconds, "errors": streams that ended}.
"""

import asyncio
import time

from benchmarks.load.client import Client, Failure, Target, arguments, percentiles, report, run

AT_ONCE = 64  # connections that are being made
PROMPT = 10  # one client in so many
SLOW_READS = 0.25  # seconds between two reads of a slow client
SLOW_BUFFER = 4096  # bytes of a slow client's receive buffer

EVENT_END = b"\n\n"
FIELD = b"data: "


class Reader(Client):
    """One stream. `delays` of its events in seconds are noted in the list given, by a prompt client alone."""

    def __init__(self, target, count, delays=None):
        super().__init__(target)
        self.count = count
        self.delays = delays
        self.ended = False

    def data_received(self, data):
        now = time.monotonic()
        *events, self.received = (self.received + data).split(EVENT_END)
        for event in events:
            sent = event.rpartition(FIELD)[2]
            if self.count.begun:
                self.count.events += 1
                if self.delays is not None:
                    self.delays.append(now - float(sent))
        if self.delays is None:
            self.transport.pause_reading()

    def read_on(self):
        if not self.ended:
            self.transport.resume_reading()

    def connection_lost(self, error):
        self.ended = True


class Count:
    """Events received since the measurement began."""

    def __init__(self):
        self.begun = False
        self.events = 0


async def read_slowly(readers):
    """Let each of `readers` read once in SLOW_READS, evenly spread over that time."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, reader in enumerate(readers):
        loop.call_at(begin + SLOW_READS * number / len(readers), reader.read_on)
    await asyncio.sleep(SLOW_READS)


async def read(target, clients, seconds):
    """The figures of `clients` that read for `seconds`."""
    count = Count()
    delays = []
    readers = [Reader(target, count, delays if number % PROMPT == 0 else None) for number in range(clients)]
    slow = [reader for reader in readers if reader.delays is None]
    room = asyncio.Semaphore(AT_ONCE)

    async def connect(reader):
        async with room:
            await target.connect(reader, SLOW_BUFFER if reader.delays is None else None)

    await asyncio.gather(*(connect(reader) for reader in readers))
    count.begun = True
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await read_slowly(slow)
    count.begun = False
    errors = sum(reader.ended for reader in readers)
    for reader in readers:
        reader.transport.close()
    if not count.events:
        raise Failure("no event arrived")
    return {"requests": count.events, **percentiles(delays), "errors": errors}


async def main(options):
    report(await read(Target(options.url), options.clients, options.seconds))


if __name__ == "__main__":
    run(main(arguments(__doc__, clients=500, seconds=2.0)))
