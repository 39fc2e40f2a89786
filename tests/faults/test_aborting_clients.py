"""Clients that end with a reset, anywhere in a request or its answer, and clients that stop reading."""

import asyncio
import random
import select

import pytest

from tests.faults.app import LARGE
from tests.faults.connections import Connection, crowd
from tests.faults.trial import SHORT
from tests.stress.visitors import request
from tests.support.census import most_memory
from tests.support.wire import get

AT_ONCE = 50
SPARE = 32 << 20  # bytes that a worker may grow by for all who do not read together: pieces under way, free lists
SHARE = 256 << 10  # bytes for each of them
RATE = 20_000  # bytes/s: fastsrv_min_rate


async def ask_and_reset(port, number, seed):
    """Some requests, the last one perhaps cut short; a part of what they are answered; a reset."""
    chance = random.Random(seed + number)
    wanted = [request(chance, f"{number}.{count}", small=True) for count in range(chance.choice([1, 1, 2, 10]))]
    wanted.append(request(chance, f"{number}.last", last=chance.random() < 0.2))
    data = b"".join(each.data for each in wanted)
    data = data[:chance.randint(1, len(data))]
    async with Connection(port) as connection:
        await connection.send_and_reset(data, chance, few=1000)


def test_resets_anywhere_in_requests_and_answers(trial, long, chance):
    failures = ["The app raised during GET /fail"]
    with trial("resets anywhere", expected=failures) as running:
        seed = chance.randrange(1 << 32)
        running.run(crowd(
            20_000 if long else 2000, lambda number: ask_and_reset(running.port, number, seed), AT_ONCE), bound=120)


async def is_reset(connection):
    """Wait for the peer's reset without reading what came before it."""
    came = asyncio.Event()
    with select.epoll() as epoll:
        epoll.register(connection.socket, 0)  # EPOLLHUP alone, which needs no asking for
        connection.loop.add_reader(epoll.fileno(), came.set)
        try:
            await came.wait()
        finally:
            connection.loop.remove_reader(epoll.fileno())


async def stop_reading(port, path, number):
    """Ask, and read nothing, or too little, until a reset comes."""
    async with Connection(port, receive_buffer=4096) as connection:
        await connection.send(get(b"/%b/%d" % (path, number)))
        size = 0
        if number % 2:
            await is_reset(connection)
        try:
            while data := await connection.read(200):
                size += len(data)
                await asyncio.sleep(0.05)
        except ConnectionResetError:
            assert size < len(LARGE)
        else:
            raise AssertionError(f"an orderly end, after {size} of {len(LARGE)} bytes")


@pytest.mark.parametrize("path", [b"whole", b"pieces"])
def test_readers_that_stop_are_reset_and_cost_no_memory(trial, long, path):
    count = 200 if long else 50
    with trial(f"readers that stop, {path.decode()}", config=SHORT + f"fastsrv_min_rate = {RATE}") as running:
        [pid] = running.pids
        _, grown = running.run(most_memory(pid, crowd(
            count, lambda number: stop_reading(running.port, path, number))))
    assert grown < SPARE + count * SHARE
