"""Compressed messages (RFC 7692), well-formed and not, and what comes of them: for test_deflate.py and the fuzzing.

A bad row ends with the byte that it has to be refused for, at the latest.
"""

import zlib

from tests.support.frames import BINARY, CONTINUATION, DEFLATE, PING, PLAIN, TEXT, Row, deflated, frame, head, single

FORGETS = DEFLATE + b"; client_no_context_takeover"
# RFC 7692, 7.2.3.
HELLO = bytes.fromhex("f248cdc9c90700")
HELLO_AGAIN = bytes.fromhex("f200110000")  # "Hello", as what has come five bytes before
STORED = bytes.fromhex("000500faff48656c6c6f00")
FINAL = bytes.fromhex("f348cdc9c9070000")  # its block is marked as the stream's last one
TWO_BLOCKS = bytes.fromhex("f24805000000ffffcac9c90700")
EMPTY = b"\x00"
HELLOS = {"one block": HELLO, "a block that is not compressed": STORED, "a final block": FINAL,
          "two blocks": TWO_BLOCKS}
IS_HELLO = (TEXT, "Hello")
LINES = "".join(f'{{"id": {number}, "name": "Zoë", "tags": ["a", "b"]}}\n' for number in range(300))


def packed(payload, opcode=TEXT, **more):
    return frame(opcode, payload, rsv=4, **more)


def fragments(parts, opcode=TEXT, between=b""):
    """A compressed message in these fragments."""
    first, *others, last = parts
    return packed(first, opcode, fin=False) + between + b"".join(
        frame(CONTINUATION, part, fin=False) + between for part in others) + frame(CONTINUATION, last)


def good(name, data, *found, offer=DEFLATE, **more):
    return Row(name, data, found, offer=offer, **more)


def bad(name, data, code=1007, *found, offer=DEFLATE, **more):
    return Row(name, data, found, code, offer=offer, **more)


def one_after_another(*messages):
    """Compressed by one packer, each as it is known by those before it."""
    packer = zlib.compressobj(wbits=-15)
    return b"".join(packed(deflated(message, packer=packer), BINARY) for message in messages)


GOOD = [
    *(good(name, packed(data), IS_HELLO) for name, data in HELLOS.items()),
    *(good(f"{name}, binary", packed(data, BINARY), (BINARY, b"Hello")) for name, data in HELLOS.items()),
    *(good(f"{name}, a fragment for each byte", fragments(single(data)), IS_HELLO) for name, data in HELLOS.items()),
    *(good(f"{name}, pings between its bytes", fragments(single(data), between=frame(PING, b"x")),
           *[(PING, b"x")] * (len(data) - 1), IS_HELLO) for name, data in HELLOS.items()),
    *(good(f"{name}, three times", packed(data) * 3, IS_HELLO, IS_HELLO, IS_HELLO) for name, data in HELLOS.items()),
    *(good(f"{name}, three times, nothing remembered", packed(data) * 3, IS_HELLO, IS_HELLO, IS_HELLO, offer=FORGETS)
      for name, data in HELLOS.items()),
    *(good(f"{name}, then {other}", packed(first) + packed(second), IS_HELLO, IS_HELLO)
      for name, first in HELLOS.items() for other, second in HELLOS.items() if first != second),
    good("two fragments", fragments([HELLO[:3], HELLO[3:]]), IS_HELLO),
    good("empty fragments", fragments([b"", HELLO[:3], b"", HELLO[3:], b""]), IS_HELLO),
    good("the same again", packed(HELLO) + packed(HELLO_AGAIN), IS_HELLO, IS_HELLO),
    good("the same again, something plain between", packed(HELLO) + frame(TEXT, b"plain") + packed(HELLO_AGAIN),
         IS_HELLO, (TEXT, "plain"), IS_HELLO),
    good("plain fragments", frame(TEXT, b"He", fin=False) + frame(CONTINUATION, b"llo"), IS_HELLO),
    good("plain fragments between compressed ones", packed(HELLO) + frame(TEXT, b"He", fin=False) + frame(
        CONTINUATION, b"llo") + packed(HELLO_AGAIN), IS_HELLO, IS_HELLO, IS_HELLO),
    good("plain where nothing is agreed", frame(TEXT, b"Hello"), IS_HELLO, offer=None),
    good("two streams in one message", packed(FINAL[:-1] + HELLO, BINARY), (BINARY, b"HelloHello")),
    good("16 streams in one message, twice", packed(FINAL[:-1] * 16 + EMPTY) * 2, *[(TEXT, "Hello" * 16)] * 2),
    *(good(f"nothing{where}", before + packed(EMPTY) + packed(EMPTY, BINARY) + packed(HELLO), *found, (TEXT, ""),
           (BINARY, b""), IS_HELLO) for where, before, found in (("", b"", ()), (" behind something", packed(HELLO),
                                                                                (IS_HELLO,)))),
    good("one byte", packed(deflated(b"a")) + packed(deflated(b"\xff"), BINARY), (TEXT, "a"), (BINARY, b"\xff")),
    good("one byte after another", one_after_another(b"a", b"", b"a", b"b"), (BINARY, b"a"), (BINARY, b""),
         (BINARY, b"a"), (BINARY, b"b")),
    good("lines", packed(deflated(LINES.encode())), (TEXT, LINES)),
    good("lines, twice", one_after_another(LINES.encode(), LINES.encode()), *[(BINARY, LINES.encode())] * 2),
    *(good(f"lines, at level {level}", packed(deflated(LINES.encode(), level=level)), (TEXT, LINES))
      for level in (0, 1, 9)),
    good("lines in fragments that end within characters", fragments(
        [*single(deflated(LINES.encode(), level=0)[:400]), deflated(LINES.encode(), level=0)[400:]]), (TEXT, LINES)),
    good("under a mask of zeros", packed(HELLO, key=PLAIN), IS_HELLO),
    good("as long as may be", packed(HELLO) + packed(deflated(bytes(100)), BINARY), IS_HELLO, (BINARY, bytes(100)),
         limit=100),
    good("fragments as long as may be, twice", fragments([deflated(bytes(100))[:-2], deflated(bytes(100))[-2:]],
         BINARY) * 2, (BINARY, bytes(100)), (BINARY, bytes(100)), limit=100),
]

