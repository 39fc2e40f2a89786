"""What is read in some bytes: by fastsrv, with and without its scan of plain heads, and by httptools alone.

Neither a loop nor an app: a request is answered while data_received() runs, some thousand times a second faster than
on a Wire. compare() states what must hold for any bytes; tests/unit/test_head.py and the fuzzing ask it.
"""

import asyncio
import re
from functools import cache
from math import inf
from urllib.parse import unquote_to_bytes

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from fastsrv_ext.budget import Budget
from fastsrv_ext.clock import Clock
from fastsrv_ext.context import Callbacks, CommonResponse, CommonScope, Context, Limits, Service
from fastsrv_ext.http1.protocol import HTTP1
from tests.support.settings import config_of

USUAL = {"request_line": 4094, "request_fields": 100, "request_field_size": 8190, "request_head": 65536}
HOST = re.compile(rb"((\[[0-9a-f:.]+\]|[\w.~!$&'()*+;=-]+)(:[0-9]*)?)?", re.ASCII | re.IGNORECASE)
PATH = re.compile(rb"([^%\\]|%(?!00)[0-9a-f]{2})*", re.IGNORECASE)
DEFAULTS = config_of({})


class Reader:
    """A connection whose peer sends once. requests: (scope, body, None if it has not come) of each that is started;
    output: what was written, dates left out; ended: is our side closed?"""

    def __init__(self, data, scan, limits):
        self.requests, self.written, self.ended = [], [], False
        context = shared_context(scan, *limits.items())
        context.reader = self
        connection = HTTP1(context.context)
        connection.connection_made(self)
        connection.data_received(data)
        connection.connection_lost(None)
        self.output = re.sub(rb"date: [^\r]*", b"", b"".join(self.written))

    def __eq__(self, other):
        return (self.requests, self.output, self.ended) == (other.requests, other.output, other.ended)

    def __repr__(self):
        return f"{self.requests}, {self.output!r}, ended: {self.ended}"

    # --- what the protocol wants of a transport ---

    def write(self, data):
        self.written.append(data)

    def write_eof(self):
        self.ended = True

    close = abort = write_eof

    def is_closing(self):
        return False

    def get_extra_info(self, name):
        return "/run/fastsrv.sock" if name == "sockname" else None  # a TCP peer without an address would be nobody

    def nothing(self, *args):
        pass

    set_write_buffer_limits = pause_reading = resume_reading = nothing


@cache
def shared_context(scan, *limits):
    return SharedContext(scan, dict(limits))


class SharedContext:
    """Its app, if it is one, takes what is there of the body, and answers."""

    def __init__(self, scan, limits):
        self.reader = None
        self.loop = asyncio.new_event_loop()  # never runs
        self.context = Context(
            loop=self.loop, clock=Clock(**DEFAULTS.clock), callbacks=Callbacks(dispatch=self.dispatch),
            limits=Limits(**{**DEFAULTS.limits, **limits}), scope=CommonScope(), response=CommonResponse(),
            service=Service(**{**DEFAULTS.service, "max_requests": 0, "scan_heads": scan}),
            budget=Budget(inf))  # no turn follows in which the rest could be read

    def dispatch(self, cycle):
        receiving, body = cycle.receive().__await__(), None
        try:
            receiving.send(None)
        except StopIteration as done:
            event = done.value
            body = None if event["more_body"] else event["body"]
        receiving.close()
        self.reader.requests.append((cycle.scope, body))
        cycle.send({"type": "http.response.start", "status": 200})
        cycle.send({"type": "http.response.body"})


class Message:
    """What httptools tells of a request, whose body may be cut off."""

    def __init__(self):
        self.target, self.fields, self.body = b"", [], b""
        self.method = self.version = self.keep_alive = None
        self.whole = False


