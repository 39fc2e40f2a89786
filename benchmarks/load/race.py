"""The keep-alive race: requests sent about when the server closes the idle connection. How many get no answer?

`python -m benchmarks.load.race --url URL --requests 10000 --limit 1`. Connections are opened at a steady pace, some
--connections at a time. Each asks once and rests; then it asks again, at an age spread evenly from MARGIN before the
earliest to MARGIN after the latest age at which this server closes idle connections. One connection in ten is a probe:
it rests until the server closes it, and tells those ages.

Immediately before it asks again a client looks at its socket, as HTTP libraries do before they reuse a connection: if
the server's end is there, it is `closed`, and nothing is sent. What was sent and got no whole answer is `lost`.
Prints {"sent", "lost", "closed": counts, "seconds": how long it took, "lag": p99 of our own lateness in seconds}.
"""

import asyncio
import random
import socket
import time
from collections import deque

from benchmarks.load.client import Client, Failure, Target, arguments, percentiles, report, run

MARGIN = 0.060  # seconds
PROBES = 10  # one connection in so many rests until the server closes it
CALIBRATION = 100  # ages that must be known before the first race
MEMORY = 200  # ages that are remembered, the latest
PATIENCE = 5.0  # seconds for an answer, and for a server to close beyond its limit


class Race:
    """The counts of one race, and what is known of the ages at which the server closes."""

    def __init__(self):
        self.random = random.Random(1)
        self.ages = deque(maxlen=MEMORY)  # seconds
        self.open = set()
        self.opened = self.sent = self.lost = self.closed = 0
        self.lags = []  # seconds

    def next_age(self):
        """The age in seconds at which a rested connection asks again; None for a probe."""
        if len(self.ages) < CALIBRATION or self.opened % PROBES == 0:
            return None
        return self.random.uniform(min(self.ages) - MARGIN, max(self.ages) + MARGIN)


class Racer(Client):
    """One connection: asks, rests, and asks again if it is no probe."""

    def __init__(self, target, race):
        super().__init__(target)
        self.race = race
        self.socket = None
        self.rested = None  # when the first answer was whole
        self.age = None  # at which it asks again, in seconds; None: a probe
        self.timer = None
        self.asked_again = False

    def connection_made(self, transport):
        self.race.opened += 1
        self.race.open.add(self)
        super().connection_made(transport)

    def answered(self):
        if self.asked_again:
            self.end()
        else:
            self.rested = time.monotonic()
            self.age = self.race.next_age()
            if self.age is not None:
                self.timer = asyncio.get_running_loop().call_later(self.age, self.ask_again)

    def ask_again(self):
        self.race.lags.append(time.monotonic() - self.rested - self.age)
        if not is_open(self.socket):
            self.race.closed += 1
            self.end()
            return
        try:
            self.socket.send(self.target.request)  # not by the transport, which might write later
        except OSError:  # the server's end came after the look
            pass
        self.asked_again = True
        self.race.sent += 1
        self.timer = asyncio.get_running_loop().call_later(PATIENCE, self.ended)

    def eof_received(self):
        self.ended()

    def connection_lost(self, error):
        self.ended()

    def ended(self):
        """The server has ended the connection, or keeps us waiting."""
        if self not in self.race.open:
            return
        if self.rested is None:
            raise Failure("the server closed a new connection instead of answering")
        if self.asked_again:
            self.race.lost += 1
        elif self.age is None:
            self.race.ages.append(time.monotonic() - self.rested)
        else:
            self.race.closed += 1
        self.end()

    def end(self):
        self.race.open.discard(self)
        if self.timer is not None:
            self.timer.cancel()
        self.transport.close()


def is_open(connection):
    """A look at a socket, without blocking: has the peer neither ended nor said anything?"""
    try:
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


async def run_race(target, requests, limit, connections):
    """The figures of a race of `requests` against a server that closes after `limit` seconds."""
    race = Race()
    begin = time.monotonic()
    try:
        while race.sent < requests:
            if len(race.open) < connections:
                racer = Racer(target, race)
                racer.socket = await target.connect(racer)
            if not race.ages and time.monotonic() - begin > limit + PATIENCE:
                raise Failure(f"the server does not close idle connections after {limit} s")
            await asyncio.sleep(limit / connections)
        while any(racer.asked_again for racer in race.open):
            await asyncio.sleep(MARGIN)
    finally:
        for racer in list(race.open):
            racer.end()
    seconds = time.monotonic() - begin
    return {"sent": race.sent, "lost": race.lost, "closed": race.closed, "seconds": seconds,
            "lag": percentiles(race.lags)["p99"]}


async def main(options):
    report(await run_race(Target(options.url), options.requests, options.limit, options.connections))


if __name__ == "__main__":
    run(main(arguments(__doc__, requests=10_000, limit=1.0, connections=1000)))
