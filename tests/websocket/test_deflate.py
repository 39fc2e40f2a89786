"""Compressed messages by themselves (RFC 7692, 7.2): read however they are cut, bounded, and as websockets has them."""

import random
import re
import zlib

import pytest
from websockets.frames import Frame, Opcode

from fastsrv_ext.websocket.deflate import negotiate
from fastsrv_ext.websocket.frames import BadFrame, Decoder
from tests.support.compiled import compiled
from tests.support.frames import (
    BINARY,
    CONTINUATION,
    DEFLATE,
    PING,
    PLAIN,
    check_byte_by_byte,
    check_in_two,
    check_whole,
    deflated,
    frame,
    head,
    read,
)
from tests.support.memory import peak
from tests.support.peers import agree
from tests.websocket.compressed import FORGETS, LINES, ROWS, fragments, one_after_another, packed

named = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
NOISE = random.Random(1).randbytes(40_000)
FREE_INFLATED, RATIO = 1024 * 1024, 128  # what a message may inflate to: so much, and so much for each byte of it
MIB = 1024 * 1024


@named
def test_whole(row):
    check_whole(row)


@named
def test_byte_by_byte(row):
    check_byte_by_byte(row)


@named
def test_in_two(row):
    check_in_two(row)


def test_names_of_rows_are_unique():
    assert len({row.name for row in ROWS}) == len(ROWS)


# --- the windows ---

def in_halves(bits):
    """Two messages that are the same, of which the second one is short for who remembers 1 << bits bytes."""
    half = NOISE[:(1 << bits) - 300]
    return half, half


def told_bits(deflate, whose):
    return int(re.search(rb"%b_max_window_bits=(\d+)" % whose, deflate.answer)[1])


@pytest.mark.parametrize("bits", range(9, 16))
def test_window_that_a_client_uses_unasked(bits):
    """Of those that do not offer client_max_window_bits any may use 15."""
    first, second = in_halves(bits)
    data = one_after_another(first, second)
    assert len(data) < 1.3 * len(first)
    assert read([data], offer=DEFLATE) == ([(BINARY, first), (BINARY, second)], None)


@pytest.mark.parametrize("bits", range(9, 16))
def test_window_that_a_client_is_told_to_use(bits):
    offer = DEFLATE + b"; client_max_window_bits=%d" % bits
    told = told_bits(negotiate([offer]), b"client")
    assert told <= bits
    first, second = in_halves(told)
    packer = zlib.compressobj(wbits=-told)
    data = b"".join(packed(deflated(half, packer=packer), BINARY) for half in (first, second))
    assert len(data) < 1.3 * len(first)
    for reads in ([data], [data[at:at + 100] for at in range(0, len(data), 100)]):
        assert read(reads, offer=offer) == ([(BINARY, first), (BINARY, second)], None)


def test_window_of_256_bytes_of_a_client():
    """zlib cannot make one: these blocks refer back by a few bytes."""
    offer = DEFLATE + b"; client_max_window_bits=8"
    assert negotiate([offer]).answer.endswith(b"client_max_window_bits=8")
    messages = [b"abcabcabc" * 20, b"", b"abc" * 70]
    data = b"".join(packed(deflated(message), BINARY) for message in messages)
    assert read([data], offer=offer) == ([(BINARY, message) for message in messages], None)


def test_distance_beyond_the_agreed_window_is_refused():
    first, second = in_halves(14)
    assert read([one_after_another(first, second)], offer=DEFLATE + b"; client_max_window_bits=9")[1] == 1007


def strictly_inflated(data, bits):
    """By one that remembers its window and no more: a byte in each call, as within one call zlib looks further back."""
    inflater, plain = zlib.decompressobj(-bits), b""
    data += b"\0\0\xff\xff"
    while data:
        piece = inflater.decompress(data, 1)
        plain, data = plain + piece, inflater.unconsumed_tail
    return plain


