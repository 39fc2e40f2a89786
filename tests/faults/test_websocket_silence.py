"""Peers of a WebSocket that are not there: they reset, fall silent, answer no Close, or leave before it is one."""

import asyncio
import time

from tests.faults.connections import Connection, crowd
from tests.faults.sockets import Socket, handshake
from tests.faults.test_aborting_clients import is_reset
from tests.support.census import most_memory
from tests.support.frames import BINARY, CLOSE, PING, PONG, TEXT, frame

AT_ONCE = 50
CLOSING, GRACE = 1, 1  # seconds
# Not that of heads: on a busy machine, clients may take long from their connecting to their handshake.
LIMITS = f"""
fastsrv_drain_timeout = 1
fastsrv_close_timeout = 1
fastsrv_websocket_close_timeout = {CLOSING}
asgi_disconnect_grace_period = {GRACE}
"""
PAUSE = 0.2  # seconds between two bytes
ABNORMAL, INTERNAL_ERROR, NORMAL = 1006, 1011, 1000
SPARE = 32 << 20  # bytes that a worker may grow by for all who do not read together
SHARE = 256 << 10  # bytes for each of them


def told(running):
    """What the apps have heard of their ends, once all have but those of well-behaved clients."""
    running.until(lambda state: running.ask(b"/counters/0")["in_flight"] <= 1 + running.websockets)
    return running.ask(b"/told/0")


def ends_of(running):
    """(what the apps have heard, the worker's counters), when all are gone but well-behaved clients."""
    running.alone()
    return told(running), running.ask(b"/counters/0")


# --- resets ---

SAID = [
    frame(TEXT, b"hello"), frame(BINARY, bytes(100_000)), frame(PING, b"there?"), frame(TEXT, b"x") * 500,
    frame(BINARY, bytes(300), fin=False) + frame(0, bytes(300)),
]


async def reset_anywhere(port, number, chance):
    data = handshake(b"/echo/%d" % number)
    if chance.random() < 0.8:
        data += b"".join(chance.choices(SAID, k=chance.randint(1, 10)))
    data = data[:chance.randint(1, len(data))]
    async with Connection(port) as connection:
        await connection.send_and_reset(data, chance, few=100)


def test_resets_anywhere_are_1006_to_the_app(trial, long, chance):
    with trial("WebSockets that reset anywhere", config=LIMITS) as running:
        running.run(crowd(
            10_000 if long else 1000, lambda number: reset_anywhere(running.port, number, chance), AT_ONCE), bound=120)
        codes, counted = ends_of(running)
    assert len(codes) == counted["close_codes"][str(ABNORMAL)] > 100 and set(codes.values()) == {ABNORMAL}, counted


# --- silence ---

INTERVAL, TIMEOUT = 1, 5  # seconds; the second is what well-behaved clients may stall for
PINGS = f"""
fastsrv_websocket_ping_interval = {INTERVAL}
fastsrv_websocket_ping_timeout = {TIMEOUT}
"""
PARTS = {
    "nothing": (b"", b""),
    "half a head": (frame(TEXT, bytes(500))[:3], b""),
    "half a frame": (frame(TEXT, bytes(500))[:250], b""),
    "a message without an end": (frame(TEXT, b"the beginning", fin=False), b""),
    "a byte now and then": (frame(BINARY, bytes(100_000))[:100], b"x"),
}


async def fall_silent(port, number):
    """What it is told, and after how long. Every second one does not answer the server's end with its own."""
    begin, drop = list(PARTS.values())[number % len(PARTS)]
    async with Socket(port) as peer:
        begun = time.monotonic()
        await peer.open(b"/echo/%d" % number)
        await peer.send(begin)
        ending = asyncio.ensure_future(peer.end())
        while not ending.done():
            await peer.send_as_far_as_possible(drop)
            await asyncio.wait({ending}, timeout=PAUSE)
        took = time.monotonic() - begun
        if number % 2:
            await asyncio.sleep(CLOSING)
        return *ending.result(), took


