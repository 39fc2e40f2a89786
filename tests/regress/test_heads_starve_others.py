"""Found by a hostile client's trial: uvloop reads up to 8 MB of a connection in one turn, and heads near the limit, or
empty lines between requests, were all parsed in it: the others waited for half a second. Behind an app at work 32 of
the largest heads, 2 MB, were kept for each connection."""

import asyncio

import pytest

from tests.support.apps import echo, hello
from tests.support.wire import get

READ = 256_000  # bytes that uvloop reads at once
A_TURN = 80 * 1024  # bytes that may be parsed in one, with the head that crosses the bound
LARGE = tuple(b"X-%d: " % number + b"v" * 7_000 for number in range(7))  # fields

STREAMS = {
    "large heads": get() + get(b"/", *LARGE) * 9,
    "large heads of the parser": get() + get(b"/", b"Connection: upgrade", b"Upgrade: other", *LARGE) * 9,
    "empty lines": (b"\r\n" * 20_000 + get()) * 9,
    "chunks": get().replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    + b"1\r\nx\r\n" * 60_000 + b"0\r\n\r\n",
}


@pytest.mark.parametrize("name", STREAMS)
def test_large_read_is_parsed_in_several_turns(wire, name):
    """By a loop that goes on to read in the same turn until it is told to pause, as uvloop does."""
    async def feed():
        nonlocal rest, turns
        while rest or not it.transport.reading:
            while rest and it.transport.reading:
                it.transport.receive(rest[:READ])
                rest = rest[READ:]
            await asyncio.sleep(0)
            turns += 1

    rest = stream = STREAMS[name]
    turns = 0
    it = wire(echo)
    it.loop.run_until_complete(feed())
    it.call(lambda: None)
    assert turns >= len(stream) // A_TURN
    assert it.output.count(b"HTTP/1.1 200 OK\r\n") == stream.count(b"Host:")


@pytest.mark.parametrize("scanned", [True, False])
def test_large_heads_behind_an_app_at_work_are_not_kept(wire, scanned):
    async def app(scope, receive, send):
        await go.wait()
        await hello(scope, receive, send)

    go = asyncio.Event()
    it = wire(app, scan_heads=scanned)
    it.send(get())
    sent = 0
    while it.transport.reading:
        it.send(get(b"/", *LARGE))
        sent += 1
    assert sent <= 3
    it.call(go.set)
    assert it.output.count(b"Hello") == 1 + sent
