"""What is told of a refused request: its line of the access log, whole or as far as it has come, the warning, and the
setting that it names. In a real gunicorn: tests/worker/test_refusals.py."""

import contextvars
import re
from pathlib import Path

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.config.table import OWN_SETTINGS
from fastsrv.log import atoms
from fastsrv.log.access import Access, Request, Response
from fastsrv_ext.counters import KINDS
from fastsrv_ext.http.refusal import BadRequest
from fastsrv_ext.websocket.handshake import Upgrade
from tests.support.answers import take_apart
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

ROOT = Path(__file__).parents[2]
FORMAT = "%(h)s|%(r)s|%(s)s|%(m)s|%(U)s|%(q)s|%(H)s|%(a)s|%({wsgi.url_scheme}e)s|%(L)s"
CHUNKED = b"Transfer-Encoding: chunked"
UPGRADES = {b"websocket": Upgrade(max_message_size=1000, deflate=True)}


@pytest.fixture
def lines(wire):
    """lines(*pieces, **settings) -> what the access log and the error log are told of a connection that sends these."""
    def play(*pieces, seconds=0, **settings):
        log = Logger(GunicornConfig())
        line, calls, warnings = atoms.line_of(FORMAT, log._get_user), [], []
        it = wire(hello, finished=calls.append, unserved=calls.append,
                  warn=lambda kind, message, *args: warnings.append((kind, message % args)), **settings)
        it.send(*pieces).wait(seconds)
        for call in calls:  # both ways to the log tell the same
            makes = log.atoms(Response(call), Request(call), atoms.environ(call), atoms.took(call))
            assert line(call) == FORMAT % log.atoms_wrapper_class(makes)
        return [line(call) for call in calls], warnings

    return play


@pytest.mark.parametrize(("sent", "settings", "line"), [
    # The head was read.
    (get(b"/a%20b?c", b"User-Agent: curl", CHUNKED, b"Transfer-Encoding: gzip"), {},
     "GET /a%20b?c HTTP/1.1|400|GET|/a b|c|HTTP/1.1|curl"),
    (post(b"x" * 11, b"User-Agent: curl"), {"request_body": 10}, "POST / HTTP/1.1|413|POST|/||HTTP/1.1|curl"),
    (get(b"/", b"Upgrade: websocket", b"Connection: upgrade", b"User-Agent: curl"), {"upgrades": UPGRADES},
     "GET / HTTP/1.1|400|GET|/||HTTP/1.1|curl"),
    (get(b"/", b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Version: 8"), {"upgrades": UPGRADES},
     "GET / HTTP/1.1|426|GET|/||HTTP/1.1|-"),
    (get(b"/", version=b"1.0").replace(b"GET", b"HEAD"), {"max_in_flight": 0},
     "HEAD / HTTP/1.0|503|HEAD|/||HTTP/1.0|-"),
    # A part of its fields.
    (get(b"/a?b", b"User-Agent: curl", b"Cookie: " + b"c" * 50), {"request_field_size": 50},
     "GET /a?b HTTP/1.1|431|GET|/a|b|HTTP/1.1|curl"),
    (get(b"http://a/b", b"A : b"), {}, "GET http://a/b HTTP/1.1|400|GET|-|-|HTTP/1.1|-"),
    # A part of its first line.
    (get(b"/" + b"a" * 30), {"request_line": 20}, "GET /aaaaaaaaaaaaaaa -|414|GET|/aaaaaaaaaaaaaaa||-|-"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {}, "PRI * HTTP/2.0|400|PRI|-|-|HTTP/2.0|-"),
    (get(b"/a b c"), {}, "GET /a b c HTTP/1.1|400|GET|/a||b c HTTP/1.1|-"),
    (b"GET  / HTTP/1.1\r\n", {}, "GET - / HTTP/1.1|400|GET|-|-|/ HTTP/1.1|-"),
    # Bytes of any kind.
    (b'\x16\x03\x01\x02\x00"\n', {}, r'\x16\x03\x01\x02\x00\" - -|400|\x16\x03\x01\x02\x00\"|-|-|-|-'),
    (b"GET /\x1b[2J\xe9 HTTP/1.1\r\n", {},
     r"GET /\x1b[2J\xe9 HTTP/1.1|400|GET|/\x1b[2J\xe9||HTTP/1.1|-"),
    (b"\r\n" * 20, {"request_head": 30}, "- - -|431|-|-|-|-|-"),
])
def test_line_has_what_is_known(lines, sent, settings, line):
    """Address, request line, status, method, path, query, protocol, user agent, scheme, seconds."""
    assert lines(sent, **settings)[0] == [f"192.0.2.7|{line}|http|0.000000"]


@pytest.mark.parametrize(("sent", "line"), [
    (b"GET /a b c", "GET /a b"), (b"\x16\x03", r"\x16 - -"), (b"GET / HTTP/2.0", "GET / HTTP/2"),
    (b"GET  /", "GET - -"),
])
def test_line_ends_where_nothing_could_make_it_good(lines, sent, line):
    told = lines(*[sent[at:at + 1] for at in range(len(sent))])[0]
    assert [each.split("|")[1] for each in told] == [line]


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_line_has_the_bytes_of_our_answer(wire, method):
    told = []
    it = wire(hello, unserved=told.append).send(get(b"/", b"Host: b").replace(b"GET", method))
    assert [call.sent for call in told] == [len(take_apart(it.output).body)]


def test_path_that_is_refused_is_unquoted_as_any_other(lines):
    assert lines(get(b"/%0a%2"))[0] == [
        r"192.0.2.7|GET /%0a%2 HTTP/1.1|400|GET|/\n%2||HTTP/1.1|-|http|0.000000"]


def test_head_that_takes_too_long(lines):
    told, warned = lines(b"GET /slow HTT", seconds=10)
    assert told == ["192.0.2.7|GET /slow HTT|408|GET|/slow||HTT|-|http|10.250000"]
    assert warned == [("header_timeout", "Refused a request of 192.0.2.7:4321: 408, "
                       "the request head took too long (fastsrv_header_timeout)")]


@pytest.mark.parametrize("sent", [(), (get(),), (b"\r\n",)], ids=["new", "kept", "an empty line"])
def test_client_that_sends_no_request_is_no_news(lines, sent):
    """Load balancers open connections ahead of use."""
    told, warned = lines(*sent, seconds=20)
    assert len(told) == (sent == (get(),)) and warned == []


def test_peer_of_a_unix_socket_has_no_address(lines):
    told, warned = lines(b"GET\n", unix=True)
    assert told[0].startswith("-|GET - -|400|")
    assert warned[0][1].startswith("Refused a request of a local socket: 400, ")


def test_requests_before_it_have_their_own_lines(lines):
    told, warned = lines(get(b"/1") + get(b"/2") + get(b"/3", b"Host: b"))
    assert [line.split("|")[1:3] for line in told] == [
        ["GET /1 HTTP/1.1", "200"], ["GET /2 HTTP/1.1", "200"], ["GET /3 HTTP/1.1", "400"]]
    assert [kind for kind, _ in warned] == ["host"]


@pytest.mark.parametrize("begun", [False, True])
def test_request_whose_body_is_refused_has_one_line(wire, begun):
    """That of its app, in which the bytes of our answer count."""
    app, told, warned = Puppet(), [], []
    it = wire(app, request_body=10, finished=told.append, unserved=told.append, warn=lambda *line: warned.append(line))
    it.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + CHUNKED + b"\r\n\r\n")
    if begun:
        app.begin()
        app.body(b"x", more=True)
    it.send(b"b\r\nhello world\r\n")
    app.finish()
    assert [(call.status, call.sent) for call in told] == [
        (200, 1) if begun else (413, len(take_apart(it.output).body))]
    assert [kind for kind, *_ in warned] == ["body_size"]


