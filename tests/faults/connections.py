"""Connections of clients that mean ill: raw sockets, so that each byte, pause and end is the test's choice."""

import asyncio
import contextlib
import socket
import struct


class Connection:
    """`async with Connection(port) as connection:`. receive_buffer: bytes, the system's own choice if None."""

    def __init__(self, port, receive_buffer=None):
        self.port = port
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    async def __aenter__(self):
        self.loop = asyncio.get_running_loop()
        try:
            await self.loop.sock_connect(self.socket, ("127.0.0.1", self.port))
        except BaseException:
            self.socket.close()
            raise
        return self

    async def __aexit__(self, *failure):
        self.socket.close()

    async def send(self, data):
        await self.loop.sock_sendall(self.socket, data)

    async def send_as_far_as_possible(self, data):
        """All of it, or until the peer's reset comes: what has come before may be read then."""
        with contextlib.suppress(ConnectionError):
            await self.send(data)

    async def read(self, size=65536):
        return await self.loop.sock_recv(self.socket, size)

    async def read_to_end(self):
        """Everything until the peer's end. A reset raises ConnectionResetError."""
        data = b""
        while more := await self.read():
            data += more
        return data

    def reset(self):
        """End it with a reset, which may destroy what is on its way in both directions."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    async def send_and_reset(self, data, chance, few):
        """In pieces of one size; then read a part of the answer, perhaps; then a reset. few: bytes that are small for
        a piece, or a part. chance: a random.Random."""
        for at in range(0, len(data), size := chance.choice([few, 10_000, 1 << 20])):
            await self.send(data[at:at + size])
        if chance.random() < 0.7:
            try:
                await asyncio.wait_for(self.read(chance.choice([1, few, 65536])), 0.05)
            except asyncio.TimeoutError:  # what it has sent is not whole, and gets no answer
                pass
        self.reset()


async def crowd(count, visit, at_once=None):
    """visit(number) for each number below `count`, so many at a time (all, if None); the list of their results."""
    room = asyncio.Semaphore(at_once or count)

    async def one(number):
        async with room:
            return await visit(number)

    return await asyncio.gather(*map(one, range(count)))
