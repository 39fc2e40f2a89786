"""How request heads are refused, and what of absolute-form targets the app gets.

Which are served and which are refused: tests/policy. Limits of size: test_request_limits.py. Bodies:
test_request_body.py.
"""

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder
from tests.support.wire import get

EVIL = get(b"/evil")


def head(*fields, method=b"GET", target=b"/", version=b"HTTP/1.1"):
    """A request head from whole lines; no Host is added."""
    return b"\r\n".join((b" ".join((method, target, version)), *fields, b"", b""))


def hosted(*fields, **line):
    return head(b"Host: example.org", *fields, **line)


def test_refusal_says_that_the_connection_ends(wire):
    it = wire(Recorder()).send(head() + EVIL, EVIL)
    assert statuses(it.output) == [400]
    assert take_apart(it.output).values(b"connection") == [b"close"]


@pytest.mark.parametrize("fields", [[], [b"Host: a", b"X-A : b"]], ids=["ours", "the parser's"])
def test_refusal_of_a_head_request_has_no_body(wire, fields):
    it = wire(Recorder()).send(head(*fields, method=b"HEAD"))
    assert take_apart(it.output).body == b""


# --- absolute-form (RFC 9112, 3.2.2) ---


@pytest.mark.parametrize(("target", "path", "query", "host"), [
    (b"http://other.org/a/b?c=d", "/a/b", b"c=d", b"other.org"),
    (b"http://other.org:8000", "/", b"", b"other.org:8000"),
    (b"HTTP://other.org?c", "/", b"c", b"other.org"),
    (b"https://other.org/?", "/", b"", b"other.org"),
    (b"http://other.org/a?b=http://c/d", "/a", b"b=http://c/d", b"other.org"),
])
def test_absolute_form_gives_path_query_and_host(wire, target, path, query, host):
    app = Recorder()
    wire(app).send(hosted(b"X-A: b", target=target))
    assert app.scope["path"] == path
    assert app.scope["raw_path"] == path.encode()
    assert app.scope["query_string"] == query
    assert app.scope["headers"] == [(b"host", host), (b"x-a", b"b")]
    assert app.scope["scheme"] == "http"  # what the connection is, whatever the client says


def test_absolute_form_on_http_1_0_gives_the_missing_host(wire):
    app = Recorder()
    wire(app).send(head(target=b"http://other.org/a", version=b"HTTP/1.0"))
    assert app.scope["headers"] == [(b"host", b"other.org")]


# --- once a connection is to close, no later byte on it is acted upon ---


@pytest.mark.parametrize("request_bytes", [
    hosted(b"Connection: close"), hosted(version=b"HTTP/1.0"), hosted(b"Connection: foo, Close"),
])
@pytest.mark.parametrize("later", [False, True], ids=["same read", "later read"])
def test_nothing_is_served_behind_the_last_request(wire, request_bytes, later):
    """CVE-2024-49768."""
    app = Recorder()
    pieces = [request_bytes, EVIL] if later else [request_bytes + EVIL]
    it = wire(app).send(*pieces)
    assert len(app.scopes) == 1
    assert statuses(it.output) == [200]
    assert it.ended


def test_nothing_is_served_behind_an_answer_that_closes(wire):
    async def app(scope, receive, send):
        assert scope["path"] != "/evil"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body"})

    app = Recorder(app)
    it = wire(app).send(hosted() + EVIL + EVIL, EVIL)
    assert len(app.scopes) == 1
    assert statuses(it.output) == [200]
    assert it.ended
