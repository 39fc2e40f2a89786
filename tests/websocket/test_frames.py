"""Frames by themselves (RFC 6455, 5): what comes of a client's bytes, however they are cut, and what we write."""


import pytest

from fastsrv_ext.websocket.deflate import negotiate
from fastsrv_ext.websocket.frames import BadFrame, Decoder, encode, parse_close
from tests.support.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    check_byte_by_byte,
    check_in_two,
    check_whole,
    frame,
    head,
    read,
)
from tests.support.memory import peak
from tests.websocket import compressed
from tests.websocket.rows import BEGUN, ROWS

BOTH = [*ROWS, *compressed.ROWS]
named = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


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


@pytest.mark.parametrize("row", [row for row in ROWS if row.code is not None], ids=lambda row: row.name)
def test_nothing_is_refused_before_it_is_known_to_be_wrong(row):
    """The bad byte is the last one; of a length that is wrong it may be that of the mask behind it."""
    assert row.read(row.data[:-5])[1] is None


@pytest.mark.parametrize("row", [row for row in BOTH if row.code is not None], ids=lambda row: row.name)
def test_reason_fits_into_a_close_frame(row):
    """Which has room for 123 bytes beside the code (RFC 6455, 5.5)."""
    decoder = Decoder(row.limit, None if row.offer is None else negotiate([row.offer]))
    with pytest.raises(BadFrame) as caught:
        decoder.feed(row.data)
    assert caught.value.code == row.code
    assert 0 < len(caught.value.reason.encode()) <= 123


# --- what waits for more ---

@pytest.mark.parametrize("data", [
    b"", b"\x81", b"\x81\x85", frame(TEXT, b"abc")[:-1], head(BINARY, 65_536), frame(BINARY, b"abc", fin=False),
    BEGUN + frame(CONTINUATION, b"abc")[:-1], frame(PING, b"abc")[:-1],
], ids=bytes.hex)
def test_part_of_a_message_is_no_message(data):
    assert read([data]) == ([], None)


def test_message_is_found_with_its_last_byte():
    assert read([frame(TEXT, b"abc") + frame(BINARY, b"d")[:-1]]) == ([(TEXT, "abc")], None)


def test_control_frame_is_found_before_the_message_that_it_came_in():
    assert read([BEGUN + frame(PING, b"x")]) == ([(PING, b"x")], None)


def test_head_of_a_long_message_takes_no_memory():
    """What a client only announces costs it nothing; so it must cost us nothing."""
    announced = [head(BINARY, 1 << 30) + b"x", head(BINARY, 1 << 30, fin=False), head(TEXT, 1 << 30)]

    def read_them():
        for data in announced:
            assert read([data], limit=1 << 30) == ([], None)

    assert peak(read_them) < 100_000


# --- Close (RFC 6455, 5.5.1 and 7.4; IANA's registry) ---

GOOD_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}


def closes_with(payload):
    """(code, reason), or the code that we fail with."""
    try:
        return parse_close(payload)
    except BadFrame as failure:
        return failure.code


def test_codes_of_close():
    for code in range(1 << 16):
        expected = (code, "why") if code in GOOD_CODES else 1002
        assert closes_with(code.to_bytes(2, "big") + b"why") == expected, code
        assert closes_with(code.to_bytes(2, "big")) == ((code, "") if code in GOOD_CODES else 1002), code


def test_close_without_a_code():
    assert closes_with(b"") == (1005, "")


def test_half_a_code():
    for half in range(256):
        assert closes_with(bytes([half])) == 1002, half


@pytest.mark.parametrize("reason", ["a", "é", "\x00", "\ufeffa", "\U0010ffff", "x" * 123, "€" * 41])
def test_reason_of_close(reason):
    assert closes_with(b"\x03\xe8" + reason.encode()) == (1000, reason)


@pytest.mark.parametrize("reason", [
    b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98",
    b"x" * 122 + b"\xc3",
], ids=bytes.hex)
def test_reason_that_is_no_utf8(reason):
    assert closes_with(b"\x03\xe8" + reason) == 1007


def test_bad_code_counts_before_a_bad_reason():
    assert closes_with(b"\x03\xed\xff") == 1002


# --- what we write ---

@pytest.mark.parametrize(("expected", "opcode", "payload"), [
    ("810548656c6c6f", TEXT, b"Hello"),
    ("890548656c6c6f", PING, b"Hello"),
    ("8a0548656c6c6f", PONG, b"Hello"),
    ("880203e8", CLOSE, b"\x03\xe8"),
    ("8100", TEXT, b""),
    ("827d" + "aa" * 125, BINARY, b"\xaa" * 125),
    ("827e007e" + "aa" * 126, BINARY, b"\xaa" * 126),
    ("827e0100" + "aa" * 256, BINARY, b"\xaa" * 256),
    ("827effff" + "aa" * 65_535, BINARY, b"\xaa" * 65_535),
    ("827f0000000000010000" + "aa" * 65_536, BINARY, b"\xaa" * 65_536),
    ("827f0000000001020304" + "aa" * 0x1020304, BINARY, b"\xaa" * 0x1020304),
], ids=lambda value: value[:20] if isinstance(value, str) else "")
def test_frame_that_we_write(expected, opcode, payload):
    """The examples of RFC 6455, 5.7, and the lengths at which the head grows."""
    assert encode(opcode, payload) == bytes.fromhex(expected)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_compressed_frame_has_its_bit(opcode):
    assert encode(opcode, b"ab", True) == bytes([0xC0 | opcode, 2]) + b"ab"
