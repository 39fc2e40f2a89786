"""A client that sent TLS records of a byte, or new keys alone, held up everybody for as long as its read took to
decrypt: 25 to 600 ms for 256 KB. Found by looking for loops over what a peer can repeat."""

import asyncio
import ssl

import pytest

from fastsrv_ext.budget import Budget
from fastsrv_ext.wire.tls import TLS
from tests.support.answers import take_apart
from tests.support.apps import echo
from tests.support.tls import client_context, server_context
from tests.support.wire import Transport, post, settle
from tests.unit.test_tls import Peer

RECORDS = 200
AT_ONCE = 16  # records


class Taker:
    """A protocol that keeps what it gets; pausing: it takes one piece at a time."""

    def __init__(self, pausing=False):
        self.pieces, self.pausing, self.ended, self.lost = [], pausing, False, False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        assert not self.ended
        self.pieces.append(data)
        if self.pausing:
            self.transport.pause_reading()

    def eof_received(self):
        self.ended = True
        return False

    def connection_lost(self, error):
        self.lost = True


class Client:
    """Behind a handshake with TLS in front of `taker`, in memory."""

    def __init__(self, taker, **versions):
        self.transport = Transport(asyncio.get_running_loop(), None)
        self.layer = self.transport.protocol = TLS(server_context(), taker, self.failed, budget=Budget(0))
        self.layer.connection_made(self.transport)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context(**versions).wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def failed(self, error, peer):
        raise AssertionError(error)

    async def shake_hands(self):
        for _ in range(3):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            self.transport.receive(self.outgoing.read())
            await settle()
            self.incoming.write(b"".join(self.transport.sent))
            self.transport.sent.clear()
        return self

    def records(self, data):
        for byte in data:
            self.tls.write(bytes((byte,)))
        return self.outgoing.read()

    def close(self):
        self.transport.peer.close()
        self.transport.extra["socket"].close()


def run(play, taker, **versions):
    async def main():
        client = await Client(taker, **versions).shake_hands()
        try:
            await play(client)
        finally:
            client.close()

    asyncio.run(main())


DATA = bytes(range(RECORDS))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("cut", [None, 3, 1000])
def test_many_records_are_decrypted_in_many_turns(version, cut):
    taker = Taker()

    async def play(client):
        data = client.records(DATA)
        client.transport.receive(data[:cut])
        if cut is not None:
            client.transport.receive(data[cut:])
        assert sum(map(len, taker.pieces)) <= 2 * AT_ONCE
        assert not client.transport.reading
        await settle()
        assert client.transport.reading

    run(play, taker, maximum_version=version)
    assert b"".join(taker.pieces) == DATA
    assert max(map(len, taker.pieces)) <= AT_ONCE + 1  # the rest of one that was cut


def test_protocol_that_pauses_gets_no_more_until_it_resumes():
    taker = Taker(pausing=True)

    async def play(client):
        client.transport.receive(client.records(DATA))
        count = 1
        while sum(map(len, taker.pieces)) < RECORDS:
            await settle()
            assert len(taker.pieces) == count
            taker.transport.resume_reading()
            count += 1
            await settle()
        assert not client.transport.reading
        taker.transport.resume_reading()
        assert client.transport.reading

    run(play, taker)
    assert b"".join(taker.pieces) == DATA


def test_end_behind_records_comes_when_they_are_taken():
    taker = Taker()

    async def play(client):
        records = client.records(DATA)
        with pytest.raises(ssl.SSLWantReadError):
            client.tls.unwrap()
        client.transport.receive(records + client.outgoing.read())
        assert not taker.ended
        await settle()
        assert taker.ended and taker.lost

    run(play, taker)
    assert b"".join(taker.pieces) == DATA


def test_records_that_come_though_reading_is_paused_are_in_their_place():
    """A loop may have read them before."""
    taker = Taker()

    async def play(client):
        sent = client.records(DATA)
        for start in range(0, len(sent), 1000):
            client.layer.data_received(sent[start:start + 1000])
        await settle()

    run(play, taker)
    assert b"".join(taker.pieces) == DATA


def test_records_of_a_client_that_has_gone_are_forgotten():
    taker = Taker()

    async def play(client):
        client.transport.receive(client.records(DATA))
        client.transport.lose(ConnectionResetError(104, "Connection reset by peer"))
        await settle()

    run(play, taker)
    assert taker.lost and sum(map(len, taker.pieces)) <= 2 * AT_ONCE


@pytest.mark.parametrize("size", [100, 16_384, 300_000])
def test_request_in_many_records_is_answered(size):
    peer = Peer(echo, budget=0)
    try:
        for byte in post(b"x" * size)[:-size]:
            peer.tls.write(bytes((byte,)))
        peer.say(b"x" * size)
        peer.listen()
        assert take_apart(peer.heard).body == b"x" * size
    finally:
        peer.close()
