"""Unmasking by itself (RFC 6455, 5.3): the path that this machine takes, and the one that any can take."""

import random

import pytest

from fastsrv_ext.websocket.frames import unmask_portably
from tests.support.frames import BINARY, CONTINUATION, PING, PLAIN, TEXT, frame, masked, read

KEYS = [b"\x01\x02\x03\x04", b"\xff\xfe\xfd\xfc", PLAIN, b"\x80\0\0\0", b"\0\0\0\x01", b"\xa5\x5a\xc3\x3c"]
LENGTHS = range(301)
NOISE = random.Random(1).randbytes(400)
TEXT_NOISE = "".join(random.Random(2).choices("abcxyz 0189~\x7f\0", k=300))


@pytest.mark.parametrize("key", KEYS, ids=bytes.hex)
def test_portable_path(key):
    for size in LENGTHS:
        for start in range(8):
            plain = NOISE[start:start + size]
            assert unmask_portably(masked(plain, key), key) == plain, (size, start)


@pytest.mark.parametrize("key", KEYS, ids=bytes.hex)
def test_chosen_path_at_each_alignment(key):
    """The payload begins at any place in what was read: behind a frame of 0 to 31 bytes."""
    for size in LENGTHS:
        framed = frame(BINARY, NOISE[:size], key=key)
        for before in range(32):
            found, code = read([frame(PING, b"x" * before) + framed])
            assert code is None
            assert found[1:] == [(BINARY, NOISE[:size])], (size, before)


@pytest.mark.parametrize("key", KEYS, ids=bytes.hex)
def test_texts_of_each_length(key):
    for size in LENGTHS:
        assert read([frame(TEXT, TEXT_NOISE[:size].encode(), key=key)]) == ([(TEXT, TEXT_NOISE[:size])], None)


@pytest.mark.parametrize("key", KEYS, ids=bytes.hex)
def test_control_frames_of_each_length(key):
    for size in range(126):
        data = frame(PING, NOISE[:size], key=key)
        assert read([data]) == read([data[:7], data[7:]]) == ([(PING, NOISE[:size])], None)


@pytest.mark.parametrize("size", [16_383, 16_384, 16_385, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_long_messages(opcode, size):
    """Texts up to 16 KiB are unmasked elsewhere than longer ones."""
    text = (TEXT_NOISE * (size // len(TEXT_NOISE) + 1))[:size]
    data = frame(opcode, text.encode(), key=KEYS[0])
    expected = text if opcode == TEXT else text.encode()
    assert read([data]) == read([data[:size // 2], data[size // 2:]]) == ([(opcode, expected)], None)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_pieces_of_every_size(opcode):
    """The key goes on in the next read where it has stopped."""
    plain = TEXT_NOISE.encode()
    data = frame(opcode, plain, key=KEYS[0])
    for size in range(1, len(data)):
        reads = [data[at:at + size] for at in range(0, len(data), size)]
        assert read(reads) == ([(opcode, TEXT_NOISE if opcode == TEXT else plain)], None), size


def test_pieces_of_any_sizes():
    chance = random.Random(3)
    data = frame(BINARY, NOISE[:150], fin=False, key=KEYS[0]) + frame(CONTINUATION, NOISE[150:], key=KEYS[1])
    for _ in range(1000):
        cuts = sorted(chance.sample(range(len(data)), chance.randint(1, 12)))
        reads = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert read(reads) == ([(BINARY, NOISE)], None), cuts