def test_client_that_does_not_read_is_told_of(wire):
    warned = []
    it = wire(hello, connect=False, warn=lambda *line: warned.append(line))
    it.transport.room = 0
    it.call(it.connection.connection_made, it.transport)
    it.send(get()).wait(60)
    assert it.closed and [kind for kind, *_ in warned] == ["send_timeout"]
    _, message, *args = warned[0]
    assert message % tuple(args) == (
        "Reset the connection of 192.0.2.7:4321: it reads too slowly (fastsrv_send_timeout, fastsrv_min_rate)")


def test_line_is_not_written_in_the_context_of_the_request_before(wire):
    seen, number = [], contextvars.ContextVar("number", default=None)

    class Log(Logger):
        def access(self, resp, req, environ, request_time):
            seen.append((req.path, number.get()))

    async def app(scope, receive, send):
        number.set(scope["path"])
        await hello(scope, receive, send)

    cfg = GunicornConfig()
    access = Access(None, cfg, Log(cfg))
    puppet = Puppet()
    it = wire(puppet, finished=access.finished, unserved=access.unserved)
    it.send(get(b"/1") + get(b"/2", b"Host: b"))
    puppet.start(app(puppet.calls[0].scope, puppet.calls[0].app_receive, puppet.calls[0].app_send)).result()
    assert seen == [("/1", "/1"), ("/2", None)]


# --- the kinds, and their settings ---


def test_each_kind_has_its_row_here_and_in_the_document():
    raised = set()
    for source in [*ROOT.glob("fastsrv/**/*.py"), *ROOT.glob("fastsrv_ext/**/*.pyx")]:
        text = re.sub(r'f?"""(.|\n)*?"""', "", source.read_text())
        raised |= set(re.findall(r'(?:BadRequest|refuse_late)\((?:[^()]|\([^()]*\))*?"(\w+)"\s*[,)]', text))
    raised |= {"content_type", "authorization", "host", "transfer_encoding"}  # a second field of these, by its name
    assert raised | {"other"} == KINDS.keys()
    document = (ROOT / "docs/COUNTERS.md").read_text().partition("## Why a request was refused")[2]
    rows = [line.split("|") for line in document.splitlines() if line.startswith("| `") and "`refused`" not in line]
    assert {kind for row in rows for kind in re.findall(r"`(\w+)`", row[1])} == KINDS.keys()
    told = {kind: re.findall(r"`(\w+)`", row[4]) for row in rows for kind in re.findall(r"`(\w+)`", row[1])}
    assert told == {kind: [setting] if setting else [] for kind, setting in KINDS.items()}


def test_settings_that_decide_are_settings():
    known = {setting.name for setting in OWN_SETTINGS} | GunicornConfig().settings.keys()
    assert set(KINDS.values()) - {None} <= known


def test_answer_names_the_setting_that_decides():
    assert BadRequest(414, "too long", "line_size").reason == "too long (limit_request_line)"
    assert BadRequest(400, "no host", "host").reason == "no host"
