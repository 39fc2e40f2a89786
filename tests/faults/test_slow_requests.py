"""Clients that send next to nothing: heads and bodies that drip, and connections on which nothing comes at all."""

import asyncio
import time

from tests.faults.connections import Connection, crowd
from tests.faults.regulars import HASTE as LIMIT
from tests.faults.trial import SHORT, SHORT_HEADS

PAUSE = 0.2  # seconds between two drops
ROOM = ("--worker-connections", "2000")


async def drip(port, begin, drop):
    """Send `begin`, then `drop` time and again until the server ends the connection: (what it said, after how long).
    Who stands still before the first byte for as long as the server waits for it, as anybody may on a busy machine,
    comes again."""
    while True:
        begun = time.monotonic()
        async with Connection(port) as connection:
            ending = asyncio.ensure_future(connection.read_to_end())
            await connection.send_as_far_as_possible(begin)
            in_time = time.monotonic() - begun < LIMIT
            while not ending.done():
                await connection.send_as_far_as_possible(drop)
                await asyncio.wait({ending}, timeout=PAUSE)
            if in_time or ending.result():
                return ending.result(), time.monotonic() - begun


def test_heads_that_drip_are_refused_after_header_timeout(trial, long):
    heads = [
        (b"G", b""), (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X-a: b\r\n"), (b"GET / HTTP/1.1\r\nHost: a\r\n", b"x"),
        (b"GET /", b"a"), (b"\r\nGET / HTTP/1.1\r\n", b"a"),
    ]
    with trial("heads that drip", *ROOM, config=SHORT_HEADS) as running:
        ends = running.run(crowd(1000 if long else 300, lambda number: drip(running.port, *heads[number % len(heads)])))
    for answer, took in ends:
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert took >= LIMIT


def test_bodies_that_drip_are_refused_below_min_rate(trial, long):
    bodies = [
        (b"Content-Length: 100000\r\n\r\n", b"x"), (b"Content-Length: 100000\r\n\r\nx", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), (b"Transfer-Encoding: chunked\r\n\r\n1000\r\n", b"x"),
    ]
    head = b"POST /echo/slow HTTP/1.1\r\nHost: a\r\n"

    def slowly(number):
        begin, drop = bodies[number % len(bodies)]
        return drip(running.port, head + begin, drop)

    with trial("bodies that drip", *ROOM, config=SHORT) as running:
        ends = running.run(crowd(1000 if long else 300, slowly))
    for answer, took in ends:
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert took >= LIMIT


def test_handshakes_that_drip_end_after_header_timeout(trial, long):
    records = [(b"\x16", b""), (b"\x16\x03\x01", b""), (b"\x16\x03\x01\x40\x00", b"\x01")]  # the last one of 16 KiB
    with trial("TLS handshakes that drip", tls=True, config=SHORT_HEADS) as running:
        ends = running.run(crowd(
            500 if long else 100, lambda number: drip(running.port, *records[number % len(records)])))
    for answer, took in ends:
        assert answer == b""
        assert took >= LIMIT


async def wait_in_silence(port, number):
    """What the server says; every second client does not answer its end with one of its own."""
    async with Connection(port) as connection:
        said = await connection.read_to_end()
        if number % 2:
            await asyncio.sleep(LIMIT)
        return said


def test_silent_connections_below_worker_connections(trial):
    with trial("1,000 silent connections, room for 2,000", *ROOM, config=SHORT_HEADS) as running:
        ends = running.run(crowd(1000, lambda number: wait_in_silence(running.port, number)))
    assert not any(ends)


def test_silent_connections_above_worker_connections(trial, long):
    """New clients have to wait in the kernel's queue, behind those that say nothing."""
    room, fault = (100, "1,000 silent connections, room for 100") if long else (400, "1,000 silent, room for 400")
    with trial(fault, "--worker-connections", room, config=SHORT_HEADS, patient=True) as running:
        ends = running.run(crowd(1000, lambda number: wait_in_silence(running.port, number)), bound=60)
    assert not any(ends)
