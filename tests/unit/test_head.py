"""A head of the plain form is scanned (plain_head.pyx); everything else is httptools'. Whatever is scanned must come
out as httptools has it: tests/support/reading.py compares the two, for the fuzzing, too. Here, moreover, the same
requests are sent with and without the scan to an app that reads their bodies, and it must see the same."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.apps import Recorder, read_body
from tests.support.reading import compare
from tests.support.wire import Wire

METHODS = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"GETT", b"",
]
TARGETS = [
    b"/", b"/a?b=c", b"/?", b"/a%20b", b"*", b"http://example.org/x", b"/#f", b"/\x7f", b"/a b", b"", b"/\xc3\xa9",
    b'/"<>\\^`{|}', b"//x", b"/" + b"a" * 4090,
]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b""]
NAMES = [
    b"Host", b"host", b"HOST", b"Connection", b"Proxy-Connection", b"Content-Length", b"Transfer-Encoding", b"Expect",
    b"Upgrade", b"TE", b"Accept", b"X-Forwarded-For", b"Cookie", b"X-Something-Of-Mine", b"Bad Name", b"", b"B\xffd",
    b"User_Agent", b" X",
]
VALUES = [
    b"example.org", b"example.org:80", b"a/b", b"", b"close", b"keep-alive", b"Keep-Alive", b"upgrade", b"close, x",
    b"0", b"3", b"03", b"+3", b"3, 3", b"99999999999999999999", b"chunked", b"gzip, chunked", b"100-continue", b"h2c",
    b"a\tb", b"a\x00b", b"a\x01b", b"\xff\xfe", b"a  ", b" a", b"\t", b"x" * 8190, b"trailers",
]
ENDS = [b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\r\n"]
SEPARATORS = [b": ", b":", b":\t ", b" : ", b"", b"::"]


def mostly(usual, others):
    return st.one_of(st.just(usual), st.just(usual), st.just(usual), st.sampled_from(others))


fields = st.lists(st.builds(
    lambda name, separator, value, end: name + separator + value + end,
    st.sampled_from(NAMES), mostly(b": ", SEPARATORS), st.sampled_from(VALUES), mostly(b"\r\n", ENDS)), max_size=5)
requests = st.builds(
    lambda before, method, space, target, version, end, host, rest, last, body: (
        before + method + space + target + b" " + version + end + host + b"".join(rest) + last + body),
    mostly(b"", [b"\r\n", b"\n", b" "]), mostly(b"GET", METHODS), mostly(b" ", [b"  ", b"\t"]), mostly(b"/", TARGETS),
    mostly(b"HTTP/1.1", VERSIONS), mostly(b"\r\n", ENDS), mostly(b"Host: example.org\r\n", [b""]), fields,
    mostly(b"\r\n", ENDS), st.sampled_from([b"", b"abc", b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n"]))


async def answer(scope, receive, send):
    body = await read_body(receive)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": repr(body).encode()})


def outcome(pieces, scan):
    """What the app saw, what the peer saw."""
    recorder = Recorder(answer)
    wire = Wire(recorder, scan_heads=scan)
    try:
        wire.send(*pieces)
        wire.end()
        output = re.sub(rb"date: [^\r]*", b"", wire.output)
        return recorder.scopes, output, wire.closed
    finally:
        wire.close()


@settings(max_examples=300, deadline=None)
@given(st.lists(requests, min_size=1, max_size=3), st.integers(0, 400))
@example([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"] * 3, 0)
@example([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], 0)
@example([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], 46)
@example([b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], 0)
def test_scanned_and_parsed_heads_agree(requests, cut):
    data = b"".join(requests)
    compare(data)
    pieces = [data] if cut == 0 or cut >= len(data) else [data[:cut], data[cut:]]
    assert outcome(pieces, True) == outcome(pieces, False)


@pytest.mark.parametrize("position", ["target", "name", "value"])
def test_every_byte_is_read_alike(position):
    for byte in range(256):
        target, name, value = (bytes([byte]) if position == part else b"x" for part in ("target", "name", "value"))
        data = b"GET /" + target + b" HTTP/1.1\r\nHost: a\r\nX" + name + b": y" + value + b"z\r\n\r\n"
        compare(data)


def test_head_limits_are_the_same():
    for size in (4060, 4070, 4080, 4081, 4082, 4083, 4084, 4090):
        data = b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        compare(data)
    for size in range(8180, 8192):
        data = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * size + b"\r\n\r\n"
        compare(data)
    for count in (98, 99, 100):
        data = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * count + b"\r\n"
        compare(data)
    for size in range(7280, 7300, 2):
        data = b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"a" * size + b"\r\n") * 9 + b"\r\n"
        compare(data)
