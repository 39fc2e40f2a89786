"""Frames, well-formed and not, and what comes of them: for test_frames.py and the fuzzing.

A bad row ends with the byte that it has to be refused for, at the latest.
"""

from tests.support.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    DEFLATE,
    LIMIT,
    PING,
    PLAIN,
    PONG,
    TEXT,
    Row,
    frame,
    head,
)

NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}
DATA = (CONTINUATION, TEXT, BINARY)
CONTROLS = (CLOSE, PING, PONG)
BEGUN = frame(BINARY, b"abc", fin=False)  # for what may only come within a message
FREE_FRAGMENTS = 1024  # of a message, and one more for each 16 bytes


def payload(opcode, size):
    """As it is sent, and as it is found."""
    text = ("a0Z~" * (size // 4 + 1))[:size]
    return text.encode(), text if opcode == TEXT else text.encode()


def whole(name, opcode, size, **more):
    sent, found = payload(opcode, size)
    return Row(name, frame(opcode, sent, **more), ((opcode, found),))


def good(name, data, *found, **more):
    return Row(name, data, found, **more)


def bad(name, data, code=1002, *found, **more):
    return Row(name, data, found, code, **more)


def within(opcode):
    """What has to come before a frame of this opcode."""
    return BEGUN if opcode == CONTINUATION else b""


LENGTHS = [
    *(whole(f"{NAMES[opcode]} of {size} bytes", opcode, size)
      for opcode in (TEXT, BINARY) for size in (0, 1, 2, 7, 8, 125, 126, 127, 128, 16_384, 16_385, 65_535, 65_536)),
    *(whole(f"{NAMES[opcode]} of {size} bytes", opcode, size) for opcode in CONTROLS for size in (0, 1, 124, 125)),
    *(whole(f"text under the key {key.hex()}", TEXT, 70, key=key) for key in (PLAIN, b"\xff" * 4, b"\0\0\0\1")),
    good("a key for each frame", frame(TEXT, b"ab", key=b"1234") + frame(TEXT, b"cd", key=b"5678"), (TEXT, "ab"),
         (TEXT, "cd")),
    good("all opcodes, one behind the other", b"".join(
        frame(opcode, b"ab") for opcode in (PING, TEXT, PONG, BINARY, TEXT, CLOSE)),
        (PING, b"ab"), (TEXT, "ab"), (PONG, b"ab"), (BINARY, b"ab"), (TEXT, "ab"), (CLOSE, b"ab")),
    good("empty frames, one behind the other", b"".join(frame(opcode) for opcode in (TEXT, PING, BINARY, TEXT)),
         (TEXT, ""), (PING, b""), (BINARY, b""), (TEXT, "")),
    *(bad(f"{NAMES[opcode]}: {length} in {width} bytes", within(opcode) + head(opcode, length, width=width))
      for opcode in DATA for width, lengths in ((2, (0, 1, 125)), (8, (0, 125, 126, 65_535))) for length in lengths),
    *(bad(f"{NAMES[opcode]}: a length of {length:#x}", within(opcode) + head(opcode, length))
      for opcode in DATA for length in (1 << 63, (1 << 63) + 1, (1 << 64) - 1)),
    *(bad(f"{NAMES[opcode]} of {length} bytes", head(opcode, length)[:2])
      for opcode in CONTROLS for length in (126, 65_535, 65_536, 1 << 63)),
]

FIRST_BYTES = [
    *(bad(f"{NAMES[opcode]} with the reserved bits {rsv:03b}", within(opcode) + head(opcode, 1, rsv=rsv)[:2])
      for opcode in NAMES for rsv in range(1, 8)),
    *(bad(f"{NAMES[opcode]} with the reserved bits {rsv:03b}, deflate agreed",
          within(opcode) + head(opcode, 1, rsv=rsv)[:2], offer=DEFLATE)
      for opcode in NAMES for rsv in range(1, 8) if rsv != 4 or opcode not in (TEXT, BINARY)),
    *(bad(f"opcode {opcode}{where}", before + head(opcode, 1, fin=fin)[:2])
      for opcode in (*range(3, 8), *range(11, 16))
      for where, before, fin in (("", b"", True), (" within a message", BEGUN, True), (", not final", b"", False))),
    *(bad(f"{NAMES[opcode]} that is not masked, of {size} bytes", within(opcode) + head(opcode, size, key=None)[:2])
      for opcode in NAMES for size in ((0, 125) if opcode in CONTROLS else (0, 1, 126, 65_536))),
    bad("not masked behind a good one", frame(TEXT, b"ab") + head(TEXT, 1, key=None)[:2], 1002, (TEXT, "ab")),
    *(bad(f"{NAMES[opcode]} in fragments{where}", before + head(opcode, 1, fin=False)[:2])
      for opcode in CONTROLS for where, before in (("", b""), (" within a message", BEGUN))),
]

ABC = (BINARY, b"abc")
FRAGMENTS = [
    good("two", frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"bc"), (TEXT, "abc")),
    good("three", BEGUN + frame(CONTINUATION, b"d", fin=False) + frame(CONTINUATION, b"ef"), (BINARY, b"abcdef")),
    good("each with a key of its own", frame(TEXT, b"ab", fin=False, key=b"1234") + frame(
        CONTINUATION, b"cdefg", fin=False, key=b"5678") + frame(CONTINUATION, b"h", key=PLAIN), (TEXT, "abcdefgh")),
    good("of lengths of each kind", frame(BINARY, b"a" * 70_000, fin=False) + frame(
        CONTINUATION, b"b" * 300, fin=False) + frame(CONTINUATION, b"c"), (BINARY, b"a" * 70_000 + b"b" * 300 + b"c")),
    *(good(f"three empty ones of a {NAMES[opcode]}", frame(opcode, fin=False) + frame(CONTINUATION, fin=False) + frame(
        CONTINUATION), (opcode, found)) for opcode, found in ((TEXT, ""), (BINARY, b""))),
    good("empty, something, empty", frame(TEXT, fin=False) + frame(CONTINUATION, b"ab", fin=False) + frame(
        CONTINUATION), (TEXT, "ab")),
    good("whole messages before and behind", frame(TEXT, b"x") + BEGUN + frame(CONTINUATION) + frame(TEXT, b"y"),
         (TEXT, "x"), ABC, (TEXT, "y")),
    *(good(f"an empty {NAMES[opcode]} behind one in fragments", BEGUN + frame(CONTINUATION) + frame(opcode), ABC,
           (opcode, found)) for opcode, found in ((TEXT, ""), (BINARY, b""))),
    *(good(f"a {NAMES[opcode]} within", BEGUN + frame(opcode, b"xy") + frame(CONTINUATION, b"d"),
           (opcode, b"xy"), (BINARY, b"abcd")) for opcode in CONTROLS),
    good("empty control frames within", BEGUN + frame(PING) + frame(CONTINUATION, fin=False) + frame(PONG) + frame(
        PING) + frame(CONTINUATION, b"d"), (PING, b""), (PONG, b""), (PING, b""), (BINARY, b"abcd")),
    good("a long control frame before the first bytes", frame(BINARY, fin=False) + frame(PING, b"x" * 125) + frame(
        CONTINUATION, b"a"), (PING, b"x" * 125), (BINARY, b"a")),
    good("a control frame within a character", frame(TEXT, b"\xe2\x82", fin=False) + frame(PING, b"\xff") + frame(
        CONTINUATION, b"\xac"), (PING, b"\xff"), (TEXT, "\u20ac")),
    *(bad(f"a continuation without a beginning, {where}", head(CONTINUATION, 1, fin=fin)[:2])
      for where, fin in (("final", True), ("not final", False))),
    bad("a continuation behind a whole message", frame(TEXT, b"a") + head(CONTINUATION)[:2], 1002, (TEXT, "a")),
    bad("a continuation behind the last one", BEGUN + frame(CONTINUATION) + head(CONTINUATION)[:2], 1002, ABC),
    bad("a continuation behind a control frame", frame(PING) + head(CONTINUATION)[:2], 1002, (PING, b"")),
    *(bad(f"a {NAMES[opcode]} within a message, {where}", BEGUN + head(opcode, 1, fin=fin)[:2])
      for opcode in (TEXT, BINARY) for where, fin in (("final", True), ("not final", False))),
    bad("a text within an empty beginning", frame(TEXT, fin=False) + head(TEXT)[:2]),
    bad("a text within a message, behind a control frame", BEGUN + frame(PING) + head(TEXT)[:2], 1002, (PING, b"")),
]


def pieces(count, opcode=BINARY, part=b"", last=b"", between=b""):
    """A message of so many frames."""
    return frame(opcode, part, fin=False) + between + (
        frame(CONTINUATION, part, fin=False) + between) * (count - 2) + frame(CONTINUATION, last)


LIMITS = [
    *(good(f"{NAMES[opcode]} as long as may be", frame(opcode, b"x" * 100), (opcode, found), limit=100)
      for opcode, found in ((TEXT, "x" * 100), (BINARY, b"x" * 100))),
    *(bad(f"{NAMES[opcode]} of {length} bytes where {limit} may be", head(opcode, length), 1009, limit=limit)
      for opcode in (TEXT, BINARY)
      for limit, length in ((0, 1), (100, 101), (100, 126), (100, 65_536), (200, 201), (70_000, 70_001),
                            (LIMIT, (1 << 63) - 1), ((1 << 62) - 1, 1 << 62))),
    bad("a frame that is not final", head(TEXT, 101, fin=False), 1009, limit=100),
    good("nothing where nothing may be", frame(TEXT) + frame(BINARY, fin=False) + frame(CONTINUATION),
         (TEXT, ""), (BINARY, b""), limit=0),
    good("bytes count, not characters", frame(TEXT, "é".encode() * 50), (TEXT, "é" * 50), limit=100),
    bad("bytes count, not characters: one more", head(TEXT, len("é".encode() * 51)), 1009, limit=100),
    good("fragments as long as may be", frame(BINARY, b"x" * 60, fin=False) + frame(CONTINUATION, b"y" * 40),
         (BINARY, b"x" * 60 + b"y" * 40), limit=100),
    good("all in the first fragment", frame(BINARY, b"x" * 100, fin=False) + frame(CONTINUATION, fin=False) + frame(
        CONTINUATION), (BINARY, b"x" * 100), limit=100),
    bad("fragments, one byte too long", frame(BINARY, b"x" * 60, fin=False) + head(CONTINUATION, 41), 1009, limit=100),
    bad("fragments, the third too long", frame(TEXT, b"x" * 50, fin=False) + frame(
        CONTINUATION, b"x" * 50, fin=False) + head(CONTINUATION, 1, fin=False), 1009, limit=100),
    good("each message by itself", (frame(BINARY, b"x" * 60, fin=False) + frame(CONTINUATION, b"y" * 40) + frame(
        TEXT, b"z" * 100)) * 2, *((BINARY, b"x" * 60 + b"y" * 40), (TEXT, "z" * 100)) * 2, limit=100),
    good("control frames are no part of a message", frame(BINARY, b"x" * 5, fin=False) + frame(
        PING, b"y" * 125) + frame(CONTINUATION, b"x" * 5), (PING, b"y" * 125), (BINARY, b"x" * 10), limit=10),
    good("as many fragments as may be", pieces(FREE_FRAGMENTS), (BINARY, b"")),
    bad("one fragment too many", pieces(FREE_FRAGMENTS + 1), 1008),
    good("16 bytes are worth another", pieces(FREE_FRAGMENTS, between=frame(PING), part=b"")[:-6] + frame(
        CONTINUATION, b"x" * 16, fin=False) + frame(CONTINUATION, b"y"),
        *[(PING, b"")] * (FREE_FRAGMENTS - 1), (BINARY, b"x" * 16 + b"y")),
    bad("15 bytes are not", pieces(FREE_FRAGMENTS)[:-6] + frame(CONTINUATION, b"x" * 15, fin=False) + head(
        CONTINUATION, 1), 1008),
    bad("a text in bytes", pieces(FREE_FRAGMENTS + 69, TEXT, b"x", b"x")[:-1], 1008),
    good("a text in bytes, not too many", pieces(FREE_FRAGMENTS + 68, TEXT, b"x", b"x"),
         (TEXT, "x" * (FREE_FRAGMENTS + 68))),
    good("many fragments that are not small", pieces(2 * FREE_FRAGMENTS, BINARY, b"x" * 16),
         (BINARY, b"x" * 16 * (2 * FREE_FRAGMENTS - 1))),
    good("each message's fragments by themselves", pieces(FREE_FRAGMENTS) * 2, (BINARY, b""), (BINARY, b"")),
]

# Each with the byte that shows that it is no UTF-8 (RFC 3629, 4).
NOT_UTF8 = {
    "no first byte": (b"\x80", b"\xbf", b"\xc0", b"\xc1", b"\xf5", b"\xf8", b"\xfe", b"\xff"),
    "overlong": (b"\xe0\x80", b"\xe0\x9f", b"\xf0\x80", b"\xf0\x8f"),
    "a surrogate": (b"\xed\xa0", b"\xed\xbf"),
    "beyond U+10FFFF": (b"\xf4\x90", b"\xf4\xbf"),
    "cut short": (b"\xc3a", b"\xc3\xc3", b"\xe2a", b"\xe2\x82a", b"\xe2\x82\xc0", b"\xf0\x90\x80a", b"\xf1\x80\x7f",
                  b"\xc3\x00", b"\xe2\x82\xe2"),
}
UNFINISHED = (b"\xc3", b"\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x98", b"\xf4\x8f\xbf")
EDGES = "\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\ufeff\uffff\U00010000\U0010ffff"


def not_utf8(why, wrong):
    """In every way in which it may come, with no more of the message than that."""
    name = f"{why}, {wrong.hex()}"
    yield bad(f"{name}: a whole message", frame(TEXT, wrong), 1007)
    yield bad(f"{name}: at the end of a long one", frame(TEXT, b"x" * 17_000 + wrong), 1007)
    yield bad(f"{name}: in a fragment", frame(TEXT, "aé".encode() + wrong, fin=False), 1007)
    yield bad(f"{name}: in a part of a frame", head(TEXT, 1000) + frame(TEXT, b"abc" + wrong)[6:], 1007)
    yield bad(f"{name}: in a part of a later one", frame(TEXT, "é".encode(), fin=False) + head(
        CONTINUATION, 1000) + frame(CONTINUATION, b"abc" + wrong)[6:], 1007)
    yield bad(f"{name}: over two fragments", frame(TEXT, wrong[:-1], fin=False) + frame(
        CONTINUATION, wrong[-1:], fin=False), 1007)


def unfinished(begun):
    yield bad(f"ends with {begun.hex()}: a whole message", frame(TEXT, b"abc" + begun), 1007)
    yield bad(f"ends with {begun.hex()}: the last fragment", frame(TEXT, "é".encode(), fin=False) + frame(
        CONTINUATION, begun), 1007)
    yield bad(f"ends with {begun.hex()}: before an empty fragment", frame(TEXT, begun, fin=False) + frame(
        CONTINUATION), 1007)


def by_byte(text):
    """A fragment for each byte."""
    data = text.encode()
    return frame(TEXT, fin=False) + b"".join(
        frame(CONTINUATION, data[at:at + 1], fin=at == len(data) - 1) for at in range(len(data)))


TEXTS = [
    good("the edges of UTF-8", frame(TEXT, EDGES.encode()), (TEXT, EDGES)),
    good("the edges of UTF-8, a fragment for each byte", by_byte(EDGES), (TEXT, EDGES)),
    good("the edges of UTF-8 in a long text", frame(TEXT, (EDGES * 800).encode()), (TEXT, EDGES * 800)),
    good("no UTF-8, but binary", frame(BINARY, b"\xff\xc0\x80") + frame(BINARY, b"\xc3", fin=False) + frame(
        CONTINUATION, b"a"), (BINARY, b"\xff\xc0\x80"), (BINARY, b"\xc3a")),
    good("no UTF-8, but control frames", b"".join(frame(opcode, b"\xff\xc3") for opcode in CONTROLS),
         *((opcode, b"\xff\xc3") for opcode in CONTROLS)),
    *(row for why, every in NOT_UTF8.items() for wrong in every for row in not_utf8(why, wrong)),
    *(row for begun in UNFINISHED for row in unfinished(begun)),
]

# RFC 6455, 5.7: but for those that a server sends.
EXAMPLES = [
    good("a masked text", bytes.fromhex("818537fa213d7f9f4d5158"), (TEXT, "Hello")),
    good("a masked pong", bytes.fromhex("8a8537fa213d7f9f4d5158"), (PONG, b"Hello")),
]

ROWS = [*LENGTHS, *FIRST_BYTES, *FRAGMENTS, *LIMITS, *TEXTS, *EXAMPLES]
