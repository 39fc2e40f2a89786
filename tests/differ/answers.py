"""hypothesis strategies: what a client asks and what an app makes of it, and what the client must get.

The model in expected() is of ASGI and of RFC 9110 and 9112; it knows nothing of how fastsrv goes about it.
"""

from dataclasses import dataclass

from hypothesis import strategies as st

STATUSES = [200, 200, 200, 201, 204, 205, 206, 301, 304, 404, 418, 500, 599, 999]
NAMES = [
    b"content-type", b"X-Name", b"set-cookie", b"Set-Cookie", b"etag", b"vary", b"X!#$%&'*+-.^_`|~9", b"Keep-Alive",
    b"Upgrade", b"Trailer",
]
VALUES = [b"", b"a", b"text/plain", b"\xe9\x80", b" a\t", b"a\tb", b"a: b", b"close", b"x" * 9000]
OURS = [
    (b"Date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"mine"), (b"transfer-encoding", b"chunked"),
    (b"Transfer-Encoding", b"gzip, chunked"), (b"connection", b"keep-alive"), (b"Connection", b"upgrade"),
]
CLOSE = [(b"Connection", b"close"), (b"connection", b"Close"), (b"connection", b"x, close")]
BROKEN = [
    (b"", b"a"), (b"a b", b"a"), (b"a:", b"a"), (b"a\r\n", b"a"), (b"a\x00", b"a"), (b"\xe9", b"a"),
    (b"a", b"b\r\nc: d"), (b"a", b"b\nc"), (b"a", b"b\rc"),
    (b"a", b"\x00"), (b"a", b"\x0b"), (b"a", b"\x7f"), (b"content-length", b"+1"),
    (b"content-length", b""), (b"content-length", b"1, 1"), (b"content-length", b"99999999999999999999"),
]
FRAMING = (b"date", b"server", b"content-length", b"transfer-encoding", b"connection")
PARTS = [b"", b"a", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b"0\r\n\r\n", b"x" * 20_000]


@dataclass(frozen=True)
class Exchange:
    """A request (method, version, option: of its Connection field; expects: 100-continue of its body) and the app's
    script: reads the body?, status, headers, the parts of the answer; fails: before that event, None if it does not."""

    method: bytes
    version: bytes
    option: bytes
    expects: bool
    body: bytes
    reads: bool
    status: int
    headers: tuple
    parts: tuple
    fails: int | None

    @property
    def sent(self):
        """What the peer sends: the head, then the body."""
        fields = b"Connection: " + self.option + b"\r\n" if self.option else b""
        fields += b"Content-Length: %d\r\n" % len(self.body) if self.body else b""
        fields += b"Expect: 100-continue\r\n" if self.expects else b""
        return [self.method + b" / HTTP/" + self.version + b"\r\nHost: a\r\n" + fields + b"\r\n", self.body]

    @property
    def lengths(self):
        """Those that the app declares."""
        return [int(value) for name, value in self.headers if name.lower() == b"content-length" and value.isdigit()]


@dataclass
class Expected:
    """What the client must get. whole: does it get all there is to get? persists: does the connection go on? announced:
    is it told so? reset: is the end no orderly one?"""

    status: int
    fields: list
    lengths: list
    body: bytes
    whole: bool = True
    persists: bool = False
    announced: bool = True
    reset: bool = False


def expected(exchange, keepalive, arrived):
    """keepalive: does the server keep connections? arrived: is the request's body there when the app is called?"""
    broken = any(header in BROKEN for header in exchange.headers) or len(exchange.lengths) > 1
    declared = exchange.lengths[0] if exchange.lengths and exchange.status != 204 else None
    has_body = exchange.status not in (204, 304)  # to GET; to HEAD the head is the same
    bodiless = exchange.method == b"HEAD" or not has_body
    streamed = len(exchange.parts) > 1
    until_close = has_body and streamed and declared is None and exchange.version == b"1.0"
    answer = Expected(
        exchange.status,
        [(name.lower(), value.strip(b" \t")) for name, value in exchange.headers if name.lower() not in FRAMING],
        [] if declared is None else [declared], b"")
    for index, part in enumerate((b"", *exchange.parts)):
        last = index == len(exchange.parts)
        after = len(answer.body) + len(part)
        counted = index > 0 and not bodiless and declared is not None
        if counted and index > 1 and after > declared and exchange.fails != index and not broken:
            answer.body += part[:declared - len(answer.body)]  # a whole answer; the app hears of the rest
            break
        wrong = counted and (after > declared or (last and after < declared))
        if exchange.fails == index or broken or wrong:
            if index <= 1:
                error = b"" if exchange.method == b"HEAD" else b"Internal Server Error\n"
                return Expected(500, [(b"content-type", b"text/plain; charset=utf-8")], [22], error)
            answer.whole = bodiless or len(answer.body) == declared or until_close
            answer.announced, answer.reset = False, until_close and not bodiless
            return answer
        if not bodiless:
            answer.body += part
    unread = exchange.expects and not exchange.reads and not arrived  # its body may come or not
    says_close = any(name.lower() == b"connection" and b"close" in value.lower() for name, value in exchange.headers)
    asks_close = exchange.option == b"close" or (exchange.version == b"1.0" and exchange.option != b"keep-alive")
    answer.persists = keepalive and not (unread or says_close or asks_close or until_close)
    # A body that does not come is known of too late to be told in the head of a streamed answer.
    answer.announced = not (streamed and unread) or not keepalive or says_close or asks_close or until_close
    if declared is None and has_body and not streamed and (
            exchange.parts[0] or exchange.method != b"HEAD"):  # of what HEAD leaves out the length may be unknown
        answer.lengths = [len(exchange.parts[0])]
    return answer


@st.composite
def exchanges(draw):
    method = draw(st.sampled_from([b"GET", b"GET", b"HEAD", b"POST"]))
    body = draw(st.sampled_from([b"", b"abc"])) if method == b"POST" else b""
    parts = draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))
    headers = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3))
    for kind in draw(st.sampled_from(EXTRA)):
        headers.insert(draw(st.integers(0, len(headers))), draw(extra(kind, sum(map(len, parts)))))
    return Exchange(
        method, draw(st.sampled_from([b"1.1", b"1.1", b"1.0"])),
        draw(st.sampled_from([b"", b"", b"keep-alive", b"keep-alive", b"close", b"x"])),
        bool(body) and draw(st.booleans()), body, draw(st.booleans()), draw(st.sampled_from(STATUSES)), tuple(headers),
        tuple(parts), draw(st.one_of(st.none(), st.none(), st.none(), st.integers(0, len(parts)))))


EXTRA = [
    [], [], [], [], ["length"], ["length"], ["length"], ["ours"], ["close"], ["broken"], ["wrong length"],
    ["length", "ours"], ["length", "length"], ["length", "close"],
]


def extra(kind, size):
    if kind == "length":
        return st.sampled_from([(b"content-length", b"%d" % size), (b"Content-Length", b"0%d" % size)])
    if kind == "wrong length":
        return st.sampled_from([(b"content-length", b"%d" % max(0, size + off)) for off in (-1, 1, 5)])
    return st.sampled_from({"ours": OURS, "close": CLOSE, "broken": BROKEN}[kind])
