"""Peers of a WebSocket that send far too much: Pings, fragments, messages, bombs; and apps that take none of it."""

import asyncio

from tests.faults.connections import crowd
from tests.faults.sockets import OFFERS_DEFLATE, Socket
from tests.support.census import most_memory
from tests.support.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, deflated, frame

AT_ONCE = 50
SPARE = 32 << 20  # bytes that a worker may grow by for all who flood together: pieces under way, free lists
SHARE = 256 << 10  # bytes for each of them
POLICY_VIOLATION, TOO_BIG = 1008, 1009


# --- Pings ---

PINGS = [b"%d" % number for number in range(20_000)]
PINGED = b"".join(frame(PING, payload) for payload in PINGS)


async def ping_and_read(port, number):
    """Each is answered, in order."""
    async with Socket(port) as peer:
        await peer.open(b"/echo/%d" % number)
        sending = asyncio.ensure_future(peer.send(PINGED))
        for payload in PINGS:
            assert await peer.frame() == (PONG, payload)
        await sending
        await peer.leave()


def test_pings_that_flood_are_answered_in_order(trial, long):
    count = 40 if long else 8
    with trial("Pings that flood") as running:
        [pid] = running.pids
        _, grown = running.run(most_memory(pid, crowd(count, lambda number: ping_and_read(running.port, number))), 120)
        running.alone()
    assert grown < SPARE + count * SHARE


MANY = 60_000
LONG_PINGED = frame(PING, b"x" * 125) * MANY + frame(PING, b"last") + frame(TEXT, b"behind them")  # 8 MB


async def ping_unread(port, number, taken):
    """It gets more than the kernels hold, and reads nothing before all it has sent is `taken`. How many Pongs come."""
    async with Socket(port, receive_buffer=4096) as peer:
        await peer.open(b"/hub/%d" % (16 << 20))
        await peer.send(LONG_PINGED)
        await taken.wait()
        pongs = 0
        while (found := await peer.frame()) != (PONG, b"last"):
            pongs += found[0] == PONG
        peer.reset()
        return pongs


def test_pings_of_those_who_do_not_read_are_answered_by_one_pong(trial, long):
    count = 40 if long else 10

    async def attack():
        taken = asyncio.Event()
        pinging = asyncio.ensure_future(crowd(count, lambda number: ping_unread(running.port, number, taken)))
        await asyncio.to_thread(running.until, all_taken)
        taken.set()
        return await pinging

    def all_taken(state):
        return running.ask(b"/counters/0")["messages_received"] == count

    with trial("Pings that flood, and nobody reads", websockets=0) as running:
        [pid] = running.pids
        pongs, grown = running.run(most_memory(pid, attack()), 120)
        running.alone()
    assert max(pongs) < MANY / 2
    assert grown < SPARE + count * SHARE


# --- fragments ---

FRAGMENTS = frame(TEXT, b"x", fin=False) + frame(CONTINUATION, b"x", fin=False) * 200_000


async def send_fragments(port, number):
    async with Socket(port) as peer:
        await peer.open(b"/echo/%d" % number)
        sending = asyncio.ensure_future(peer.send_as_far_as_possible(FRAGMENTS))
        opcode, payload = await peer.frame()
        peer.reset()
        sending.cancel()
        return opcode, int.from_bytes(payload[:2], "big")


def test_tiny_fragments_are_closed_with_1008(trial, long):
    count = 200 if long else 40
    with trial("tiny fragments") as running:
        ends = running.run(crowd(count, lambda number: send_fragments(running.port, number), AT_ONCE))
        running.alone()
        counted = running.ask(b"/counters/0")
        codes = running.ask(b"/told/0")
    assert ends == count * [(CLOSE, POLICY_VIOLATION)]
    assert codes == {str(number): POLICY_VIOLATION for number in range(count)}
    assert counted["connections"]["bad_frame"] == count


# --- bombs ---

