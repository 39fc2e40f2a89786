"""The request line of heads that are the parser's, as it comes in pieces (request_line.pyx, reader.pyx).

What is served and what is refused, split at every byte: tests/policy.
"""

import sys

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder
from tests.support.wire import get

OLD = b"\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
FREE = {"request_line": sys.maxsize}


def old(target):
    """Of HTTP/1.0: never scanned."""
    return b"GET " + target + b" HTTP/1.0" + OLD


@pytest.mark.parametrize("size", [1, 100, 16_384, 50_000])
@pytest.mark.parametrize("read", [1000, 16_384, 30_000])
def test_line_that_spans_reads_is_read_whole(wire, size, read):
    app = Recorder()
    target = b"/".ljust(size, b"a")
    data = old(target) * 2
    it = wire(app, **FREE).send(*[data[start:start + read] for start in range(0, len(data), read)])
    assert [scope["raw_path"] for scope in app.scopes] == [target] * 2
    assert statuses(it.output) == [200, 200]


@pytest.mark.parametrize("read", [1000, 70_000])
def test_line_without_a_limit_has_that_of_the_head(wire, read):
    app = Recorder()
    data = b"GET /" + b"a" * 70_000
    it = wire(app, **FREE).send(*[data[start:start + read] for start in range(0, len(data), read)])
    assert statuses(it.output) == [431]
    assert it.ended


def test_stand_in_for_a_line_that_spans_reads(wire):
    """Behind which the parser reads on: nothing of the line's own bytes reaches it."""
    app = Recorder()
    data = get(b"/a").replace(b"GET", b"frob").replace(b"HTTP/1.1", b"HTTP/1.3") * 3
    it = wire(app, any_method=True, any_version=True)
    it.send(data[:10], data[10:60], data[60:])
    assert [(scope["method"], scope["path"], scope["http_version"]) for scope in app.scopes] == [
        ("frob", "/a", "1.1")] * 3
    assert statuses(it.output) == [200] * 3


def test_time_for_a_head_begins_with_the_first_byte_of_its_line(wire):
    it = wire(Recorder(), header=10).send(b"G").wait(10)
    assert statuses(it.output) == [408]


@pytest.mark.parametrize("empty", [b"\r\n", b"\r\n\r\n\r", b"\r"])
def test_empty_line_begins_no_head(wire, empty):
    """An idle connection that gets one stays idle, and ends without an answer."""
    it = wire(Recorder(), keepalive=5).send(get())
    it.take()
    it.send(empty).wait(5)
    assert (it.output, it.ended) == (b"", True)


def test_peers_end_within_a_line(wire):
    it = wire(Recorder()).send(b"GET / HT").end()
    assert (it.output, it.ended) == (b"", True)


@pytest.mark.parametrize("read", [1, 7, 4096])
def test_empty_lines_have_a_limit(wire, read):
    flood = b"\r\n" * 5000
    it = wire(Recorder(), request_head=2000)
    for start in range(0, 10 * len(flood), read):
        if it.ended:
            break
        it.call(it.transport.receive, (flood * 10)[start:start + read])
    assert statuses(it.output) == [431]


def test_refusal_knows_a_head_request_by_its_line(wire):
    it = wire(Recorder()).send(b"HEAD / HTTP/1.1\r\nX", b" : a\r\n\r\n")
    assert statuses(it.output) == [400]
    assert take_apart(it.output).body == b""


@pytest.mark.parametrize("data", [b"\x16", b"GET /\x00", b"GET / HTTP/2", b"GET  ", b" ", b"\n", b"\rG", b"G\xc9"])
def test_line_is_refused_with_the_first_byte_that_makes_it_bad(wire, data):
    it = wire(Recorder())
    it.drip(data[:-1])
    assert it.output == b""
    it.send(data[-1:])
    assert statuses(it.output) == [400]
