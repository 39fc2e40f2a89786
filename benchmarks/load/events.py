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
    """One stream. The delays of its events in seconds are added to the list given, by a prompt client alone."""

    def __init__(self, target, delays=None):
        super().__init__(target)
        self.delays = delays
        self.events = 0
        self.ended = False

    def data_received(self, data):
        now = time.monotonic()
        *events, self.received = (self.received + data).split(EVENT_END)
        self.events += len(events)
        if self.delays is None:
            self.transport.pause_reading()
        else:
            self.delays.extend(now - float(event.rpartition(FIELD)[2]) for event in events)

    def read_on(self):
        if not self.ended:
            self.transport.resume_reading()

    def connection_lost(self, error):
        self.ended = True


async def read_slowly(readers):
    """Let each of `readers` read once in SLOW_READS, evenly spread over that time."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, reader in enumerate(readers):
        loop.call_at(begin + SLOW_READS * number / len(readers), reader.read_on)
    await asyncio.sleep(SLOW_READS)


async def read(target, clients, seconds):
    """The figures of `clients` that read for `seconds` after the last of them has connected."""
    delays = []
    readers = [Reader(target, delays if number % PROMPT == 0 else None) for number in range(clients)]
    slow = [reader for reader in readers if reader.delays is None]
    room = asyncio.Semaphore(AT_ONCE)

    async def connect(reader):
        async with room:
            await target.connect(reader, SLOW_BUFFER if reader.delays is None else None)

    await asyncio.gather(*(connect(reader) for reader in readers))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await read_slowly(slow)
    received = sum(reader.events for reader in readers)
    errors = sum(reader.ended for reader in readers)
    for reader in readers:
        reader.transport.close()
    if not delays:
        raise Failure("no event arrived")
    return {"requests": received, **percentiles(delays), "errors": errors}


async def main(options):
    report(await read(Target(options.url), options.clients, options.seconds))


if __name__ == "__main__":
    run(main(arguments(__doc__, clients=500, seconds=2.0)))
