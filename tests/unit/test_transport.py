"""The transport in memory (tests/support/wire.py) keeps the promises of asyncio's and uvloop's real ones.

Each test runs on all three: what the other tests rely upon is no invention of theirs.
"""

import asyncio
import socket

import pytest

from fastsrv.loops import new_loop
from tests.support.wire import Transport

BIG = bytes(range(256)) * 16 * 1024  # 4 MiB: more than a kernel buffers for a socket
ROOM = 100_000  # bytes that the kernel of the transport in memory buffers
PATIENCE = 30  # seconds


class Recorder(asyncio.Protocol):
    """A protocol that writes down what the transport calls."""

    def __init__(self):
        self.calls = []
        self.received = b""
        self.news = asyncio.Event()
        self.stays_after_eof = True

    def note(self, *call):
        self.calls.append(call)
        self.news.set()

    def connection_made(self, transport):
        transport.set_write_buffer_limits(1, 0)  # as fastsrv_ext/http1/protocol.pyx does

    def data_received(self, data):
        self.received += data
        self.note("data_received")

    def eof_received(self):
        self.note("eof_received")
        return self.stays_after_eof

    def pause_writing(self):
        self.note("pause_writing")

    def resume_writing(self):
        self.note("resume_writing")

    def connection_lost(self, exc):
        self.note("connection_lost", exc)

    def count(self, name):
        return [call[0] for call in self.calls].count(name)

    async def until(self, name):
        """Wait until the transport has called `name`."""
        while not self.count(name):
            await asyncio.wait_for(self.news.wait(), PATIENCE)
            self.news.clear()


class Real:
    """A protocol and its peer, joined by the loop's own transport and a socket pair."""

    @classmethod
    async def connect(cls):
        self = cls()
        self.loop = asyncio.get_running_loop()
        ours, self.peer = socket.socketpair()
        self.peer.setblocking(False)
        self.transport, self.protocol = await self.loop.create_connection(Recorder, sock=ours)
        return self

    async def reads(self, size):
        """What the peer reads: `size` bytes, or less if the end comes first."""
        data = b""
        while len(data) < size:
            try:
                more = await asyncio.wait_for(self.loop.sock_recv(self.peer, size - len(data)), PATIENCE)
            except ConnectionResetError:
                break
            if not more:
                break
            data += more
        return data

    async def sends(self, data):
        await self.loop.sock_sendall(self.peer, data)

    async def ends(self):
        self.peer.shutdown(socket.SHUT_WR)

    async def disconnect(self):
        if not self.protocol.count("connection_lost"):
            self.transport.abort()
            await self.protocol.until("connection_lost")
        self.peer.close()


class InMemory:
    """The same with the transport in memory."""

    @classmethod
    async def connect(cls):
        self = cls()
        self.protocol = Recorder()
        self.transport = Transport(asyncio.get_running_loop(), self.protocol)
        self.transport.room = ROOM
        self.protocol.connection_made(self.transport)
        return self

    async def reads(self, size):
        self.transport.take(size)
        data = b"".join(self.transport.sent)
        self.transport.sent = [data[size:]]
        return data[:size]

    async def sends(self, data):
        self.transport.receive(data)

    async def ends(self):
        self.transport.receive(None)

    async def disconnect(self):
        if not self.protocol.count("connection_lost"):
            self.transport.abort()
            await self.protocol.until("connection_lost")
        self.transport.peer.close()
        self.transport.get_extra_info("socket").close()


KINDS = {"in memory": ("asyncio", InMemory), "asyncio": ("asyncio", Real), "uvloop": ("uvloop", Real)}


@pytest.fixture(params=KINDS)
def play(request):
    """play(scene): runs `scene(it)`, with `it` a Real or an InMemory."""
    kind, joined = KINDS[request.param]

    def run(scene):
        async def main():
            it = await joined.connect()
            try:
                await scene(it)
            finally:
                await it.disconnect()

        loop = new_loop(kind)
        try:
            loop.run_until_complete(main())
        finally:
            loop.close()

    return run


def test_small_write_needs_no_pause(play):
    async def scene(it):
        it.transport.write(b"hello")
        assert it.transport.get_write_buffer_size() == 0
        assert await it.reads(5) == b"hello"
        assert it.protocol.calls == []

    play(scene)


