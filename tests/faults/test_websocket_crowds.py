"""Many WebSockets at once: what an idle one takes, whom a broadcast's laggards hold up, and how all leave at a HUP."""

import asyncio
import signal
import time

import pytest

from benchmarks.load.client import percentiles
from tests.faults.connections import crowd
from tests.faults.sockets import OFFERS_DEFLATE, Frames, Socket, handshake
from tests.faults.websocket_app import AHEAD
from tests.support.census import probe
from tests.support.frames import CLOSE, PING, PONG, TEXT, deflated, frame
from tests.support.servers import PATIENCE
from tests.websocket.client import close

AT_ONCE = 50
ROOM = ("--worker-connections", "8000")
ABNORMAL, RESTART = 1006, 1012


class Gate:
    """Where so many have to be before any goes on. room: for those who come at once."""

    def __init__(self, count):
        self.count, self.room = count, asyncio.Semaphore(AT_ONCE)
        self.full, self.opened = asyncio.Event(), asyncio.Event()

    async def wait(self):
        self.count -= 1
        if self.count == 0:
            self.full.set()
        await self.opened.wait()

    async def all_wait(self, crowd):
        """For all of them to come; or for the future `crowd`, which fails then."""
        full = asyncio.ensure_future(self.full.wait())
        await asyncio.wait({full, crowd}, return_when=asyncio.FIRST_COMPLETED)
        assert full.done(), crowd.result()

    def open(self):
        self.opened.set()


# --- idle ones ---

IDLE_SIZE, DEFLATING_SIZE = 12 << 10, 64 << 10  # bytes for each, where docs/WEBSOCKET.md has 45 KB for compressing
TEXT_TO_COMPRESS = b"".join(b"the quick brown fox %d, " % number for number in range(50))


async def echo_and_stay(port, number, deflate, gate):
    """It has echoed a message, compressed or not."""
    async with Socket(port) as peer:
        async with gate.room:
            await peer.open(b"/echo/%d" % number, *[OFFERS_DEFLATE] * deflate)
            sent = frame(TEXT, deflated(TEXT_TO_COMPRESS), rsv=4) if deflate else frame(TEXT, TEXT_TO_COMPRESS)
            await peer.send(sent)
            assert (len(await peer.message()) < len(TEXT_TO_COMPRESS)) is deflate
        await gate.wait()
        await peer.leave()


@pytest.mark.parametrize(
    ("deflate", "most"), [(False, IDLE_SIZE), (True, DEFLATING_SIZE)], ids=["plain", "deflate"])
def test_memory_of_idle_sockets(trial, long, deflate, most):
    count = 5000 if long else 500

    def resident():
        [state] = probe(running.connect, 1)
        return state["resident"]

    async def with_all():
        """Bytes while they are there."""
        gate = Gate(count)
        crowding = asyncio.ensure_future(crowd(
            count, lambda number: echo_and_stay(running.port, number, deflate, gate)))
        await gate.all_wait(crowding)
        size = await asyncio.to_thread(resident)
        gate.open()
        await crowding
        return size

    with trial(f"{count:,} idle WebSockets{', deflate' if deflate else ''}", *ROOM) as running:
        running.run(with_all(), 120)  # what is made once, and kept, is made by these
        running.alone()
        before = resident()
        share = (running.run(with_all(), 120) - before) / count
        running.alone()
        running.figures["bytes of memory for each"] = share
    print(running.figures)
    assert share < most


# --- a broadcast ---

SIZE = 1000  # bytes of a message
PAUSE = 0.05  # seconds between two
FULL = 16 << 20  # bytes: more than the kernels hold of what is not read


class Listener(asyncio.Protocol):
    """A member of the hub: `took` has how long each message was on its way to it, in seconds."""

    def __init__(self, heard):
        self.heard, self.took, self.frames, self.opened = heard, [], Frames(), False

    def connection_made(self, transport):
        self.transport, self.head = transport, b""
        transport.write(handshake(b"/hub/0"))

    def data_received(self, data):
        now = time.monotonic()
        if not self.opened:
            self.head += data
            head, end, data = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101 "), head
            self.opened = True
            self.heard()
        self.frames.feed(data)
        while found := self.frames.next():
            opcode, payload = found
            if opcode == PING:  # on a busy machine all may take so long
                self.transport.write(frame(PONG, payload))
                continue
            assert opcode == TEXT and len(payload) == SIZE, found
            self.took.append(now - float(payload))
            self.heard()


