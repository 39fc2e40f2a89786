"""fastsrv/log/json_object.py: fastsrv_access_log_format = "json". One object a line, with typed members, whatever a
client sends; and why its connection ended. Of WebSockets: tests/websocket/test_told.py."""

import json
import os
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsrv.log import atoms
from fastsrv.log.access import Access
from fastsrv.log.json_object import json_of
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post
from tests.unit.test_access_line import answers, cycle_of, requests

TYPES = {
    "pid": int, "time": str, "type": str, "client": str, "peer": str, "scheme": str, "method": str, "host": str,
    "target": str, "protocol": str, "status": int, "received": int, "sent": int, "duration": float,
    "first_byte": float, "connection_ended": (str, type(None)), "referer": (str, type(None)),
    "user_agent": (str, type(None)),
}
EVERY_BYTE = bytes(range(256))
NOT_USED = "not used: %(h)s"


@pytest.fixture
def told(wire):
    """told(app, **settings) -> a Wire whose `lines` are the objects of its requests, parsed."""
    def connect(app, **settings):
        lines = []

        def tell(call):
            lines.append(read(json_of(call)))

        it = wire(app, finished=tell, unserved=tell, **settings)
        it.lines = lines
        return it

    return connect


def read(line):
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


def test_members_are_typed(told):
    before = datetime.now(timezone.utc)
    it = told(hello).send(post(b"12345", b"Referer: http://example.net/", b"User-Agent: curl", path=b"/a%20b?c"))
    (line,) = it.lines
    assert list(line) == list(TYPES)
    assert all(isinstance(line[name], kind) for name, kind in TYPES.items())
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
    assert 0 < line["first_byte"] == line["duration"] < 60
    known = {name: line[name] for name in line if name not in ("time", "duration", "first_byte")}
    assert known == {
        "pid": os.getpid(), "type": "http", "client": "192.0.2.7", "peer": "192.0.2.7", "scheme": "http",
        "method": "POST", "host": "example.org", "target": "/a%20b?c", "protocol": "HTTP/1.1", "status": 200,
        "received": 5, "sent": 13, "connection_ended": None, "referer": "http://example.net/", "user_agent": "curl",
    }


def test_what_is_not_known_is_null(told):
    (line,) = told(hello, unix=True).send(b"\x16\x03\x01\r\n").lines
    unknown = ("client", "peer", "host", "first_byte", "referer", "user_agent")
    assert [line[name] for name in unknown] == [None] * len(unknown)
    assert (line["method"], line["target"], line["status"], line["duration"]) == (r"\x16\x03\x01", "-", 400, 0)


def test_client_is_whom_a_trusted_proxy_names(told):
    it = told(hello, forwarded=lambda scope, underscored: scope.update(client=("2001:db8::1", 0), scheme="https"))
    (line,) = it.send(get(b"/", b"X-Forwarded-For: 2001:db8::1")).lines
    assert (line["client"], line["peer"], line["scheme"]) == ("2001:db8::1", "192.0.2.7", "https")


def test_first_byte_is_before_the_end(told):
    app = Puppet()
    it = told(app).send(get())
    app.begin()
    app.body(b"a", more=True)
    app.body(b"b")
    assert 0 < it.lines[0]["first_byte"] < it.lines[0]["duration"]


# --- any bytes ---


@settings(max_examples=200, deadline=None)
@given(requests, answers, st.booleans())
def test_line_is_valid_and_says_what_was_sent(request, answer, unix):
    cycle = cycle_of(request, answer, unix)
    line = read(json_of(cycle))
    assert line["target"].encode("latin-1") == cycle.head.target
    assert (line["status"], line["method"]) == (answer.status, cycle.head.method)
    for member, field in (("referer", b"referer"), ("user_agent", b"user-agent")):
        values = cycle.head.values(field)
        assert line[member] == (b",".join(values).decode("latin-1") if values else None)


@pytest.mark.parametrize("byte", range(256), ids=hex)
def test_every_byte_in_every_place(wire, byte):
    """Raw in the method, the target, a field's name and value; escaped in the target. In both formats, whether the
    request is served or refused."""
    line_of = atoms.line_of(
        "%(h)s %(l)s %(u)s %(r)s %(m)s %(U)s %(q)s %(H)s %(f)s %(a)s %({x-any}i)s %({raw_uri}e)s %({http_x_any}e)s "
        "%({path_info}e)s", Logger(GunicornConfig())._get_user)
    any_byte = bytes([byte])
    sent = [
        get(b"/%%%02x?%%%02x" % (byte, byte)), get(b"/a" + any_byte + b"b?c" + any_byte),
        get(b"/", b"User-Agent: a" + any_byte + b"b", b"X-Any: " + any_byte + b".", b"Referer: /" + any_byte),
        get(b"/", b"X-A" + any_byte + b"ny: b"), b"G" + any_byte + get(), get(version=b"1." + any_byte),
        get(b"/", b"Authorization: Basic " + any_byte),
    ]
    for request in sent:
        calls = []
        wire(hello, finished=calls.append, unserved=calls.append).send(request)
        assert calls or byte in b"\r\n"
        for call in calls:
            read(json_of(call))
            assert line_of(call).isprintable()


