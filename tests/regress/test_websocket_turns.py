"""One client's WebSocket had the loop for as long as it could fill: the pieces of a long message, its fragments, what a
compressed one inflates to, and the messages that an app had not taken while it was busy. Found in reviews."""

import asyncio
import zlib

import pytest

from tests.support.frames import BINARY, CONTINUATION, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept

OFFER = b"Sec-WebSocket-Extensions: permessage-deflate"
READ = 256 * 1024  # bytes that uvloop reads at once
MIB = 1024 * 1024


@pytest.fixture
def connect():
    clients = []

    def connect(*fields, **settings):
        app = Puppet()
        client = Client(app, max_message_size=16 * MIB, **settings)
        clients.append(client)
        client.ask(*fields)
        accept(app, client)
        return app, client

    yield connect
    for client in clients:
        client.close()


def reads_in_a_turn(client, data):
    """How much of `data` is read before the loop turns."""
    read = []

    def come():
        for at in range(0, len(data), READ):
            client.transport.receive(data[at:at + READ])
        read.append(len(data) - sum(map(len, client.transport.incoming)))

    client.call(come)
    return read[0]


def test_a_long_message_is_read_a_piece_a_turn(connect):
    app, client = connect()
    assert reads_in_a_turn(client, frame(BINARY, bytes(4 * MIB))) <= 2 * READ
    client.send(b"")
    assert app.receive().result()["bytes"] == bytes(4 * MIB)


def test_fragments_are_read_within_the_budget(connect):
    """A budget of nothing: a few dozen a turn."""
    app, client = connect(budget=0)
    data = frame(BINARY, bytes(16), fin=False) + 10_000 * frame(CONTINUATION, bytes(16), fin=False)
    data += frame(CONTINUATION, b"")
    turns = []

    async def count():
        client.loop.call_soon(client.transport.receive, data)
        while not receiving.done():
            turns.append(None)
            await asyncio.sleep(0)

    receiving = app.receive()
    client.loop.run_until_complete(count())
    assert len(receiving.result()["bytes"]) == 16 * 10_001
    assert len(turns) > 50


def test_a_compressed_message_is_inflated_within_the_budget(connect):
    app, client = connect(OFFER, budget=0)
    packer = zlib.compressobj(9, zlib.DEFLATED, -9)
    plain = bytes(MIB)
    packed = (packer.compress(plain) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    turns = []

    async def count():
        client.loop.call_soon(client.transport.receive, frame(BINARY, packed, rsv=4))
        while not receiving.done():
            turns.append(None)
            await asyncio.sleep(0)

    receiving = app.receive()
    client.loop.run_until_complete(count())
    assert receiving.result()["bytes"] == plain
    assert len(turns) > 8


def test_an_app_that_takes_what_was_read_ahead_lets_others_have_turns(connect):
    app, client = connect()
    client.send(900 * frame(BINARY, b""))
    turns = []

    async def take():
        counting = asyncio.ensure_future(count())
        for _ in range(900):
            await app.app_receive()
        counting.cancel()

    async def count():
        while True:
            turns.append(None)
            await asyncio.sleep(0)

    client.loop.run_until_complete(take())
    assert len(turns) > 2


def test_a_send_that_waits_hears_of_the_end(connect):
    """However it comes: it does not wait for the peer to read."""
    app, client = connect()
    client.transport.room = 10
    app.send({"type": "websocket.send", "bytes": bytes(1000)})  # leaves when the turn is over
    sending = app.send({"type": "websocket.send", "bytes": b"more"})
    assert not sending.done()
    client.send(frame(8, b"\x03\xe8"))
    assert isinstance(sending.exception(), OSError)
    assert app.receive().result()["code"] == 1000


def test_who_says_close_and_reads_on_gets_all_of_it(connect):
    """As long as it reads, not within the time of an end. What it sends behind its Close is no reason for a reset."""
    app, client = connect(send=30, close=5, drain=5)
    client.transport.room = 10
    app.send({"type": "websocket.send", "bytes": bytes(100_000)})
    client.send(frame(8, b"\x03\xe8"), frame(10))
    client.wait(20)
    assert not client.closed
    client.read()
    got = client.take()
    assert len(got) > 100_000 and got.endswith(b"\x88\x02\x03\xe8")
    assert client.ended and client.end().closed
