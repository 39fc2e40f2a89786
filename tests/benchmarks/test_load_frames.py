"""A client's WebSocket as bytes: the handshake's answer, frames that are sent, messages however they come."""

import json
import zlib

import pytest

from benchmarks.load import frames
from benchmarks.load.client import Failure
from benchmarks.load.frames import BINARY, CLOSE, COMPRESSED, EMPTY_BLOCK, FINAL, PING, PONG, TEXT, Ended, Reader

ANSWER = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          b"sec-websocket-accept: %b" % frames.ACCEPT.encode())
DEFLATE = b"\r\nSec-WebSocket-Extensions: permessage-deflate"


def served(opcode, payload=b"", first=FINAL):
    """A server's frame."""
    return bytes([first | opcode]) + frames.answer_start(opcode, len(payload))[1:] + payload


@pytest.mark.parametrize(("answer", "deflate", "window"), [
    (ANSWER, False, None),
    (ANSWER + DEFLATE, True, 15),
    (ANSWER + DEFLATE + b"; server_no_context_takeover; client_max_window_bits=12", True, 12),
], ids=["plain", "deflate", "window"])
def test_window_agreed(answer, deflate, window):
    assert frames.window_agreed(answer, deflate) == window


@pytest.mark.parametrize(("answer", "deflate", "complaint"), [
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0", False, "answered HTTP/1.1 403 Forbidden"),
    (ANSWER.replace(b"accept: ", b"accept: x"), False, "does not belong to our key"),
    (ANSWER, True, "extensions ''"),
    (ANSWER + DEFLATE, False, "extensions 'permessage-deflate'"),
], ids=["denied", "key", "without", "unasked"])
def test_answer_that_is_of_no_use(answer, deflate, complaint):
    with pytest.raises(Failure, match=complaint):
        frames.window_agreed(answer, deflate)


@pytest.mark.parametrize("size", [0, 3, 125, 126, 65535, 65536])
def test_frame_is_masked_and_has_its_length(size):
    payload = bytes(range(256)) * 257
    made = frames.frame(BINARY, payload[:size])
    start = made.index(frames.MASK)
    assert made[:start] == bytes([FINAL | BINARY, 0x80 | made[1]]) + made[2:start]
    unmasked = bytes(byte ^ frames.MASK[place % 4] for place, byte in enumerate(made[start + 4:]))
    assert unmasked == payload[:size]
    assert bytes([made[0], made[1] & 0x7F]) + made[2:start] == frames.answer_start(BINARY, size)


def test_messages_are_different_and_the_same_each_time():
    texts = frames.messages(4096, False, 64)
    assert {len(text) for text in texts} == {4096} and len(set(texts)) == 64
    assert texts == frames.messages(4096, False, 64)
    assert len(json.loads(texts[0].decode().rpartition(", {")[0] + "]")) > 30
    assert [len(noise) for noise in frames.messages(300, True, 2)] == [300, 300]


@pytest.mark.parametrize("window", [8, 12, 15])
def test_compressed_message_refers_to_none_before_it(window):
    text, = frames.messages(4096, False, 1)
    packed = frames.compressed(text, window)
    assert len(packed) < 2000
    inflater = zlib.decompressobj(-max(window, 9))
    for _ in range(2):
        assert inflater.decompress(packed + EMPTY_BLOCK) == text


STREAM = (served(TEXT, b"one") + served(PING, b"?") + served(BINARY, b"t", first=0) + served(0, b"w", first=0)
          + served(PONG) + served(0, b"o") + served(BINARY, b"x" * 300))


@pytest.mark.parametrize("cut", range(1, len(STREAM)))
def test_messages_are_read_however_they_are_cut(cut):
    reader = Reader()
    (first, first_pongs), (rest, other_pongs) = reader.feed(STREAM[:cut]), reader.feed(STREAM[cut:])
    assert first + rest == [b"one", b"two", b"x" * 300]
    assert first_pongs + other_pongs == [frames.frame(PONG, b"?")]
    assert not reader.received


def test_compressed_messages_are_read_with_what_came_before():
    reader = Reader()
    compressor = zlib.compressobj(wbits=-15)
    for text in (b"again and again", b"again and again", b"again"):
        packed = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert reader.feed(served(TEXT, packed.removesuffix(EMPTY_BLOCK), first=FINAL | COMPRESSED)) == ([text], [])
    assert reader.feed(served(TEXT, b"plain")) == ([b"plain"], [])


def test_stream_that_the_server_ends_is_followed_by_a_new_one():
    reader = Reader()
    for _ in range(2):
        compressor = zlib.compressobj(wbits=-15)
        packed = compressor.compress(b"whole") + compressor.flush() + b"\x00"
        assert reader.feed(served(TEXT, packed, first=FINAL | COMPRESSED)) == ([b"whole"], [])


def test_close_is_the_end():
    with pytest.raises(Ended, match="closed the WebSocket"):
        Reader().feed(served(CLOSE, b"\x03\xe8bye"))


def test_masked_frame_of_a_server():
    with pytest.raises(Failure, match="masked"):
        Reader().feed(frames.frame(TEXT, b"x"))
