"""A client of a WebSocket in memory: what it sends, and what it has got, as frames; and an app that has accepted it."""

import asyncio
import struct
from collections import namedtuple

from fastsrv_ext.websocket.handshake import Upgrade
from tests.support.frames import CLOSE, frame
from tests.support.puppet import Puppet
from tests.support.wire import Wire, get, settle

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, 1.3
ASKS = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY)
FIELDS = tuple(field.decode() for field in ASKS)

# first: the frame's first byte
Frame = namedtuple("Frame", "opcode payload first")


def close(code, reason=b""):
    """A client's frame."""
    return frame(CLOSE, struct.pack("!H", code) + reason)


def frames_of(data):
    """A server's frames, which have to be whole."""
    found = []
    while data:
        first, size, at = data[0], data[1], 2
        assert size < 128, "a server's frame is masked"
        if size == 126:
            size, at = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            size, at = struct.unpack("!Q", data[2:10])[0], 10
        assert len(data) >= at + size, "a frame is cut off"
        found.append(Frame(first & 0x0F, data[at:at + size], first))
        data = data[at + size:]
    return found


class Client(Wire):
    """Its steps come as the loop's own callbacks, outside of every task."""

    def __init__(self, app, *, max_message_size=1024 * 1024, deflate=True, **settings):
        super().__init__(
            app, upgrades={b"websocket": Upgrade(max_message_size=max_message_size, deflate=deflate)}, **settings)

    def call(self, function, *args):
        failures = []

        def step():
            try:
                function(*args)
            except BaseException as failure:
                failures.append(failure)

        async def run():
            self.loop.call_soon(step)
            await asyncio.sleep(0)
            await settle(self.turns)

        self.loop.run_until_complete(run())
        if failures:
            raise failures[0]
        assert not self.errors, self.errors

    def ask(self, *fields, path=b"/"):
        """For a WebSocket."""
        return self.send(get(path, *ASKS, *fields))

    def head(self):
        """The answer to that, which has to be 101 and whole; what is behind it stays."""
        head, rest = self.take().split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        if rest:
            self.transport.sent.append(rest)
        return head

    def frames(self):
        """Since the last look."""
        return [(each.opcode, each.payload) for each in frames_of(self.take())]


def accept(app, client, **event):
    """The app, a Puppet, accepts the client, who has asked for a WebSocket. Returns the head of the answer."""
    assert app.receive().result() == {"type": "websocket.connect"}
    app.send({"type": "websocket.accept", **event}).result()
    return client.head()


def accepted(connect, *fields, **settings):
    """(app, client), by the fixture `connect`: the app, a Puppet, has accepted."""
    app = Puppet()
    client = connect(app, *fields, **settings)
    accept(app, client)
    return app, client