async def talk_on(port, number):
    """It answers each Ping, and says nothing else; it stays until others would have gone."""
    async with Socket(port) as peer:
        await peer.open(b"/echo/%d" % number)
        for _ in range((INTERVAL + TIMEOUT) // INTERVAL + 2):
            assert await peer.frame() == (PING, b"")
            await peer.send(frame(PONG))
        await peer.leave()


def test_silent_peers_are_closed_with_1011_and_others_stay(trial, long):
    count = 1000 if long else 200

    async def all_of_them():
        there = asyncio.ensure_future(crowd(20, lambda number: talk_on(running.port, count + number)))
        ends = await crowd(count, lambda number: fall_silent(running.port, number))
        await there
        return ends

    with trial("WebSockets that fall silent", "--worker-connections", "2000", config=LIMITS + PINGS) as running:
        ends = running.run(all_of_them())
        running.alone()
        codes = told(running)
        counted = running.ask(b"/counters/0")
    for before, code, took in ends:
        assert (before, code) == ([PING], INTERNAL_ERROR) and took >= INTERVAL + TIMEOUT
    assert codes == {str(number): INTERNAL_ERROR if number < count else NORMAL for number in range(count + 20)}
    assert counted["connections"]["pong_timeout"] == counted["close_codes"][str(INTERNAL_ERROR)] == count


# --- the closing ---

CHATTER = [(b"", b""), (frame(BINARY, bytes(500))[:100], b"x"), (b"", frame(TEXT, b"still here")), (b"", frame(PING))]


async def answer_no_close(port, number):
    """How long it is borne with."""
    async with Socket(port) as peer:
        begun = time.monotonic()
        await peer.open(b"/closes/%d" % number)
        assert await peer.frame() == (CLOSE, NORMAL.to_bytes(2, "big"))
        begin, drop = CHATTER[number % len(CHATTER)]
        await peer.send(begin)
        ending = asyncio.ensure_future(peer.read_to_end())
        while not ending.done():
            await peer.send_as_far_as_possible(drop)
            await asyncio.wait({ending}, timeout=PAUSE)
        assert ending.result() == b""
        return time.monotonic() - begun


def test_closes_that_are_not_answered(trial, long):
    count = 1000 if long else 200
    with trial("Closes that are not answered", "--worker-connections", "2000", config=LIMITS) as running:
        times = running.run(crowd(count, lambda number: answer_no_close(running.port, number)))
        running.alone()
        codes = told(running)
        counted = running.ask(b"/counters/0")
    assert min(times) >= CLOSING
    assert codes == {str(number): NORMAL for number in range(count)}
    assert counted["expired"]["CLOSING"] == count


# --- readers that stop ---

async def stop_reading(port, number):
    async with Socket(port, receive_buffer=4096) as peer:
        await peer.open(b"/push/%d" % number)
        await is_reset(peer)


def test_readers_that_stop_are_reset_and_cost_no_memory(trial, long):
    count = 200 if long else 50
    with trial("WebSockets that are not read", config="fastsrv_send_timeout = 1") as running:
        [pid] = running.pids
        _, grown = running.run(most_memory(pid, crowd(count, lambda number: stop_reading(running.port, number))))
        running.alone()
        codes = told(running)
        counted = running.ask(b"/counters/0")
    assert grown < SPARE + count * SHARE
    assert codes == {str(number): ABNORMAL for number in range(count)}
    assert counted["connections"]["send_timeout"] == count


# --- before it is one ---

async def ask_and_go(port, number, chance):
    """Within a handshake, or behind it; by an end, or a reset."""
    data = handshake(b"/echo/%d" % number)
    async with Connection(port) as connection:
        await connection.send(data[:chance.choice([len(data), chance.randint(1, len(data))])])
        if chance.random() < 0.5:
            connection.reset()


def test_handshakes_that_are_dropped_at_once(trial, long, chance):
    with trial("handshakes that are dropped", config=LIMITS) as running:
        running.run(crowd(
            20_000 if long else 2000, lambda number: ask_and_go(running.port, number, chance), AT_ONCE), bound=120)
        codes, counted = ends_of(running)
    assert len(codes) == counted["close_codes"][str(ABNORMAL)] > 100 and set(codes.values()) == {ABNORMAL}


FLOOD = frame(BINARY, bytes(10_000)) * 1000  # more than the kernels hold


async def wait_in_vain(port, number):
    """To be accepted; some send much meanwhile. They go in different ways. (An end behind more than our kernel takes
    does not come through: those reset.)"""
    async with Connection(port) as connection:
        await connection.send(handshake(b"/never/%d" % number))
        flood = FLOOD if number % 4 == 1 else b""
        sending = asyncio.ensure_future(connection.send(flood))
        answer = asyncio.ensure_future(connection.read())
        await asyncio.wait({answer}, timeout=PAUSE)
        assert not answer.done() and sending.done() is not bool(flood)
        answer.cancel()
        sending.cancel()
        await asyncio.wait({sending, answer})
        if number % 2:
            connection.reset()


def test_apps_that_never_accept_are_cancelled_when_their_clients_have_gone(trial, long):
    count = 500 if long else 100
    with trial("apps that never accept", config=LIMITS) as running:
        [pid] = running.pids
        _, grown = running.run(most_memory(pid, crowd(count, lambda number: wait_in_vain(running.port, number))))
        running.alone()
        codes = told(running)
    assert codes == {str(number): "cancelled" for number in range(count)}
    assert grown < SPARE + count * SHARE
