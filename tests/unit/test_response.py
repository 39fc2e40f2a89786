"""Status line and header fields of a response: what leaves, and what an app is not allowed to say.

How a body is framed: test_response_framing.py.
"""

import re
from http import HTTPStatus

import pytest

from tests.support.answers import answering, statuses, take_apart
from tests.support.apps import hello
from tests.support.wire import get

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # RFC 9110, 5.6.2
INJECTION = b"HTTP/1.1 200 OK\r\n\r\ninjected"


class Trying:
    """Sends http.response.start with each of `starts` and keeps what send() raised; answers 200 then."""

    def __init__(self, starts):
        self.starts = starts
        self.raised = []

    async def __call__(self, scope, receive, send):
        for start in self.starts:
            try:
                await send({"type": "http.response.start", "status": 200, **start})
            except Exception as error:
                self.raised.append(type(error))
            else:
                self.raised.append(None)
                await send({"type": "http.response.body"})
                return
        await hello(scope, receive, send)


# --- the status line ---


@pytest.mark.parametrize(("status", "line"), [
    (200, b"HTTP/1.1 200 OK"),
    (404, b"HTTP/1.1 404 Not Found"),
    (503, b"HTTP/1.1 503 Service Unavailable"),
    (299, b"HTTP/1.1 299 "),  # RFC 9112, 4: without a reason the space stays
    (999, b"HTTP/1.1 999 "),
    (HTTPStatus.CREATED, b"HTTP/1.1 201 Created"),
])
def test_status_line(wire, status, line):
    it = wire(answering(status)).send(get())
    assert it.output.startswith(line + b"\r\n")


def test_status_line_of_an_http_1_0_request_names_our_version(wire):
    it = wire(hello).send(get(version=b"1.0"))
    assert it.output.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("status", [99, 1000, 0, -200, "200", b"200", 200.0, None, True])
def test_status_that_is_none_raises_out_of_send(wire, status):
    app = Trying([{"status": status}])
    it = wire(app).send(get())
    assert app.raised == [ValueError]
    assert statuses(it.output) == [200]  # the app went on to say something else


# --- header fields ---


def test_fields_leave_as_given_in_their_order(wire):
    """Duplicates and the case of names are kept (RFC 9110, 5.3: Set-Cookie may not be joined)."""
    headers = [(b"Set-Cookie", b"a=1"), (b"X-First", b"1"), (b"set-cookie", b"b=2"), (b"x-empty", b""),
               (b"x-latin", b"\xe9\xff"), (b"x-tab", b"a\tb")]
    answer = take_apart(wire(answering(200, headers)).send(get()).output)
    assert answer.fields[2:-1] == headers  # behind date and server, before content-length


@pytest.mark.parametrize("headers", [
    [[b"x-a", b"1"], [b"x-b", b"2"]],
    ((b"x-a", b"1"), (b"x-b", b"2")),
    {b"x-a": b"1", b"x-b": b"2"}.items(),
], ids=["lists", "tuples", "items"])
def test_headers_may_be_any_iterable_of_pairs(wire, headers):
    answer = take_apart(wire(answering(200, headers)).send(get()).output)
    assert answer.values(b"x-a") + answer.values(b"x-b") == [b"1", b"2"]


