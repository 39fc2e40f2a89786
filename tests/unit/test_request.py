"""Which request heads are served and which are refused: by the parser, and by the rules it leaves to us.

Every refused one is followed by bytes that would be a request of their own; none of them may be acted upon.
Limits of size: test_request_limits.py. Bodies: test_request_body.py.
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


def posted(*fields):
    return hosted(*fields, method=b"POST")


REFUSED = {
    # --- left to us by the parser (RFC 9112, 3.2; RFC 9110, 7.2) ---
    "HTTP/1.1 without Host": head(),
    "two Hosts": head(b"Host: a", b"Host: b"),
    "two equal Hosts": head(b"Host: a", b"host: a"),
    "Host with a path": head(b"Host: a/b"),  # CVE-2026-48710
    "Host with a query": head(b"Host: a?b"),
    "Host with a fragment": head(b"Host: a#b"),
    "Host with user": head(b"Host: root@a"),
    "Host with a space": head(b"Host: a b"),
    "Host list": head(b"Host: a, b"),
    "Host with a backslash": head(b"Host: a\\b"),
    "Host beyond ASCII": head(b"Host: \xc3\xa9"),
    "port that is no number": head(b"Host: a:8x"),
    "port with a sign": head(b"Host: a:+80"),
    "two ports": head(b"Host: a:80:80"),
    "IPv6 without brackets": head(b"Host: ::1"),
    "IPv6 not closed": head(b"Host: [::1"),
    "IPv6 with a tail": head(b"Host: [::1]a"),
    "empty brackets": head(b"Host: []"),
    "bad Host on HTTP/1.0": head(b"Host: a/b", version=b"HTTP/1.0"),
    "CONNECT": hosted(method=b"CONNECT", target=b"example.org:443"),
    "fragment": hosted(target=b"/a#b"),
    "fragment in a URL": hosted(target=b"http://example.org/a#b"),
    "asterisk for GET": hosted(target=b"*"),
    "other scheme": hosted(target=b"ftp://example.org/"),
    "URL without authority": hosted(target=b"http:///path"),
    "URL with user": hosted(target=b"http://root@example.org/"),
    "Transfer-Encoding on HTTP/1.0": hosted(
        b"Transfer-Encoding: chunked", method=b"POST", version=b"HTTP/1.0"),
    "gzip, chunked": posted(b"Transfer-Encoding: gzip, chunked"),
    "chunked, gzip": posted(b"Transfer-Encoding: chunked, gzip"),
    "chunked twice in a field": posted(b"Transfer-Encoding: chunked, chunked"),
    "chunked in two fields": posted(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "gzip and chunked in two fields": posted(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"),
    "identity": posted(b"Transfer-Encoding: identity"),
    "unknown coding": posted(b"Transfer-Encoding: xchunked"),
    # CVE-2024-1135: it must not fall back to the length
    "unknown coding and length": posted(b"Transfer-Encoding: xchunked", b"Content-Length: 4"),
    "quoted coding": posted(b'Transfer-Encoding: "chunked"'),
    "chunked with a comma": posted(b"Transfer-Encoding: chunked,"),
    "empty Transfer-Encoding": posted(b"Transfer-Encoding:"),
    "control character before chunked": posted(b"Transfer-Encoding: \x0bchunked"),

    # --- refused by the parser already ---
    "length and coding": posted(b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    "coding and length": posted(b"Transfer-Encoding: chunked", b"Content-Length: 4"),
    "two lengths": posted(b"Content-Length: 4", b"Content-Length: 5"),
    "two equal lengths": posted(b"Content-Length: 4", b"Content-Length: 4"),
    "length list": posted(b"Content-Length: 4, 4"),
    "length +": posted(b"Content-Length: +4"),
    "length -": posted(b"Content-Length: -4"),
    "length 0x": posted(b"Content-Length: 0x4"),
    "length 1_0": posted(b"Content-Length: 1_0"),
    "length 1.0": posted(b"Content-Length: 1.0"),
    "length 1e1": posted(b"Content-Length: 1e1"),
    "length with a space within": posted(b"Content-Length: 1 0"),
    "length quoted": posted(b'Content-Length: "4"'),
    "length in other digits": posted(b"Content-Length: \xd9\xa4"),
    "empty length": posted(b"Content-Length:"),
    "blank length": posted(b"Content-Length: "),
    "length of 2^64 + 4": posted(b"Content-Length: 18446744073709551620"),
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF after a field": b"GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "bare CR in a value": hosted(b"X-A: a\rb"),
    "bare CR for CRLF": b"GET / HTTP/1.1\rHost: a\r\r",
    "folded line": hosted(b"X-A: a", b" b"),
    "folded line with a tab": hosted(b"X-A: a", b"\tb"),
    "folded first line": head(b" Host: a"),
    "space before the colon": hosted(b"X-A : b"),
    "tab before the colon": hosted(b"X-A\t: b"),
    "space in a name": hosted(b"X A: b"),
    "no name": hosted(b": b"),
    "no colon": hosted(b"X-A"),
    "NUL in a value": hosted(b"X-A: a\0b"),
    "NUL in a name": hosted(b"X-A\0: b"),
    "NUL in the target": hosted(target=b"/a\0b"),
    "control character in a value": hosted(b"X-A: a\x01b"),
    "DEL in a value": hosted(b"X-A: a\x7fb"),
    "control character in the target": hosted(target=b"/a\x01b"),  # CVE-2020-7694
    "escape sequence in the target": hosted(target=b"/\x1b[31m"),
    "target beyond ASCII": hosted(target=b"/\xc3\xa9"),
    "query beyond ASCII": hosted(target=b"/?\xc3\xa9"),
    "space in the target": hosted(target=b"/a b"),
    "relative target": hosted(target=b"a"),
    "HTTP/2.0": hosted(version=b"HTTP/2.0"),
    "HTTP/0.9": hosted(version=b"HTTP/0.9"),
    "HTTP/0.9 without a version": b"GET /\r\n\r\n",
    "HTTP/1.2": hosted(version=b"HTTP/1.2"),
    "HTTP/1.10": hosted(version=b"HTTP/1.10"),
    "HTTP/11": hosted(version=b"HTTP/11"),
    "http/1.1": hosted(version=b"http/1.1"),
    "HTP/1.1": hosted(version=b"HTP/1.1"),
    "space behind the version": hosted(version=b"HTTP/1.1 "),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "method in lower case": hosted(method=b"get"),
    "unknown method": hosted(method=b"FOO"),
    "tab behind the method": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "space before the method": b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20) + b"\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
def test_refused(wire, request_bytes):
    app = Recorder()
    it = wire(app).send(request_bytes + EVIL, EVIL)
    assert app.scopes == []
    assert statuses(it.output) == [400]
    assert it.ended
    assert take_apart(it.output).values(b"connection") == [b"close"]


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
def test_refused_byte_by_byte(wire, request_bytes):
    app = Recorder()
    data = request_bytes + EVIL
    it = wire(app)
    it.drip(data)
    assert app.scopes == []
    assert statuses(it.output) == [400]
    assert it.ended


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
def test_refused_behind_a_good_request(wire, request_bytes):
    """The good one is answered, first."""
    app = Recorder()
    it = wire(app).send(get(b"/good") + request_bytes + EVIL)
    assert [scope["path"] for scope in app.scopes] == ["/good"]
    assert statuses(it.output) == [200, 400]
    assert it.ended


@pytest.mark.parametrize(("status", "fields"), [
    (413, [b"Content-Length: 1000000000000000000"]),  # more than a body of any use; less than 2^64
    (417, [b"Content-Length: 4", b"Expect: 200-ok"]),
])
def test_refused_with_another_status(wire, status, fields):
    app = Recorder()
    it = wire(app).send(posted(*fields) + EVIL)
    assert app.scopes == []
    assert statuses(it.output) == [status]
    assert it.ended


def test_context_is_told_of_a_refusal(wire):
    told = []
    wire(Recorder(), refused=lambda *refusal: told.append(refusal)).send(head())
    assert told == [(("192.0.2.7", 4321), 400, "an HTTP/1.1 request needs a Host field")]


SERVED = {
    "HTTP/1.1": hosted(),
    "HTTP/1.0": hosted(version=b"HTTP/1.0"),
    "HTTP/1.0 without Host": head(version=b"HTTP/1.0"),
    "empty Host": head(b"Host:"),
    "Host with a port": head(b"Host: example.org:8000"),
    "Host with an empty port": head(b"Host: example.org:"),
    "IPv4": head(b"Host: 192.0.2.1:80"),
    "IPv6": head(b"Host: [2001:db8::1]:80"),
    "IPv6 without a port": head(b"Host: [::1]"),
    "Host with an underscore": head(b"Host: my_service:80"),
    "Host in spaces": head(b"Host: \t example.org \t "),
    "asterisk for OPTIONS": hosted(method=b"OPTIONS", target=b"*"),
    "URL": hosted(target=b"http://example.org/"),
    "URL with a port": hosted(target=b"http://example.org:80/"),
    "https URL": hosted(target=b"HTTPS://example.org"),
    "URL of IPv6": hosted(target=b"http://[::1]:80/a"),
    "length in spaces": posted(b"Content-Length: \t 0 \t "),
    "length with zeros": posted(b"Content-Length: 0000"),
    "empty value": hosted(b"X-A:"),
    "value beyond ASCII": hosted(b"X-A: \xc3\xa9\xff"),
    "tab in a value": hosted(b"X-A: a\tb"),
    "colon in a value": hosted(b"X-A: :b: c"),
    "odd name": hosted(b"!#$%&'*+-.^_`|~1a: b"),
    "empty line before": b"\r\n" + hosted(),
    "empty lines before": b"\r\n\r\n\r\n" + hosted(),
    "WebDAV": hosted(method=b"PROPFIND"),
    "TRACE": hosted(method=b"TRACE"),
    "GET with an empty body": hosted(b"Content-Length: 0"),
    "unknown expectation of HTTP/1.0": hosted(b"Expect: foo", version=b"HTTP/1.0"),
    "Transfer-Encoding in other case": posted(b"TRANSFER-ENCODING: Chunked") + b"0\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", SERVED.values(), ids=SERVED.keys())
@pytest.mark.parametrize("split", [False, True], ids=["whole", "byte by byte"])
def test_served(wire, request_bytes, split):
    app = Recorder()
    it = wire(app)
    if split:
        it.drip(request_bytes)
    else:
        it.send(request_bytes)
    assert len(app.scopes) == 1
    assert statuses(it.output) == [200]


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