def test_writing_pauses_at_once_when_the_kernel_is_full_and_resumes_when_the_buffer_is_empty(play):
    async def scene(it):
        it.transport.write(BIG)
        await it.protocol.until("pause_writing")
        assert it.transport.get_write_buffer_size() > 0
        half = await it.reads(len(BIG) // 2)
        assert it.protocol.calls == [("pause_writing",)]
        rest = await it.reads(len(BIG) - len(half))
        await it.protocol.until("resume_writing")
        assert it.transport.get_write_buffer_size() == 0
        assert it.protocol.calls == [("pause_writing",), ("resume_writing",)]
        assert half + rest == BIG

    play(scene)


def test_bytes_leave_in_the_order_they_were_written(play):
    async def scene(it):
        it.transport.write(b"first")
        it.transport.writelines([b"second", b"third"])
        it.transport.write(BIG)
        it.transport.write(b"fourth")
        it.transport.writelines([b"fifth", BIG])
        expected = b"firstsecondthird" + BIG + b"fourthfifth" + BIG
        assert await it.reads(len(expected)) == expected

    play(scene)


def test_close_lets_the_buffer_leave_first(play):
    async def scene(it):
        it.transport.write(BIG)
        it.transport.close()
        assert it.transport.is_closing()
        assert it.protocol.count("connection_lost") == 0  # never from within a call of ours
        it.transport.write(b"behind")  # which no protocol should do
        assert await it.reads(len(BIG) + 7) == BIG + b"behind"
        await it.protocol.until("connection_lost")
        assert it.protocol.calls[-1] == ("connection_lost", None)

    play(scene)


def test_close_stops_reading(play):
    async def scene(it):
        it.transport.close()
        await it.sends(b"too late")
        await it.protocol.until("connection_lost")
        assert it.protocol.calls == [("connection_lost", None)]

    play(scene)


def test_abort_drops_the_buffer(play):
    async def scene(it):
        it.transport.write(BIG)
        it.transport.abort()
        assert it.transport.is_closing()
        assert it.protocol.count("connection_lost") == 0
        await it.protocol.until("connection_lost")
        assert it.protocol.calls[-1] == ("connection_lost", None)
        assert len(await it.reads(len(BIG))) < len(BIG)

    play(scene)


def test_connection_is_lost_once(play):
    async def scene(it):
        it.transport.close()
        it.transport.close()
        it.transport.abort()
        await it.protocol.until("connection_lost")
        for _ in range(5):
            await asyncio.sleep(0)
        assert it.protocol.count("connection_lost") == 1

    play(scene)


def test_write_eof_ends_our_side_alone_and_behind_the_buffer(play):
    async def scene(it):
        assert it.transport.can_write_eof()
        it.transport.write(BIG)
        it.transport.write_eof()
        with pytest.raises(RuntimeError):
            it.transport.write(b"more")
        assert await it.reads(len(BIG) + 1) == BIG
        await it.sends(b"still here")
        await it.protocol.until("data_received")
        assert it.protocol.received == b"still here"
        assert it.protocol.count("connection_lost") == 0

    play(scene)


def test_write_eof_twice_or_after_close_does_nothing(play):
    async def scene(it):
        it.transport.write_eof()
        it.transport.write_eof()
        it.transport.close()
        it.transport.write_eof()
        await it.protocol.until("connection_lost")
        assert it.protocol.calls == [("connection_lost", None)]

    play(scene)


def test_paused_reading_keeps_bytes_and_end_for_later(play):
    async def scene(it):
        it.transport.pause_reading()
        await it.sends(b"hello")
        await it.ends()
        for _ in range(5):
            await asyncio.sleep(0)
        assert it.protocol.calls == []
        it.transport.resume_reading()
        assert it.protocol.calls == []  # not from within our call
        await it.protocol.until("eof_received")
        assert it.protocol.received == b"hello"

    play(scene)


def test_protocol_may_stay_after_the_peers_end(play):
    async def scene(it):
        await it.ends()
        await it.protocol.until("eof_received")
        it.transport.write(b"answer")
        assert await it.reads(6) == b"answer"
        assert it.protocol.calls == [("eof_received",)]

    play(scene)


def test_protocol_that_does_not_stay_is_closed(play):
    async def scene(it):
        it.protocol.stays_after_eof = False
        it.transport.write(BIG)
        await it.ends()
        await it.protocol.until("eof_received")
        assert it.transport.is_closing()
        assert await it.reads(len(BIG)) == BIG
        await it.protocol.until("connection_lost")
        assert it.protocol.calls[-1] == ("connection_lost", None)

    play(scene)


def test_socket_can_be_looked_into(play):
    """What the last look before an idle connection closes needs."""
    async def scene(it):
        assert it.transport.get_extra_info("socket").fileno() >= 0
        assert it.transport.get_extra_info("nothing", "default") == "default"

    play(scene)