@pytest.mark.parametrize("bits", range(9, 16))
def test_window_that_we_compress_with(bits):
    deflate = negotiate([DEFLATE + b"; server_max_window_bits=%d" % bits])
    told = told_bits(deflate, b"server")
    assert told <= bits
    message = 2 * NOISE[:(1 << told) + 100]  # again what is just too far back
    assert strictly_inflated(compiled("packer").compress(deflate, message), told) == message
    short = 2 * NOISE[:(1 << told) // 3]  # zlib looks 262 bytes less far back than it may
    assert len(compiled("packer").compress(deflate, short)) < 0.7 * len(short)


def test_we_remember_what_we_have_sent_unless_told_not_to():
    compress, message = compiled("packer").compress, NOISE[:300]
    remembers, forgets = negotiate([DEFLATE]), negotiate([DEFLATE + b"; server_no_context_takeover"])
    assert len(compress(remembers, message)) > 300 > 50 > len(compress(remembers, message))
    assert compress(forgets, message) == compress(forgets, message)


def test_each_connection_has_streams_of_its_own():
    first, second = (Decoder(100, negotiate([DEFLATE])) for _ in range(2))
    hello, again = packed(bytes.fromhex("f248cdc9c90700"), BINARY), packed(bytes.fromhex("f200110000"), BINARY)
    other = packed(deflated(b"other"), BINARY)
    assert (first.feed(hello), second.feed(other)) == ([(BINARY, b"Hello")], [(BINARY, b"other")])
    assert (first.feed(again), second.feed(again)) == ([(BINARY, b"Hello")], [(BINARY, b"Hther")])


# --- bounds ---

def bomb():
    """Zeros that inflate to just as much as may come of any message: 128 bytes for each of it, beside 1 MiB."""
    size = 1000
    while True:
        inflated = FREE_INFLATED + RATIO * size
        data = deflated(bytes(inflated))
        if len(data) == size:
            return data, inflated
        size = len(data)


def read_bounded(data, offer=DEFLATE):
    return read([data], limit=64 * MIB, offer=offer)


def test_inflates_to_so_much_for_each_byte():
    data, inflated = bomb()
    assert read_bounded(packed(data, BINARY)) == ([(BINARY, bytes(inflated))], None)


def test_inflates_to_no_more():
    assert read_bounded(packed(deflated(bytes(2 * bomb()[1])), BINARY)) == ([], 1009)


def test_bound_is_of_a_message_not_of_its_fragments():
    data, inflated = bomb()
    assert read_bounded(fragments([data[:400], data[400:800], data[800:]], BINARY)) == (
        [(BINARY, bytes(inflated))], None)
    more = deflated(bytes(2 * inflated))
    assert read_bounded(fragments([more[at:at + 100] for at in range(0, len(more), 100)], BINARY)) == ([], 1009)


def test_bound_is_of_each_message():
    data, inflated = bomb()
    assert read_bounded(packed(data, BINARY) * 2, FORGETS) == ([(BINARY, bytes(inflated))] * 2, None)


def test_message_has_nothing_of_what_those_before_it_were_worth():
    found, code = read([packed(deflated(NOISE), BINARY), packed(deflated(bytes(4 * MIB)), BINARY)], 64 * MIB, FORGETS)
    assert code == 1009
    assert found == [(BINARY, NOISE)]


@pytest.mark.parametrize("announced", [20_000, 1 << 17, MIB])
def test_bytes_that_are_only_announced_are_worth_nothing(announced):
    """A client that sends some kilobytes must not have us hold megabytes, whatever it says of what is to come."""
    data = deflated(bytes(16 * MIB), level=9)
    assert len(data) < 17_000
    assert read_bounded(head(BINARY, announced, rsv=4, key=PLAIN) + data[:-1]) == ([], 1009)


def test_bound_does_not_depend_on_how_a_message_is_read():
    """Much of nothing, and then what is as long as it was: whether it may come must not be the network's to decide."""
    packer = zlib.compressobj(wbits=-15)
    data = packed(deflated(bytes(2 * MIB) + NOISE, packer=packer), BINARY)
    codes = {size: read([data[at:at + size] for at in range(0, len(data), size)], limit=64 * MIB, offer=DEFLATE)[1]
             for size in (1, 1400, 4096, 65_536)}
    assert len({*codes.values()}) == 1, codes


def test_usual_messages_come_nowhere_near_the_bound():
    message = LINES.encode() * 400
    assert len(message) > 4 * MIB
    assert read_bounded(packed(deflated(message), BINARY)) == ([(BINARY, message)], None)


@pytest.fixture(scope="module")
def large_bomb():
    """Of 100 MiB."""
    return packed(deflated(bytes(100 * MIB), level=9), BINARY)


@pytest.mark.parametrize("limit", [100_000, MIB])
@pytest.mark.parametrize("size", [1 << 30, 1000, 1])
def test_no_more_than_the_limit_is_inflated(large_bomb, limit, size):
    """And one copy more, while zlib joins its pieces."""
    reads = [large_bomb[at:at + size] for at in range(0, 10_000 if size == 1 else len(large_bomb), size)]

    def inflate():
        decoder, found = Decoder(limit, negotiate([DEFLATE])), []
        with pytest.raises(BadFrame) as caught:
            for each in reads:
                found += decoder.feed(each)
        assert (found, caught.value.code) == ([], 1009)

    assert peak(inflate) < 2.5 * limit + 2 * len(large_bomb)


# --- as websockets' client has it ---

MESSAGES = [b"", b"a", b"a", LINES.encode()[:3000], NOISE[:600], NOISE[:600], b"", LINES.encode()[:3000],
            NOISE[:5000], NOISE[:5000], b"x" * 70_000, NOISE[:20_000], NOISE[:20_000]]


@pytest.mark.parametrize("client_bits", [None, True, *range(9, 16)])
@pytest.mark.parametrize("server_bits", [None, *range(9, 16)])
def test_round_trips(server_bits, client_bits):
    compress = compiled("packer").compress
    for takeovers in range(4):
        ours, theirs = agree(
            server_max_window_bits=server_bits, client_max_window_bits=client_bits,
            server_no_context_takeover=bool(takeovers & 1), client_no_context_takeover=bool(takeovers & 2))
        decoder = Decoder(100_000, ours)
        for message in MESSAGES:
            sent = theirs.encode(Frame(Opcode.BINARY, message))
            data = frame(BINARY, bytes(sent.data), rsv=4)
            assert decoder.feed(data) == [(BINARY, message)]
            back = theirs.decode(Frame(Opcode.BINARY, compress(ours, message), rsv1=True))
            assert back.data == message


def test_fragments_of_websockets():
    """Each but the last ends with an empty block."""
    ours, theirs = agree()
    decoder = Decoder(100_000, ours)
    for _ in range(3):
        first = theirs.encode(Frame(Opcode.TEXT, LINES.encode()[:1000], fin=False))
        second = theirs.encode(Frame(Opcode.CONT, LINES.encode()[1000:2000], fin=False))
        third = theirs.encode(Frame(Opcode.CONT, LINES.encode()[2000:]))
        assert decoder.feed(frame(Opcode.TEXT, bytes(first.data), fin=False, rsv=4)) == []
        assert decoder.feed(frame(PING, b"x") + frame(CONTINUATION, bytes(second.data), fin=False)) == [(PING, b"x")]
        assert decoder.feed(frame(CONTINUATION, bytes(third.data))) == [(Opcode.TEXT, LINES)]