def test_headers_are_optional(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    answer = take_apart(wire(app).send(get()).output)
    assert [name for name, _ in answer.fields] == [b"date", b"server", b"content-length"]


def test_bytes_of_a_name_are_those_of_a_token(wire):
    starts = [{"headers": [(b"x" + bytes([byte]), b"v")]} for byte in range(256) if byte not in TOKEN]
    app = Trying(starts)
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [ValueError] * len(starts)

    headers = [(b"x" + bytes([byte]), b"v") for byte in TOKEN]
    assert take_apart(wire(answering(200, headers)).send(get()).output).fields[2:-1] == headers


def test_bytes_of_a_value_are_no_control_characters(wire):
    """RFC 9110, 5.5: HTAB, SP, visible characters and obs-text."""
    control = [*range(9), *range(10, 32), 127]
    app = Trying([{"headers": [(b"x", b"a" + bytes([byte]) + b"b")]} for byte in control])
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [ValueError] * len(control)

    headers = [(b"x", b"a" + bytes([byte]) + b"b") for byte in range(256) if byte not in control]
    assert take_apart(wire(answering(200, headers)).send(get()).output).fields[2:-1] == headers


@pytest.mark.parametrize("status", [101, 200, 204, 304])
@pytest.mark.parametrize("header", [
    (b"x-a", b"1\r\n\r\n" + INJECTION),
    (b"x-a", b"1\n\n" + INJECTION),
    (b"x-a", b"1\r\r" + INJECTION),
    (b"x-a", b"1\0"),
    (b"x-a\r\nx-b: 1\r\n\r\n" + INJECTION, b""),
    (b"x-a: 1\r\n", b""),
    (b"", b"1"),
    (b"x-a:", b"1"),
    (b"x a", b"1"),
    (b"x-\xc3\xa9", b"1"),
    (b"connection", b"close\r\n\r\n" + INJECTION),
    (b"transfer-encoding", b"chunked\r\n\r\n" + INJECTION),
], ids=repr)
def test_header_that_would_split_a_response_is_a_500(wire, caplog, status, header):
    """CVE-2020-7695, CVE-2018-1000164; and CVE-2026-42545: it is the app's failure, not the worker's."""
    it = wire(answering(status, [header])).send(get())
    assert statuses(it.output) == [500]
    assert b"injected" not in it.output and b"x-a" not in it.output
    assert it.ended
    assert "header" in caplog.text


@pytest.mark.parametrize("header", [
    ("x-a", b"1"), (b"x-a", "1"), (b"x-a", 1), (b"x-a", None),
    (b"x-a", bytearray(b"1")), (memoryview(b"x-a"), b"1"),
    (b"x-a",), (b"x-a", b"1", b"2"), b"xy", "xy", None, 1,
])
def test_header_that_is_no_pair_of_bytes_raises_out_of_send(wire, header):
    app = Trying([{"headers": [header]}])
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [TypeError]


@pytest.mark.parametrize("headers", [None, 1, [None]])
def test_headers_that_are_no_pairs_raise_out_of_send(wire, headers):
    app = Trying([{"headers": headers}])
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [TypeError]


@pytest.mark.parametrize("value", [
    b"", b"+1", b"-1", b" 1", b"1 ", b"1_0", b"0x1", b"1.0", b"1, 1", b"\xb2", b"one", b"1" * 19,
])
def test_content_length_that_is_no_number_raises_out_of_send(wire, value):
    app = Trying([{"headers": [(b"content-length", value)]}])
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [ValueError]


def test_two_content_lengths_raise_out_of_send(wire):
    app = Trying([{"headers": [(b"content-length", b"13"), (b"Content-Length", b"13")]}])
    assert statuses(wire(app).send(get()).output) == [200]
    assert app.raised == [ValueError]


# --- fields of ours ---


def test_date_and_server_are_added(wire):
    answer = take_apart(wire(hello).send(get()).output)
    (date,) = answer.values(b"date")
    assert re.fullmatch(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", date)
    assert answer.values(b"server") == [b"fastsrv"]


@pytest.mark.parametrize("given", [
    [(b"date", b"today")], [(b"Server", b"mine")], [(b"DATE", b"today"), (b"sErVeR", b"mine")],
])
def test_date_and_server_of_the_app_stay_the_only_ones(wire, given):
    answer = take_apart(wire(answering(200, given)).send(get()).output)
    names = sorted(name.lower() for name, _ in answer.fields)
    assert names == [b"content-length", b"date", b"server"]
    assert set(given) <= set(answer.fields)


@pytest.mark.parametrize("name", [b"datf", b"dat", b"dates", b"servet", b"servers"])
def test_field_that_resembles_one_of_ours_does_not_replace_it(wire, name):
    answer = take_apart(wire(answering(200, [(name, b"x")])).send(get()).output)
    assert len(answer.values(b"date")) == len(answer.values(b"server")) == len(answer.values(name)) == 1


@pytest.mark.parametrize("value", [b"keep-alive", b"upgrade", b""])
def test_connection_field_of_the_app_is_ignored(wire, value):
    it = wire(answering(200, [(b"Connection", value)])).send(get())
    assert take_apart(it.output).values(b"connection") == []
    assert not it.ended


@pytest.mark.parametrize("value", [b"close", b"Close", b"keep-alive, CLOSE"])
def test_close_of_the_app_closes_after_the_response(wire, value):
    it = wire(answering(200, [(b"Connection", value)])).send(get())
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


def test_answer_of_our_own_is_whole_and_closes(wire):
    it = wire(hello).send(b"nonsense\r\n\r\n")
    answer = take_apart(it.output)
    assert answer.status_line == b"HTTP/1.1 400 Bad Request"
    assert [name for name, _ in answer.fields] == [
        b"date", b"server", b"content-type", b"content-length", b"connection"]
    assert answer.values(b"content-length") == [b"%d" % len(answer.body)]
    assert answer.values(b"connection") == [b"close"]
    assert it.ended
