"""Where a request's body ends, however it is framed and however it arrives: no byte of it is another request.

Heads: test_request.py. Which framing is refused: tests/policy.
"""

import pytest

from tests.support.answers import statuses
from tests.support.apps import Recorder, echo, read_body
from tests.support.wire import get, post

EVIL = get(b"/evil")
NEXT = get(b"/next")


class Reader:
    """Reads bodies whole; keeps (path, body) of each request. The body is None if its end did not come."""

    def __init__(self):
        self.read = []
        self.scopes = []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        self.read.append((scope["path"], await read_body(receive)))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def chunked(*parts, trailers=()):
    """A POST whose body is these bytes as they are, then its last chunk and the trailers."""
    head = [b"POST / HTTP/1.1", b"Host: example.org", b"Transfer-Encoding: chunked", b""]
    return b"\r\n".join([*head, b"".join(parts) + b"0", *trailers, b"", b""])


def both_ways(wire, data):
    """What a Reader reads of `data` in one read, and byte by byte."""
    whole, split = Reader(), Reader()
    wire(whole).send(data)
    wire(split).drip(data)
    assert whole.read == split.read
    return whole.read


BODIES = {
    "length": (post(EVIL), EVIL),
    "length of zero": (post(b""), b""),
    "length for GET": (post(b"abc").replace(b"POST", b"GET", 1), b"abc"),
    "chunks": (chunked(b"3\r\nabc\r\n", b"2\r\nde\r\n"), b"abcde"),
    "request within a chunk": (chunked(b"%x\r\n%s\r\n" % (len(EVIL), EVIL)), EVIL),
    "no chunks": (chunked(), b""),
    "size with zeros": (chunked(b"0003\r\nabc\r\n"), b"abc"),
    "size in both cases": (chunked(b"0a\r\nabcdefghij\r\n", b"A\r\nabcdefghij\r\n"), b"abcdefghij" * 2),
    "extensions": (chunked(b"3;a\r\nabc\r\n", b"2;b=c;d=e\r\nde\r\n"), b"abcde"),
    "quoted extension": (chunked(b'3;a="b c"\r\nabc\r\n'), b"abc"),
    "trailers": (chunked(b"3\r\nabc\r\n", trailers=[b"X-A: b", b"X-C: d"]), b"abc"),
}


@pytest.mark.parametrize(("request_bytes", "body"), BODIES.values(), ids=BODIES.keys())
def test_body_ends_where_its_framing_says(wire, request_bytes, body):
    read = both_ways(wire, request_bytes + NEXT)
    assert read[0][1] == body
    assert read[1:] == [("/next", b"")]


@pytest.mark.parametrize("upgrade", [b"foo", b"h2c", b"websocket", b"TLS/1.0, HTTP/1.1"])
@pytest.mark.parametrize(("request_bytes", "body"), BODIES.values(), ids=BODIES.keys())
def test_body_of_a_refused_upgrade_is_no_request(wire, request_bytes, body, upgrade):
    """uvicorn #2722: the parser stops behind the head and takes the body for a new request."""
    fields = b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\nHost:"
    read = both_ways(wire, request_bytes.replace(b"Host:", fields, 1) + NEXT + NEXT)
    assert read == [("/", body), ("/next", b""), ("/next", b"")]


def test_refused_upgrade_without_a_body_is_answered_in_http_1_1(wire):
    upgrade = get(b"/", b"Connection: upgrade", b"Upgrade: foo")
    assert both_ways(wire, upgrade + upgrade + NEXT) == [("/", b""), ("/", b""), ("/next", b"")]


def test_refused_upgrade_may_close(wire):
    request = post(EVIL, b"Connection: upgrade, close", b"Upgrade: foo")
    assert both_ways(wire, request + EVIL) == [("/", EVIL)]


# --- broken chunks (CVE-2025-43859) ---

def test_broken_chunk_after_the_answer_has_begun_ends_the_connection(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        events.append(await receive())

    events = []
    it = wire(app).send(chunked()[:-5]).send(b"x\r\n" + EVIL)
    assert events == [{"type": "http.disconnect"}]
    assert statuses(it.output) == [200]
    assert it.output.endswith(b"5\r\nbegun\r\n")
    assert it.ended


# --- trailers ---


def test_trailers_never_become_fields_of_the_head(wire):
    """RFC 9110, 6.5.1. A trailer could spoof what a proxy says, also to an app that keeps the list."""
    app = Reader()
    wire(app).send(chunked(b"3\r\nabc\r\n", trailers=[
        b"X-Real-IP: 10.0.0.1", b"Cookie: a", b"Trailer: x"]))
    assert app.read == [("/", b"abc")]
    assert app.scopes[0]["headers"] == [(b"host", b"example.org"), (b"transfer-encoding", b"chunked")]


# --- what may be spent around a body's bytes ---


@pytest.mark.parametrize("data", [
    chunked(*[b"1;" + b"a" * 1000 + b"\r\nx\r\n"] * 50),
    chunked(b"1;" + b"a" * 50_000 + b"\r\nx\r\n"),
    chunked(trailers=[b"X-A: " + b"a" * 1000] * 50),
    chunked(trailers=[b"X-A: " + b"a" * 50_000]),
    chunked(trailers=[b"a:b"] * 10_000),
], ids=["extensions", "long extension", "trailers", "long trailer", "many trailers"])
@pytest.mark.parametrize("size", [1000, 8192])
def test_extensions_and_trailers_have_a_limit(wire, data, size):
    app = Reader()
    it = wire(app).send(*[data[start:start + size] for start in range(0, len(data), size)])
    assert app.read in ([], [("/", None)])  # it may have been started before the limit was met
    assert statuses(it.output) == [431]
    assert it.ended


def test_many_small_chunks_are_no_excess(wire):
    data = chunked(*[b"1\r\nx\r\n"] * 20_000) + NEXT
    assert both_ways(wire, data) == [("/", b"x" * 20_000), ("/next", b"")]


def test_large_chunks_are_no_excess(wire):
    body = b"x" * 100_000
    app = Recorder(echo)
    it = wire(app).send(chunked(*[b"%x\r\n%s\r\n" % (len(body), body)] * 5) + NEXT)
    assert it.output.count(b"x") == 500_000
    assert [scope["path"] for scope in app.scopes] == ["/", "/next"]


@pytest.mark.parametrize("size", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("read", [4096, 65_536, 262_144])
def test_large_body_with_a_length_is_followed_by_the_next_request(wire, size, read):
    data = post(b"x" * size) + NEXT
    app = Reader()
    it = wire(app).send(*[data[start:start + read] for start in range(0, len(data), read)])
    assert app.read == [("/", b"x" * size), ("/next", b"")]
    assert statuses(it.output) == [200, 200]