# What zlib's own tests (infcover.c) have it refuse.
BROKEN = {
    "a stored block's length": "0000000000",
    "a block's type": "06",
    "the number of symbols": "fc0000",
    "the code lengths": "0400feff",
    "a repeated length": "0400244900",
    "another repeated length": "040024e9ffff",
    "no end of a block": "040024e9ff6d",
    "the lengths of literals": "0480499224499224 71ffff931100",
    "the lengths of distances": "0480499224499224 0fb4ffffc384",
    "the code of a literal": "04c081080000000020 7feb0b0000",
    "the code of a distance": "027effff",
    "a distance": "0cc081000000000090ff6b0400",
}
NOT_UTF8 = bytes.fromhex("000100feffff")  # a stored block of one byte, FF

BAD = [
    *(bad(f"broken: {name}", packed(bytes.fromhex(data))) for name, data in BROKEN.items()),
    *(bad(f"broken behind a good one: {name}", packed(HELLO) + packed(bytes.fromhex(data)), 1007, IS_HELLO)
      for name, data in BROKEN.items()),
    bad("broken in a fragment", packed(b"\x06", fin=False)),
    bad("broken in a later fragment", packed(HELLO + b"\0\0\xff\xff", fin=False) + frame(
        CONTINUATION, b"\x06", fin=False)),
    bad("broken in a part of a frame", head(TEXT, 1000, rsv=4, key=PLAIN) + b"\x06"),
    bad("a distance before the beginning", packed(HELLO_AGAIN)),
    bad("a distance into what had to be forgotten", packed(HELLO) + packed(HELLO_AGAIN), 1007, IS_HELLO,
        offer=FORGETS),
    bad("no UTF-8", packed(deflated(b"ab\xff"))),
    bad("no UTF-8 in a fragment", packed(NOT_UTF8, fin=False)),
    bad("no UTF-8 in a later fragment", packed(HELLO, fin=False) + frame(CONTINUATION, b"", fin=False) + frame(
        CONTINUATION, b"\0\0\xff\xff" + NOT_UTF8, fin=False)),
    bad("no UTF-8 in a part of a frame", head(TEXT, 1000, rsv=4, key=PLAIN) + NOT_UTF8),
    bad("ends within a character", packed(deflated(b"ab\xe2\x82"))),
    bad("one byte too long", packed(deflated(bytes(101)), BINARY), 1009, limit=100),
    bad("a text too long", packed(deflated(b"x" * 101)), 1009, limit=100),
    bad("something where nothing may be", packed(deflated(b"x")), 1009, limit=0),
    bad("longer than it may be inflated", head(BINARY, 101, rsv=4), 1009, limit=100),
    bad("fragments too long", fragments([deflated(bytes(60), flush=zlib.Z_FULL_FLUSH), deflated(bytes(41))], BINARY),
        1009, limit=100),
    bad("17 streams in one message", packed(FINAL[:-1] * 17)),
    bad("17 streams in fragments", fragments([FINAL[:-1]] * 17)),
    bad("a bomb", packed(deflated(bytes(1_000_000)), BINARY), 1009),
    bad("a bomb behind a good one", packed(HELLO) + packed(deflated(bytes(1_000_000)), BINARY), 1009, IS_HELLO),
    bad("a bomb in fragments", fragments(single(deflated(bytes(1_000_000))), BINARY), 1009),
    bad("compressed where nothing is agreed", packed(HELLO)[:2], 1002, offer=None),
]
ROWS = [*GOOD, *BAD]
