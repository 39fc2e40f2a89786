"""A client's WebSocket as bytes: the handshake, the frames that are sent, the messages in those that come.

Sans-I/O. Knows what a load needs: messages of one frame go out, with or without permessage-deflate; what comes is
whatever a server may send. Used by sockets.py.
"""

import random
import re
import zlib
from base64 import b64encode
from hashlib import sha1
from json import dumps

from benchmarks.load.client import HEAD_END, Failure

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FINAL, COMPRESSED, MASKED = 0x80, 0x40, 0x80  # bits of a frame's first and second byte (RFC 6455, 5.2; RFC 7692, 6)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
KEY = b64encode(b"sixteen bytes it")
ACCEPT = b64encode(sha1(KEY + GUID).digest()).decode()
MASK = bytes.fromhex("37fa213d")  # any but zeros, which a server need not unmask

OFFER = b"permessage-deflate; client_max_window_bits"  # a browser's
EMPTY_BLOCK = b"\x00\x00\xff\xff"  # what a compressed message is sent without (RFC 7692, 7.2.1)
LARGEST_WINDOW = 15  # bits
DIFFERENT = 64  # messages of 4 KB: a window of 32 KB holds none of the last round when its turn comes again
FIELD = re.compile(r"^([^:]+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


class Ended(OSError):
    """The server has ended the connection."""


def request(address, path, deflate):
    """The bytes of the handshake's request. address: (host, port)."""
    fields = [b"GET %b HTTP/1.1" % path, b"Host: %b:%d" % (address[0].encode(), address[1]), b"Upgrade: websocket",
              b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY]
    return b"\r\n".join(fields + [b"Sec-WebSocket-Extensions: " + OFFER] * deflate) + HEAD_END


def window_agreed(head, deflate):
    """The window in bits for what we compress, as the answer with this head (bytes) says; None without deflate.

    Failure if it is no right answer to our request.
    """
    first, _, rest = head.decode("latin-1").replace("\r\n", "\n").partition("\n")
    fields = {name.lower(): value for name, value in FIELD.findall(rest)}
    if not first.startswith("HTTP/1.1 101 "):
        raise Failure(f"the server answered {first}")
    if fields.get("sec-websocket-accept") != ACCEPT:
        raise Failure("the server's Sec-WebSocket-Accept does not belong to our key")
    agreed = fields.get("sec-websocket-extensions", "")
    if agreed.startswith("permessage-deflate") != bool(deflate):
        raise Failure(f"the server agreed to the extensions {agreed!r}")
    window = re.search(r"client_max_window_bits=(\d+)", agreed)
    return None if not deflate else int(window[1]) if window else LARGEST_WINDOW


def messages(size, binary, different):
    """So many `different` messages of `size` bytes each, the same ones each time: noise if they are binary, otherwise
    text as an application sends it, ASCII that looks like JSON."""
    some = random.Random(1)
    if binary:
        return [some.randbytes(size) for _ in range(different)]
    return [text(some, size) for _ in range(different)]


def text(some, size):
    rows = []
    length = 0
    while length < size:
        rows.append(dumps({"id": some.randrange(10**6), "name": some.choice(("Ada", "Grace", "Linus")),
                           "price": round(some.uniform(1, 1000), 2), "stock": some.randrange(100), "open": True}))
        length += len(rows[-1]) + 2
    return ("[" + ", ".join(rows))[:size - 1].encode() + b"]"


def frame(opcode, payload, compressed=False):
    """A client's frame, final and masked."""
    size = len(payload)
    head = bytes([FINAL | (COMPRESSED if compressed else 0) | opcode])
    if size < 126:
        head += bytes([MASKED | size])
    elif size < 1 << 16:
        head += bytes([MASKED | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([MASKED | 127]) + size.to_bytes(8, "big")
    mask = (MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + MASK + masked.to_bytes(size, "big")


def compressed(payload, window):
    """A message on its own: it refers to none before it, and so may be sent any number of times."""
    compressor = zlib.compressobj(wbits=-max(window, 9))
    packed = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return packed.removesuffix(EMPTY_BLOCK)


def answer_start(opcode, size):
    """How a server's frame of a message of `size` bytes begins: its head, unless it is compressed."""
    if size < 126:
        return bytes([FINAL | opcode, size])
    if size < 1 << 16:
        return bytes([FINAL | opcode, 126]) + size.to_bytes(2, "big")
    return bytes([FINAL | opcode, 127]) + size.to_bytes(8, "big")


class Reader:
    """What comes on one connection."""

    def __init__(self):
        self.received = bytearray()
        self.pieces = []  # of a message that is not whole
        self.is_compressed = False
        self.inflater = None

    def feed(self, data):
        """The messages (bytes) that `data` has made whole, and the Pongs (frames) that are owed. Raises Ended."""
        self.received += data
        whole, pongs = [], []
        while (parts := self.next_frame()) is not None:
            first, payload = parts
            opcode = first & 0x0F
            if opcode == CLOSE:
                raise Ended(f"the server closed the WebSocket with {bytes(payload)!r}")
            if opcode == PING:
                pongs.append(frame(PONG, payload))
            elif opcode != PONG:
                if opcode in (TEXT, BINARY):
                    self.is_compressed = bool(first & COMPRESSED)
                self.pieces.append(payload)
                if first & FINAL:
                    message, self.pieces = b"".join(self.pieces), []
                    whole.append(self.inflate(message) if self.is_compressed else message)
        return whole, pongs

    def next_frame(self):
        """(its first byte, payload), taken off what was received; None while there is no whole one."""
        data = self.received
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if data[1] & MASKED:
            raise Failure("the server sent a masked frame")
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        parts = data[0], bytes(data[start:start + size])
        del data[:start + size]
        return parts

    def inflate(self, message):
        if self.inflater is None:
            self.inflater = zlib.decompressobj(-LARGEST_WINDOW)
        plain = self.inflater.decompress(message + EMPTY_BLOCK)
        if self.inflater.eof:  # a server may end its stream, and begin a new one
            self.inflater = None
        return plain
