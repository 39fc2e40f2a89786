"""Visitors of tests/stress/app.py, well-behaved and others, and their judgement of the answers they get."""

import asyncio
import random
import socket
import struct
import time
from dataclasses import dataclass

from tests.stress.app import PIECE, PIECES, text
from tests.support.client import Answers

AT_ONCE = 100
PATIENCE = 60  # seconds for an answer; the machine may be busy

SMALL = ["get", "get", "get", "wait", "head", "post", "chunked", "expect", "ignore", "watch"]
LARGE = ["post", "chunked", "large", "stream"]
LAST = ["close", "old", "fail", "fail_midway"]


@dataclass
class Wanted:
    """A request and the answer that is owed for it. last: none behind it is answered."""

    data: bytes
    method: str
    whose: str
    status: int
    body: bytes
    complete: bool = True
    last: bool = False


def request(chance, whose, last=False, small=False):
    """A random request; one that ends the connection if `last`."""
    name = whose.encode()
    what = chance.choice(LAST if last else SMALL if small else SMALL + LARGE)
    body = chance.randbytes(chance.choice([0, 1, 100] if small else [0, 1, 100, 5000, 100_000]))
    method, path, version, fields, sent = "GET", what, 1, [], b""
    answer, status, complete = name, 200, True
    if what in ("get", "close", "old", "head"):
        path = "echo"
        method = "HEAD" if what == "head" else "GET"
        fields = ["Connection: close"] if what == "close" else []
        version = 0 if what == "old" else 1
    elif what in ("post", "expect", "ignore"):
        method = "POST"
        path = "ignore" if what == "ignore" else "echo"
        body = body[:5000] if what == "ignore" else body
        fields = [f"Content-Length: {len(body)}"] + (["Expect: 100-continue"] if what == "expect" else [])
        sent = body
        answer = name if what == "ignore" else name + body
    elif what == "chunked":
        method, path, fields, answer = "POST", "echo", ["Transfer-Encoding: chunked"], name + body
        at = 0
        while at < len(body):
            piece = body[at:at + chance.choice([1, 10, 1000, 70_000])]
            sent += b"%x%s\r\n%s\r\n" % (len(piece), chance.choice([b"", b";a=b"]), piece)
            at += len(piece)
        sent += b"0\r\n" + chance.choice([b"", b"X-Trailer: a\r\n"]) + b"\r\n"
    elif what == "wait":
        answer = name * 2
    elif what == "large":
        answer = text(name, PIECE * PIECES)
    elif what == "stream":
        answer = text(name, PIECE) * PIECES
    elif what == "fail":
        status, answer = 500, b"Internal Server Error\n"
    elif what == "fail_midway":
        complete = False
    head = "\r\n".join([f"{method} /{path}/{whose} HTTP/1.{version}", "Host: example.org", *fields, "", ""])
    return Wanted(head.encode() + sent, method, whose, status, b"" if method == "HEAD" else answer, complete, last)


