"""WebSockets as raw sockets, so that each frame, byte, pause and end is the test's choice."""

from tests.faults.connections import Connection
from tests.support.frames import CLOSE, DEFLATE, PING, PONG, frame
from tests.support.wire import get
from tests.websocket.client import ASKS, close

OFFERS_DEFLATE = b"Sec-WebSocket-Extensions: " + DEFLATE


def handshake(path, *fields):
    return get(path, *ASKS, *fields)


class Frames:
    """A server's frames, of bytes that come in any pieces."""

    def __init__(self):
        self.data = bytearray()

    def feed(self, data):
        self.data += data

    def next(self):
        """(opcode, payload), as it stands in the frame; None if it is not there as a whole."""
        data = self.data
        if len(data) < 2:
            return None
        short = data[1]
        width = {126: 2, 127: 8}.get(short, 0)
        size = int.from_bytes(data[2:2 + width], "big") if width else short
        if len(data) < 2 + width + size:
            return None
        payload = bytes(data[2 + width:2 + width + size])
        opcode = data[0] & 0x0F
        del data[:2 + width + size]
        return opcode, payload


class Socket(Connection):
    """A WebSocket once open() has returned."""

    async def open(self, path, *fields):
        await self.send(handshake(path, *fields))
        head = b""
        while b"\r\n\r\n" not in head:
            more = await self.read()
            assert more, f"the handshake got no answer: {head!r}"
            head += more
        head, _, rest = head.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self.frames = Frames()
        self.frames.feed(rest)

    async def frame(self):
        """The next one: (opcode, payload). At the server's end it raises EOFError."""
        while (found := self.frames.next()) is None:
            more = await self.read()
            if not more:
                raise EOFError
            self.frames.feed(more)
        return found

    async def message(self):
        """The payload of the next data frame; Pings are answered."""
        while True:
            opcode, payload = await self.frame()
            if opcode == PING:
                await self.send(frame(PONG, payload))
            elif opcode != PONG:
                assert opcode != CLOSE, payload
                return payload

    async def end(self):
        """Read on to the server's end: (opcodes before its Close, its code)."""
        before = []
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                break
            before.append(opcode)
        assert await self.read_to_end() == b""
        return before, int.from_bytes(payload[:2], "big")

    async def leave(self):
        """As it should be."""
        await self.send(close(1000))
        _, code = await self.end()
        assert code == 1000
