"""What one request of a connection leaves to the next: nothing. Each kind of request behind each kind, however both are
cut into reads: its answer, what its app sees and what its limits are, as on a connection of its own."""

import asyncio
import functools
import re

import pytest

from tests.support.answers import statuses
from tests.support.apps import echo, hello, read_body
from tests.support.wire import Wire, get, post

CHUNKED = b"POST /echo HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n"
LAST = b"0\r\n\r\n"
MIB = 1024 * 1024
SECONDS = [1.0] * 12  # more than any limit below, but for those of an app
WAYS = ("whole", "in pieces")
PIECE = 997  # bytes of a read; those behind PIECES of them come in larger ones, as that takes less time
PIECES = 30


async def early(scope, receive, send):
    """Answers without a look at the body."""
    await hello(scope, receive, send)


async def cut(scope, receive, send):
    """Gives up a receive(), then goes on."""
    waiting = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await echo(scope, receive, send)


async def stream(scope, receive, send):
    """More than a stream may write before the loop has a turn."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(200):
        await send({"type": "http.response.body", "body": b"x" * 2000, "more_body": True})
    await send({"type": "http.response.body"})


async def duplex(scope, receive, send):
    """Answers while it reads."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"y" * 5000, "more_body": True})
    await send({"type": "http.response.body", "body": await read_body(receive) or b""})


class App:
    """Runs the app that the path names, and keeps what it sees."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        async def listen():
            event = await receive()
            body.append(event.get("body"))
            return event

        body = []
        apps = {"/echo": echo, "/early": early, "/cut": cut, "/stream": stream, "/duplex": duplex}
        await apps.get(scope["path"], hello)(scope, listen, send)
        self.seen.append({**scope, "read": b"".join(filter(None, body)), "state": None})


def head(line, *fields):
    return b"".join(part + b"\r\n" for part in (line, b"Host: example.org", *fields, b""))


def large_head(size):
    """A request whose head has some `size` bytes, in fields of 1,000."""
    return get(b"/", *[b"X-%d: %s" % (number, b"x" * 990) for number in range(size // 1000)])


def chunks(*parts, extension=b"", head=CHUNKED, last=LAST):
    return head + b"\r\n" + b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) + last


def with_head(path, body, *fields):
    """A request with a body, and its head alone."""
    whole = post(body, *fields, path=path)
    return whole[:len(whole) - len(body)], body


# Steps of a client: bytes that it sends, seconds that pass, "lag": its kernel takes no more than 1000 bytes, "read".
PERSISTING = {
    "plain": [get()],
    "plain body": [post(b"x" * 500, path=b"/echo")],
    "plain body in two": [*with_head(b"/echo", b"x" * 500)],
    "no body": [post(b"", path=b"/echo")],
    "HEAD": [get().replace(b"GET", b"HEAD")],
    "OPTIONS *": [head(b"OPTIONS * HTTP/1.1")],
    "absolute form": [head(b"GET http://example.org/ HTTP/1.1")],
    "HTTP/1.0": [get(b"/", b"Connection: keep-alive", version=b"1.0")],
    "empty lines": [b"\r\n" * 200 + get()],
    "as many empty lines as may be": [b"\r\n" * 32_000 + get()],
    "large head": [large_head(60_000)],
    "large head, chunked": [chunks(b"a", b"b", head=large_head(40_000)[:-2].replace(b"GET /", b"POST /echo")
                                   + b"Transfer-Encoding: chunked\r\n")],
    "chunked": [chunks(b"x" * 300, b"y")],
    "extensions": [chunks(*[b"x"] * 7, extension=b";x=" + b"y" * 2000)],
    "trailers": [chunks(b"x", last=b"0\r\n" + (b"X-Trailer: " + b"t" * 1000 + b"\r\n") * 12 + b"\r\n")],
    "many small chunks": [chunks(*[b"x"] * 3000)],
    "more than is read ahead": [chunks(*[b"x" * 5000] * 60)],
    "expects": [*with_head(b"/echo", b"x" * 500, b"Expect: 100-continue")],
    "early": [*with_head(b"/early", b"x" * 500)],
    "early, large": [*with_head(b"/early", b"x" * 900_000)],
    "early, of one MiB": [*with_head(b"/early", b"x" * MIB)],
    "upgrade": [get(b"/", b"Connection: Upgrade", b"Upgrade: websocket")],
    "upgrade with a body": [post(b"x" * 500, b"Connection: Upgrade", b"Upgrade: websocket", path=b"/echo")],
    "upgrade, chunked": [chunks(b"x" * 500, head=CHUNKED + b"Connection: Upgrade\r\nUpgrade: websocket\r\n")],
    "receive() given up": [*with_head(b"/cut", b"x" * 500)],
    "stream": [get(b"/stream")],
    "slow body": [post(b"x" * 3000, path=b"/echo")[:-2000], 8.0, b"x" * 1000, 8.0, b"x" * 1000],
    "slow head": [get()[:-2], 8.0, b"\r\n"],
    "lag": [get(b"/stream"), 3.0, "read"],
    "lag with a wait for a body": ["lag", *with_head(b"/duplex", b"x" * 500)[:1], 5.0, "read", 5.0, b"x" * 500],
    "lag behind an early answer": ["lag", *with_head(b"/early", b"x" * 900_000), "read"],
    "idle": [get(), 3.0],
}
PERSISTING["lag"].insert(0, "lag")
OTHERS = {
    "close": [get(b"/", b"Connection: close"), *SECONDS],
    "HTTP/1.0 without keep-alive": [get(version=b"1.0"), *SECONDS],
    "head too large": [large_head(80_000)],
    "head too large, in one field": [get(b"/", b"X: " + b"x" * 9000)],
    "extensions too large": [chunks(*[b"x"] * 9, extension=b";x=" + b"y" * 2000)],
    "trailers too large": [chunks(b"x", last=b"0\r\n" + (b"X-Trailer: " + b"t" * 1000 + b"\r\n") * 20 + b"\r\n")],
    "early, of more than one MiB": [*with_head(b"/early", b"x" * (MIB + 1)), *SECONDS],
    "early, the rest never comes": [post(b"x" * 500, path=b"/early")[:-200], *SECONDS],
    "broken": [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", *SECONDS],
    "broken chunk": [chunks(b"x", last=b"z"), *SECONDS],
    "head that does not end": [get()[:-2], *SECONDS],
    "body that does not come": [post(b"x" * 500, path=b"/echo")[:-200], *SECONDS],
    "body that comes too slowly": [post(b"x" * 900, path=b"/echo")[:-800], *[9.0, b"x" * 100] * 2],
    "body that comes fast enough": [post(b"x" * 1000, path=b"/echo")[:-900], 9.0, b"x" * 300, 4.0, b"x" * 600],
    "reads nothing": ["lag", get(b"/stream"), *SECONDS],
}
TOGETHER = PERSISTING | OTHERS


class Client:
    """What a client gets, step by step: bytes without their Date, whether the server has ended or dropped it."""

    def __init__(self):
        self.app = App()
        self.wire = Wire(self.app)
        self.taken = 0

    def play(self, steps, way):
        seen = len(self.app.seen)
        history = [self.take(step, way) for step in steps]
        return history, self.app.seen[seen:]

    def take(self, step, way="whole"):
        it = self.wire
        if isinstance(step, bytes):
            it.send(*([step] if way == "whole" else in_pieces(step)))
        elif isinstance(step, float):
            it.tick(step)
        elif step == "lag":
            it.transport.room = 1000
        else:
            it.transport.room = None
            it.read()
        output = it.output
        news, self.taken = output[self.taken:], len(output)
        return dateless(news), it.ended, it.transport.aborted


def in_pieces(data):
    small = min(len(data), PIECES * PIECE)
    return [data[start:start + PIECE] for start in range(0, small, PIECE)] + [
        data[start:start + 50 * PIECE] for start in range(small, len(data), 50 * PIECE)]


def dateless(output):
    return re.sub(rb"\ndate: [^\r]*\r", b"", output)


def total(history):
    """Of the steps' outputs."""
    return b"".join(output for output, *_ in history), history[-1][1:]