class Hub:
    """A broadcast's clients: `count` that read, and some that do not."""

    def __init__(self, running, count):
        self.running, self.count = running, count
        self.waiting, self.came = 0, asyncio.Event()

    def heard(self):
        self.waiting -= 1
        if self.waiting == 0:
            self.came.set()

    async def all_have_heard(self, count):
        await asyncio.wait_for(self.came.wait(), PATIENCE)
        self.came.clear()
        self.waiting = count

    async def join(self):
        self.waiting = self.count
        loop = asyncio.get_running_loop()

        async def connect(number):
            _, listener = await loop.create_connection(
                lambda: Listener(self.heard), "127.0.0.1", self.running.port)
            return listener

        self.listeners = await crowd(self.count, connect, AT_ONCE)
        await self.all_have_heard(self.count)

    async def tell(self, rounds):
        """How long each message took to each who reads, in seconds."""
        for _ in range(rounds):
            assert await asyncio.to_thread(self.running.ask, b"/tell_all/%d" % SIZE) >= self.count
            await self.all_have_heard(self.count)
            await asyncio.sleep(PAUSE)
        took = [seconds for listener in self.listeners for seconds in listener.took]
        assert len(took) == rounds * self.count
        for listener in self.listeners:
            listener.took = []
        return took

    def leave(self):
        for listener in self.listeners:
            listener.transport.abort()


async def stall(port, stalled):
    """A member that reads nothing, until it may go."""
    async with Socket(port, receive_buffer=4096) as peer:
        await peer.open(b"/hub/%d" % FULL)
        await stalled.wait()
        peer.reset()


def test_broadcast_to_a_crowd_of_which_some_do_not_read(trial, long):
    count, deaf, rounds = (1000, 10, 60) if long else (200, 3, 20)

    async def broadcast():
        hub, stalled = Hub(running, count), Gate(deaf)
        await hub.join()
        quiet = await hub.tell(rounds)
        stalling = asyncio.ensure_future(crowd(deaf, lambda number: stall(running.port, stalled)))
        await stalled.all_wait(stalling)
        with_them = await hub.tell(rounds)
        counted = await asyncio.to_thread(running.ask, b"/counters/0")
        assert counted["websockets_open"] == count + deaf
        # They are no members that got it all, and threw it away.
        assert counted["messages_sent"] - len(quiet) - len(with_them) < deaf * FULL / len(AHEAD)
        stalled.open()
        await stalling
        hub.leave()
        return quiet, with_them

    fault = f"broadcast to {count:,}, {deaf} of them deaf"
    with trial(fault, *ROOM, websockets=0) as running:
        quiet, with_them = running.run(broadcast(), 120)
        running.alone()
        counted = running.ask(b"/counters/0")
        for name, took in ("without them", quiet), ("with them", with_them):
            for figure, seconds in {**percentiles(took), "slowest": max(took)}.items():
                running.figures[f"{name} {figure} ms"] = seconds * 1000
    print(running.figures)
    assert counted["close_codes"] == {str(ABNORMAL): count + deaf}


# --- all leave ---

A_SECOND = 200  # of them: docs/WEBSOCKET.md, The worker's end
MAY_LOSE = 2  # requests of others that pass our end on their way, as in tests/restarts
GLANCE = 0.02  # seconds between two looks


async def stay_and_come_back(port, number, signalled, back):
    """(the worker's pid, when it says that it was told, the next worker's)."""
    async with Socket(port) as peer:
        async with signalled.room:
            await peer.open(b"/pid/%d" % number)
        first = int(await peer.message())
        await signalled.wait()
        farewell, told = (await peer.message()).rsplit(b" ", 1)
        assert farewell == b"so long"
        assert await peer.frame() == (CLOSE, RESTART.to_bytes(2, "big"))
        await peer.send(close(RESTART))
        assert await peer.read_to_end() == b""
    async with Socket(port) as peer:
        await peer.open(b"/pid/%d" % number)
        second = int(await peer.message())
        await back.wait()
        await peer.leave()
    return first, float(told), second


def test_hup_tells_all_and_all_come_back(trial, long):
    count = 2000 if long else 400

    async def crowd_at_hup():
        signalled, back = Gate(count), Gate(count)
        going = asyncio.ensure_future(
            crowd(count, lambda number: stay_and_come_back(running.port, number, signalled, back)))
        await signalled.all_wait(going)
        begun = time.monotonic()
        running.server.signal(signal.SIGHUP)
        signalled.open()
        await back.all_wait(going)  # none has been closed by the next one
        back.open()
        return begun, await going

    with trial(f"HUP with {count:,} WebSockets", *ROOM, config="graceful_timeout = 30") as running:
        [first] = running.pids
        begun, found = running.run(crowd_at_hup(), 120)
        running.mortal, running.may_lose = True, MAY_LOSE
        running.server.wait_for(rf"\[{first}\] \[INFO\] Worker exiting")
        while first in running.living():
            time.sleep(GLANCE)
        times = sorted(told for _, told, _ in found)
        running.figures |= {
            "seconds to the first": times[0] - begun, "seconds from the first to the last": times[-1] - times[0]}
    print(running.figures)
    assert {(old, new) for old, _, new in found} == {(first, running.server.worker(2))}
    assert times[-1] - times[0] > count / A_SECOND / 2
