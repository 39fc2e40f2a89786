"""A client's frames (RFC 6455, 5.2), and what a Decoder makes of bytes, however they are cut into reads."""

import zlib
from dataclasses import dataclass

from fastsrv_ext.websocket.deflate import negotiate
from fastsrv_ext.websocket.frames import BadFrame, Decoder

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KEY = b"\x37\xfa\x21\x3d"  # that of the examples of RFC 6455, 5.7
PLAIN = b"\0\0\0\0"  # a key that leaves a payload as it is
DEFLATE = b"permessage-deflate"
LIMIT = 100_000  # bytes of a message, unless a test is about it
MOST_CUTS = 300  # of a row into two reads: in a long one at some places, evenly


def masked(payload, key=KEY):
    if key == PLAIN:
        return payload
    whole = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")


def head(opcode, length=0, *, fin=True, rsv=0, key=KEY, width=None):
    """Without its payload. key: None for a frame that is not masked; width: bytes that the length takes beside its
    first, 0, 2 or 8, or as few as will do."""
    if width is None:
        width = 0 if length < 126 else 2 if length < 1 << 16 else 8
    short = {0: length, 2: 126, 8: 127}[width]
    first = bytes([fin << 7 | rsv << 4 | opcode, (key is not None) << 7 | short])
    return first + length.to_bytes(8, "big")[8 - width:] + (key or b"")


def frame(opcode, payload=b"", *, key=KEY, **more):
    return head(opcode, len(payload), key=key, **more) + (payload if key is None else masked(payload, key))


def deflated(data, *, bits=15, level=6, flush=zlib.Z_SYNC_FLUSH, packer=None):
    """A whole message as a client compresses it (RFC 7692, 7.2.1). packer: what has compressed those before it."""
    packer = packer or zlib.compressobj(level, zlib.DEFLATED, -bits)
    packed = packer.compress(data) + packer.flush(flush)
    assert packed.endswith(b"\0\0\xff\xff") or flush != zlib.Z_SYNC_FLUSH
    return packed[:-4] if flush == zlib.Z_SYNC_FLUSH else packed


def single(data):
    return [data[at:at + 1] for at in range(len(data))]


def read(reads, limit=LIMIT, offer=None):
    """([(opcode, payload)], the code that the connection fails with, or None). What is found in the same read as a
    fault is lost, as feed() raises."""
    decoder = Decoder(limit, None if offer is None else negotiate([offer]))
    found = []
    try:
        for data in reads:
            found += decoder.feed(data)
    except BadFrame as failure:
        return found, failure.code
    return found, None


@dataclass(frozen=True)
class Row:
    """What a client sends, and what comes of it.

    data: up to the byte that has to be refused, if one has. found: (opcode, payload) of what is whole; code: that the
    connection fails with, None if it goes on. limit: bytes of a message; offer: the client's Sec-WebSocket-Extensions.
    """

    name: str
    data: bytes
    found: tuple = ()
    code: int | None = None
    limit: int = LIMIT
    offer: bytes | None = None

    def read(self, *reads):
        return read(reads, self.limit, self.offer)


NEXT = frame(TEXT) + frame(PING, b"next")


def outcome(row):
    """The row's data, with two frames behind it if the connection goes on; and what has to come of them."""
    if row.code is None:
        return row.data + NEXT, [*row.found, (TEXT, ""), (PING, b"next")]
    return row.data, [*row.found]


def check_whole(row):
    data, expected = outcome(row)
    found, code = row.read(data)
    assert code == row.code
    assert code is not None or found == expected


def check_byte_by_byte(row):
    data, expected = outcome(row)
    assert row.read(*single(data)) == (expected, row.code)


def check_in_two(row):
    data, expected = outcome(row)
    ends = {*range(1, min(len(data), 40)), *range(max(1, len(data) - 40), len(data))}
    for at in sorted(ends | {*range(1, len(data), len(data) // MOST_CUTS + 1)}):
        found, code = row.read(data[:at], data[at:])
        assert code == row.code, f"cut at {at}"
        assert found == (expected if code is None else expected[:len(found)]), f"cut at {at}"