BOMB = frame(BINARY, deflated(bytes(8 << 20), level=9), rsv=4)  # half of what a message may hold
REFUSED = 2 << 20  # bytes that it has inflated to when it is refused: all of them in turns
PIECES = [BOMB[at:at + 1000] for at in range(0, len(BOMB), 1000)]


async def throw_bomb(port, number):
    """At once, or piece by piece."""
    async with Socket(port) as peer:
        await peer.open(b"/echo/%d" % number, OFFERS_DEFLATE)

        async def send():
            for piece in PIECES if number % 2 else [BOMB]:
                await peer.send_as_far_as_possible(piece)

        sending = asyncio.ensure_future(send())
        end = await peer.end()
        await sending
        return end


def test_bombs_are_closed_with_1009_and_cost_no_memory(trial, long):
    count = 400 if long else 40
    with trial("compressed bombs") as running:
        [pid] = running.pids
        ends, grown = running.run(most_memory(pid, crowd(
            count, lambda number: throw_bomb(running.port, number), AT_ONCE)), 120)
        running.alone()
        codes = running.ask(b"/told/0")
    assert ends == count * [([], TOO_BIG)]
    assert codes == {str(number): TOO_BIG for number in range(count)}
    assert grown < SPARE + AT_ONCE * REFUSED


# --- messages ---

MESSAGES = frame(TEXT, b"x") * 5000 + frame(BINARY, bytes(1000)) * 1000 + frame(TEXT, b"y" * 100_000) * 10
COUNT = 6010


async def send_messages(port, number):
    """Much faster than they can be echoed."""
    async with Socket(port) as peer:
        await peer.open(b"/echo/%d" % number)
        sending = asyncio.ensure_future(peer.send(MESSAGES))
        sizes = [len(await peer.message()) for _ in range(COUNT)]
        await sending
        await peer.leave()
        return sizes


def test_messages_that_flood_come_back(trial, long):
    count = 100 if long else 20
    with trial("messages that flood") as running:
        [pid] = running.pids
        found, grown = running.run(most_memory(pid, crowd(
            count, lambda number: send_messages(running.port, number))), 120)
        running.alone()
    assert found == count * [5000 * [1] + 1000 * [1000] + 10 * [100_000]]
    assert grown < SPARE + count * SHARE


LARGE = 1000 * frame(BINARY, bytes(10_000))  # more than the kernels hold


async def fill(port, number, filled):
    """Send to an app that takes nothing; `filled` when it may go on. All of it comes through then."""
    async with Socket(port) as peer:
        await peer.open(b"/deaf/%d" % number)
        sending = asyncio.ensure_future(peer.send(LARGE))
        await asyncio.wait({sending, filled}, return_when=asyncio.FIRST_COMPLETED)
        assert not sending.done()
        await sending
        await peer.leave()


def test_apps_that_take_no_message_stop_their_clients(trial, long):
    count = 100 if long else 20

    async def attack():
        filled = asyncio.get_running_loop().create_future()
        filling = asyncio.ensure_future(crowd(count, lambda number: fill(running.port, number, filled)))
        _, grown = await most_memory(pid, asyncio.to_thread(running.until, comes_no_more()))
        filled.set_result(None)
        await asyncio.to_thread(running.ask, b"/let_go/0")
        await filling
        return grown

    def comes_no_more():
        """Once they all have had some messages decoded, and none from one look to the next."""
        before = None

        def look(state):
            nonlocal before
            counted = running.ask(b"/counters/0")
            last, before = before, counted["messages_received"]
            return counted["websockets_open"] == count and before > 0 and last == before

        return look

    with trial("apps that take no message", websockets=0) as running:
        [pid] = running.pids
        grown = running.run(attack(), 120)
        running.alone()
        codes = running.ask(b"/told/0")
        counted = running.ask(b"/counters/0")
    assert grown < SPARE + count * SHARE
    assert codes == {str(number): 1000 for number in range(count)}
    assert counted["messages_received"] == count * 1000