@functools.cache
def alone(name, way):
    """What comes of it on a connection of its own."""
    client = Client()
    try:
        return client.play(TOGETHER[name], way)
    finally:
        client.wire.close()


@pytest.fixture
def client():
    """client() -> Client"""
    clients = []

    def connect():
        clients.append(Client())
        return clients[-1]

    yield connect
    for each in clients:
        each.wire.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", PERSISTING)
def test_second_request_is_served_as_the_first_would_be(client, first, way):
    for second in TOGETHER:
        it = client()
        history, seen = it.play(PERSISTING[first], way)
        assert (history, seen) == alone(first, way)
        assert set(statuses(total(history)[0])) <= {100, 200} and not it.wire.ended
        history, seen = it.play(TOGETHER[second], way)
        if first.startswith("lag") and second == "reads nothing":
            # What a peer has read beyond fastsrv_min_rate is to its credit, whichever request it was for.
            assert total(history)[0] == total(alone(second, way)[0])[0], f"{second}, behind {first}"
        else:
            assert (history, seen) == alone(second, way), f"{second}, behind {first}"


@pytest.mark.parametrize("first", [name for name in PERSISTING if isinstance(PERSISTING[name][-1], bytes)])
def test_second_request_in_the_same_read_is_served_as_the_first_would_be(client, first):
    """On a connection that has had one of the first kind before: it is not the first of its kind, and not the last."""
    for second in TOGETHER:
        if isinstance(TOGETHER[second][0], bytes):
            it = client()
            it.play(PERSISTING[first], "whole")
            joined = PERSISTING[first][-1] + TOGETHER[second][0]
            history, seen = it.play([*PERSISTING[first][:-1], joined, *TOGETHER[second][1:]], "whole")
            (one, seen_by_one), (two, seen_by_two) = alone(first, "whole"), alone(second, "whole")
            assert seen == seen_by_one + seen_by_two, f"{second}, behind {first}"
            assert total(history) == (total(one)[0] + total(two)[0], total(two)[1]), f"{second}, behind {first}"


@pytest.mark.parametrize("first", PERSISTING)
def test_silence_behind_a_request_is_that_behind_any(client, first):
    histories = []
    for name in ("plain", first):
        it = client()
        it.play(PERSISTING[name], "whole")
        if first == "idle":
            it.take(get())
        histories.append(it.play(SECONDS, "whole"))
    assert histories[0] == histories[1]


@pytest.mark.parametrize("way", WAYS)
def test_each_request_behind_all_others(client, way):
    """What is left adds up, too."""
    it = client()
    for _ in range(2):
        for name in PERSISTING:
            assert it.play(PERSISTING[name], way) == alone(name, way), name
