"""Found in others' bug reports: requests that the RFCs allow, and in which nothing is ambiguous, were refused.

A Host with sub-delims such as `0.0.0.0=5000` (RFC 3986, 3.2.2); trailers that say what a
body is (RFC 9110, 6.5.1: to be dropped); expectations in a list (RFC 9110, 5.6.1).
"""

import pytest

from tests.support.answers import statuses
from tests.support.apps import Recorder
from tests.support.wire import HOST

either_way = pytest.mark.parametrize("scan_heads", [True, False], ids=["scan", "parser"])


@either_way
@pytest.mark.parametrize("host", [b"0.0.0.0=5000", b"a!$&'()*+;=b", b"*:80", b"a=b:"])
@pytest.mark.parametrize("target", [b"/", b"http://%s/"])
def test_host_with_sub_delims_is_served(wire, host, target, scan_heads):
    app = Recorder()
    target = target.replace(b"%s", host)
    it = wire(app, scan_heads=scan_heads).send(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert statuses(it.output) == [200]
    assert dict(app.scope["headers"])[b"host"] == host


@either_way
@pytest.mark.parametrize("host", [b"a,b", b"a, b", b"a%3Db", b"a=b:c", b"a=b/", b"a=b@c", b"a=b c", b"[::1]=", b"=\\"])
def test_ambiguous_host_is_refused(wire, host, scan_heads):
    it = wire(Recorder(), scan_heads=scan_heads).send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert statuses(it.output) == [400]


@pytest.mark.parametrize("trailer", [
    b"Content-Type: text/plain", b"Content-Type: a/b\r\nContent-Type: c/d", b"Content-Encoding: gzip",
    b"Content-Range: bytes 0-1/2", b"Authorization: Basic YTpi", b"Digest: a", b"ETag: \"a\"",
])
def test_trailer_that_neither_frames_nor_routes_is_dropped(wire, trailer):
    app = Recorder()
    it = wire(app).send(
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + trailer + b"\r\n\r\n")
    assert statuses(it.output) == [200] and it.output.endswith(b"\r\n\r\na")
    assert [name for name, _ in app.scope["headers"]] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize(("fields", "answers"), [
    (b"Expect:\r\n", [200]),
    (b"Expect: ,\r\n", [200]),
    (b"Expect: 100-continue, 100-CONTINUE\r\n", [100, 200]),
    (b"Expect: 100-continue,\r\nExpect:\r\n", [100, 200]),
    (b"Expect: 100-continue, x\r\n", [417]),
    (b"Expect: 100-continue x\r\n", [417]),
])
def test_expectations_are_a_list(wire, fields, answers):
    it = wire(Recorder()).send(b"POST / HTTP/1.1\r\n" + HOST + fields + b"Content-Length: 1\r\n\r\n")
    if answers[0] != 417:
        it.send(b"a")
    assert statuses(it.output) == answers