class Visit:
    """One connection. tls: a context, to make it over TLS."""

    def __init__(self, port, chance, number, tls=None):
        self.port, self.chance, self.number, self.tls = port, chance, number, tls
        self.wanted = []
        self.answers = Answers(lambda index: self.wanted[index].method if index < len(self.wanted) else "GET")
        self.judged = 0

    async def __call__(self):
        behave = self.chance.choice([
            self.take_turns, self.take_turns, self.pipeline, self.pipeline, self.end_in_garbage, self.leave,
            self.leave_half_way, self.read_slowly,
            self.half_close if self.tls is None else self.pipeline])  # asyncio cannot half-close a TLS connection
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, limit=65536, ssl=self.tls, server_hostname=self.tls and "localhost")
        try:
            await asyncio.wait_for(behave(), PATIENCE)
        except Exception as failure:
            raise AssertionError(f"{behave.__name__} of visitor {self.number}: {failure!r}") from failure
        finally:
            if self.tls is not None:
                self.writer.transport.abort()  # asyncio on Python 3.10 may wait for ever for the end of TLS
            else:
                self.writer.close()
                try:
                    await self.writer.wait_closed()
                except OSError:  # it may be a reset
                    pass
        return self.judged

    # --- behaviours ---

    async def take_turns(self):
        """One request after another on the connection, perhaps a last one."""
        for _ in range(self.chance.randint(1, 8)):
            await self.send(self.want())
            await self.read_answers(len(self.wanted))
        if self.chance.random() < 0.3:
            await self.send(self.want(last=True))
            await self.read_to_end()

    async def pipeline(self):
        await self.send(self.want_some())
        await self.read_answers(len(self.wanted))

    async def half_close(self):
        await self.send(self.want_some())
        self.writer.write_eof()
        await self.read_to_end()

    async def end_in_garbage(self):
        data = self.want_some()
        self.wanted.append(Wanted(b"", "GET", "", 400, None))
        await self.send(data + self.chance.choice([b"\x00", b"GET / HTTP/3.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]))
        await self.read_to_end()

    async def leave(self):
        """Without having read all answers, or any."""
        await self.send(self.want_some())
        await self.read_answers(self.chance.randint(0, len(self.wanted) - 1))
        self.go()

    async def leave_half_way(self):
        """In the middle of a request, behind others."""
        data = self.want_some()
        rest = self.want()
        self.wanted.pop()
        await self.send(data + rest[:self.chance.randint(1, len(rest) - 1)])
        if self.chance.random() < 0.5:
            await self.read_answers(len(self.wanted))
        self.go()

    async def read_slowly(self):
        self.reader._limit = 4096  # StreamReader pauses its transport at twice this
        for _ in range(3):
            await self.send(self.want())
        await self.read_answers(len(self.wanted), size=self.chance.choice([3000, 30_000]), pause=0.002)

    def go(self):
        if self.chance.random() < 0.5:
            linger = struct.pack("ii", 1, 0)  # close() is a reset then
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()

    # --- what goes out ---

    def want(self, last=False, small=False):
        self.wanted.append(request(self.chance, f"{self.number}.{len(self.wanted)}", last, small))
        return self.wanted[-1].data

    def want_some(self):
        count = self.chance.choice([1, 2, 5, 20, 60])
        return b"".join(self.want(small=count > 5) for _ in range(count))

    async def send(self, data):
        """In some pieces, while answers may be coming already."""
        at, size = 0, self.chance.choice([7, 100, 3000, 1 << 30])
        size = max(size, len(data) // 20)
        while at < len(data):
            self.writer.write(data[at:at + size])
            at += size
            await asyncio.sleep(0)
        # no drain(): a server that waits for us to read its answers is right

    # --- what comes in ---

    async def read_answers(self, count, size=65536, pause=None):
        while sum(answer.complete for answer in self.answers) < count:
            data = await self.reader.read(size)
            assert data, f"the end came after {len(self.answers)} of {count} answers: {self.wanted[len(self.answers)]}"
            self.answers.feed(data)
            if pause is not None:
                await asyncio.sleep(pause)
        self.judge()

    async def read_to_end(self):
        while data := await self.reader.read(65536):
            self.answers.feed(data)
        self.answers.feed(b"")
        assert [answer.complete for answer in self.answers] == [wanted.complete for wanted in self.wanted]
        self.judge()

    def judge(self):
        for wanted, answer in zip(self.wanted, self.answers, strict=False):
            if answer.complete:
                assert answer.status == wanted.status
                assert wanted.body is None or answer.body == wanted.body, f"a wrong body: {wanted} {answer.body[:99]!r}"
                assert wanted.status != 200 or answer.headers["x-whose"] == wanted.whose
        self.judged = sum(answer.complete for answer in self.answers)


async def visit(port, seconds, seed):
    """Visitors, AT_ONCE, for so long; the number of complete answers they have got, each the right one."""
    end = time.monotonic() + seconds
    return await visit_while(lambda total: time.monotonic() < end, port, seed)


async def visit_while(wanted, port, seed, tls=None):
    """The same while wanted(the answers so far)."""
    total = 0

    async def come_and_go(number):
        nonlocal total
        chance = random.Random(seed * AT_ONCE + number)
        while wanted(total):
            answered = await Visit(port, chance, number, tls)()
            total += answered

    await asyncio.gather(*(come_and_go(number) for number in range(AT_ONCE)))
    return total