def test_every_byte_at_once():
    """DEL, too, which may stand for itself in JSON."""
    head = SimpleNamespace(
        method="GET", target=b"/\x7f", protocol="HTTP/1.1", values=lambda name: [EVERY_BYTE])
    call = SimpleNamespace(
        head=head, logged={"type": "http", "client": None, "scheme": "http"}, client=None, status=200, received=0,
        sent=0, took=0.0, first_byte=0.0, connection_ended=None, request_id=None, details=dict)
    line = read(json_of(call))
    assert line["target"] == "/\x7f"
    assert line["user_agent"] == EVERY_BYTE.decode("latin-1")


# --- the ways to the log ---


def test_both_ways_write_the_object(wire, make_log, tmp_path):
    """The short one, and that through logging, once somebody listens there."""
    log = make_log(access_log_format=NOT_USED)
    access = Access(None, log.cfg, log, "json")
    it = wire(hello, finished=access.finished)
    it.send(get(b'/"?', b'User-Agent: say "it"'))
    assert access.line is not None
    log.access_log.addFilter(lambda record: True)
    it.send(get(b'/"?', b'User-Agent: say "it"'))
    short, long = map(read, (tmp_path / "access.log").read_text().splitlines())
    changes = ("time", "duration", "first_byte")
    assert {**short, **dict.fromkeys(changes)} == {**long, **dict.fromkeys(changes)}
    assert short["user_agent"] == 'say "it"'


def test_logger_class_of_the_users_own_writes_it_too(wire, make_log, tmp_path):
    """As gunicorn's statsd does: it counts, and has gunicorn's own access() write."""
    heard = []

    class Own(Logger):
        def access(self, resp, req, environ, request_time):
            heard.append(resp.status_code)
            super().access(resp, req, environ, request_time)

    log = make_log(Own, access_log_format=NOT_USED)
    wire(hello, finished=Access(None, log.cfg, log, "json").finished).send(get())
    assert read((tmp_path / "access.log").read_text().rstrip("\n"))["status"] == heard[0] == 200


def test_object_may_be_a_part_of_a_line(wire):
    line_of = atoms.line_of("<134>1 %(h)s %({json}e)s", Logger(GunicornConfig())._get_user)
    lines = []
    wire(hello, finished=lambda call: lines.append(line_of(call))).send(get(b"/", b'User-Agent: "'))
    start, _, rest = lines[0].partition(" {")
    assert start == "<134>1 192.0.2.7"
    assert read("{" + rest)["user_agent"] == '"'


# --- why the connection ended ---


async def closing(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body"})


async def failing(scope, receive, send):
    raise RuntimeError("bug")


async def reading(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await hello(scope, receive, send)


async def cut_short(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})


LONG = post(b"12345")[:-1]


@pytest.mark.parametrize(("app", "play", "line"), [
    (hello, lambda it: it.send(get()), (200, None)),
    (hello, lambda it: it.send(get(b"/", b"Connection: close")), (200, "client_close")),
    (hello, lambda it: it.send(get(version=b"1.0")), (200, "client_close")),
    (closing, lambda it: it.send(get()), (200, "app_close")),
    (failing, lambda it: it.send(get()), (500, "app_failed")),
    (cut_short, lambda it: it.send(get()), (200, "app_failed")),
    (hello, lambda it: it.send(b"GET / HTTP/1.1\r\n\r\n"), (400, "bad_request")),
    (reading, lambda it: it.send(LONG).reset(), (499, "lost")),
    (reading, lambda it: it.send(LONG).end(), (200, "peer_ended")),
    (reading, lambda it: it.send(LONG).wait(11), (408, "body_timeout")),
    (reading, lambda it: it.send(post(b"", b"Transfer-Encoding: chunked").replace(
        b"Content-Length: 0\r\n", b""), b"zz\r\n"), (400, "bad_request")),
    (hello, lambda it: it.send(b"GET / HTTP").wait(11), (408, "header_timeout")),
], ids=lambda value: value.__name__ if callable(value) else str(value))
def test_why_the_connection_ended(told, app, play, line):
    it = told(app)
    play(it)
    it.wait(4)  # grace of an app whose client has gone
    assert [(each["status"], each["connection_ended"]) for each in it.lines] == [line]


def test_connection_that_was_to_close_and_is_lost(told):
    app = Puppet()
    it = told(app).send(get(b"/", b"Connection: close")).reset()
    app.over.set_result(None)
    it.wait(0)
    assert [each["connection_ended"] for each in it.lines] == ["lost"]


def test_request_refused_as_the_worker_is_full(told):
    it = told(hello, max_in_flight=0).send(get())
    assert [(each["status"], each["connection_ended"]) for each in it.lines] == [(503, "concurrency")]