class Parsed:
    """What httptools makes of bytes, with nobody's rules but its own.

    messages: those whose head is complete; upgraded: has it stopped behind the last head? error: what it refuses, None
    if nothing; first_end: where the first head ends, None without one.
    """

    def __init__(self, data):
        self.messages, self.upgraded, self.error, self.first_end = [], False, None, None
        self.parser = HttpRequestParser(self)
        try:
            fed = 0
            for line in re.finditer(rb"\n", data):
                end = line.end()
                self.parser.feed_data(data[fed:end - 1])
                assert not self.messages, "a head ends within a line"
                self.parser.feed_data(data[end - 1:end])
                fed = end
                if self.messages:
                    self.first_end = end
                    break
            self.parser.feed_data(data[fed:])
        except HttpParserUpgrade:
            self.first_end = self.first_end or end
            self.upgraded = True
        except HttpParserCallbackError:
            raise
        except HttpParserError as error:
            self.error = str(error)

    def on_message_begin(self):
        self.message = Message()

    def on_url(self, piece):
        self.message.target += piece

    def on_header(self, name, value):
        if self.message.method is None:  # else a trailer
            self.message.fields.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self):
        self.message.method = self.parser.get_method().decode()
        self.message.version = self.parser.get_http_version()
        self.message.keep_alive = self.parser.should_keep_alive()
        self.messages.append(self.message)

    def on_body(self, data):
        self.message.body += data

    def on_message_complete(self):
        self.message.whole = True


def compare(data, limits=USUAL):
    """Assert that the scan and the parser agree on `data`, and that every request keeps the rules that httptools leaves
    to us."""
    read, parsed = Reader(data, True, limits), Parsed(data)
    assert read == Reader(data, False, limits), data
    if not read.requests:
        return
    assert not Reader(data[:parsed.first_end - 1], True, limits).requests, "acted upon before its end"
    assert len(Reader(data[:parsed.first_end], True, limits).requests) == 1, "not acted upon at its end"
    assert parsed.upgraded or len(read.requests) <= len(parsed.messages)
    for (scope, body), message in zip(read.requests, parsed.messages, strict=False):
        check_request(scope, message)
        check_rules(scope, message, limits)
        last = message is parsed.messages[-1]
        assert body is None or body == message.body or (last and parsed.upgraded)
        goes_on = message.keep_alive and not says_close(scope)
        assert goes_on or scope is read.requests[-1][0], "acted upon after the last request"


def says_close(scope):
    """httptools prefers keep-alive on HTTP/1.0."""
    return any(name == b"connection" and b"close" in re.split(rb"[ \t]*,[ \t]*", value.lower())
               for name, value in scope["headers"])


def check_request(scope, message):
    """Is this what httptools has read?"""
    assert scope["method"] == message.method
    assert scope["http_version"] == message.version
    assert scope["path"] == unquote_to_bytes(scope["raw_path"]).decode("utf-8", "replace")
    if message.target[:1] in b"/*":  # else absolute: its host replaces the Host field
        path, _, query = message.target.partition(b"?")
        assert (scope["raw_path"], scope["query_string"]) == (path, query)
        assert scope["headers"] == message.fields


def check_rules(scope, message, limits):
    """What httptools leaves to us, and the limits."""
    values = {}
    for name, value in scope["headers"]:
        values.setdefault(name, []).append(value)
    hosts = values.get(b"host", [])
    assert len(hosts) == 1 or (message.version == "1.0" and not hosts)
    assert all(HOST.fullmatch(host) for host in hosts)
    assert PATH.fullmatch(scope["raw_path"])
    for name in (b"content-type", b"authorization"):
        assert len(values.get(name, ())) <= 1
    assert message.version in ("1.0", "1.1")
    codings = values.get(b"transfer-encoding", [])
    assert not codings or (message.version == "1.1" and [coding.lower() for coding in codings] == [b"chunked"])
    assert not codings or b"content-length" not in values
    assert scope["method"] != "CONNECT"
    assert b"#" not in message.target
    assert message.target != b"*" or scope["method"] == "OPTIONS"
    sizes = [len(name) + len(value) + 4 for name, value in message.fields]
    assert len(message.method) + len(message.target) + 10 <= limits["request_line"]
    assert len(sizes) <= limits["request_fields"]
    assert max(sizes, default=0) <= limits["request_field_size"]
    assert len(message.target) + 10 + sum(sizes) <= limits["request_head"]
