"""How large a request body may be, fastsrv_limit_request_body: 413, at the byte, for both ways of framing."""

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder, echo, hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

EVIL = get(b"/evil")
HEAD = b"POST / HTTP/1.1\r\nHost: example.org\r\n"


def chunked(*chunks, last=b"0\r\n\r\n"):
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + last


@pytest.fixture(params=[True, False], ids=["scanned", "parsed"])
def limited(wire, request):
    """limited(app): a wire whose request bodies may have ten bytes."""
    return lambda app, **settings: wire(app, request_body=10, scan_heads=request.param, **settings)


@pytest.mark.parametrize("frame", [post, lambda body: chunked(body), lambda body: chunked(body[:1], body[1:])],
                         ids=["length", "chunk", "chunks"])
@pytest.mark.parametrize(("size", "answer", "drip"), [
    (9, 200, False), (10, 200, False), (11, 413, False), (100, 413, False), (200_000, 413, False),
    (10, 200, True), (11, 413, True), (100, 413, True),
])
def test_body_has_a_limit(limited, frame, size, answer, drip):
    it = limited(echo)
    request = frame(b"x" * size) + EVIL
    it.drip(request) if drip else it.send(request)
    assert statuses(it.output) == ([200, 200] if answer == 200 else [413])
    assert it.ended is (answer == 413)


def test_announced_body_is_refused_before_it_comes_and_before_the_app(limited):
    app = Recorder()
    it = limited(app).send(HEAD + b"Content-Length: 11\r\n\r\n")
    assert statuses(it.output) == [413] and it.ended and app.scopes == []
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert take_apart(it.output).body == b"request body larger than 10 bytes (fastsrv_limit_request_body)\n"


def test_client_that_asks_first_is_not_told_to_go_on(limited):
    it = limited(echo).send(HEAD + b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n")
    assert it.output.startswith(b"HTTP/1.1 413 ")


def test_client_that_asks_first_is_told_to_go_on_at_the_limit(limited):
    it = limited(echo).send(HEAD + b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n")
    assert it.output == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert statuses(it.send(b"x" * 10).take().partition(b"\r\n\r\n")[2]) == [200]


def test_app_that_reads_gets_what_is_within_the_limit_then_a_disconnect(limited):
    app = Puppet()
    it = limited(app).send(chunked(b"12345678", last=b""))
    assert app.receive().result() == {"type": "http.request", "body": b"12345678", "more_body": True}
    waiting = app.receive()
    it.send(b"3\r\n90")
    assert waiting.result() == {"type": "http.request", "body": b"90", "more_body": True}
    waiting = app.receive()
    it.send(b"1")
    assert waiting.result() == {"type": "http.disconnect"}
    assert statuses(it.output) == [413] and it.ended
    assert app.send({"type": "http.response.start", "status": 200}).exception() is None


def test_answer_that_has_begun_is_cut_off(limited):
    app = Puppet()
    it = limited(app).send(chunked(b"12345678", last=b""))
    app.begin()
    app.body(b"so far", more=True)
    it.send(b"3\r\n901\r\n")
    assert it.output.endswith(b"6\r\nso far\r\n") and it.ended
    it.end()
    assert it.closed
    assert it.context.counters.snapshot()["refused"] == {"body_size": 1}


def test_pipelined_request_with_too_large_a_body_is_answered_in_its_turn(limited):
    app = Puppet()
    it = limited(app).send(get() + chunked(b"12345678901") + EVIL)
    assert it.output == b"" and len(app.calls) == 1
    app.begin()
    app.body(b"first")
    assert statuses(it.output) == [200, 413] and it.ended and len(app.calls) == 1


def test_limit_counts_for_each_request_anew(limited):
    it = limited(echo).send(*[chunked(b"1234567890"), post(b"1234567890")] * 3)
    assert statuses(it.output) == [200] * 6


def test_trailers_and_extensions_are_no_part_of_the_body(limited):
    request = chunked(b"1234567890", last=b"0;a=b\r\nX-Trailer: " + b"a" * 100 + b"\r\n\r\n")
    assert statuses(limited(echo).send(request).output) == [200]


def test_early_answer_comes_before_the_refusal(limited):
    """The app answers without reading: the rest of what is framed by chunks is not waited for."""
    it = limited(hello).send(chunked(last=b"")).send(b"b\r\n12345678901\r\n")
    assert statuses(it.output) == [200] and it.ended


def test_without_the_setting_there_is_no_limit(wire):
    it = wire(echo).send(post(b"x" * 3_000_000))
    assert statuses(it.output) == [200]
