"""Expect: 100-continue (RFC 9110, 10.1.1): the client hears that its body is welcome when the app first asks for it."""

import pytest

from tests.support.answers import answering, statuses, take_apart
from tests.support.apps import echo
from tests.support.puppet import Puppet
from tests.support.wire import get, post

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HEAD = post(b"hello", b"Expect: 100-continue")[:-5]
NEXT = get(b"/next")


def test_continue_is_sent_when_the_app_first_asks(wire):
    app = Puppet()
    it = wire(app).send(HEAD)
    assert it.output == b""
    waiting = app.receive()
    assert it.take() == CONTINUE
    it.send(b"he")
    assert waiting.result() == {"type": "http.request", "body": b"he", "more_body": True}
    app.receive()
    it.send(b"llo")
    assert it.output == b""  # once
    app.begin()
    app.body(b"thanks").result()
    assert take_apart(it.output).body == b"thanks"
    assert not it.ended


@pytest.mark.parametrize("value", [b"100-Continue", b"100-CONTINUE", b" 100-continue "])
def test_expectation_in_other_case(wire, value):
    it = wire(echo).send(post(b"hello", b"Expect:" + value)[:-5])
    assert it.output == CONTINUE


def test_expectation_for_a_chunked_body(wire):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    it = wire(echo).send(head)
    assert it.take() == CONTINUE
    it.send(b"5\r\nhello\r\n0\r\n\r\n")
    assert take_apart(it.output).body == b"hello"


@pytest.mark.parametrize("sent", [b"h", b"hello"])
def test_client_that_does_not_wait_needs_no_continue(wire, sent):
    it = wire(echo).send(HEAD + sent, b"hello"[len(sent):])
    assert statuses(it.output) == [200]
    assert it.output.endswith(b"hello")


@pytest.mark.parametrize("request_bytes", [
    get(b"/", b"Expect: 100-continue"), post(b"", b"Expect: 100-continue"),
], ids=["none", "empty"])
def test_request_without_a_body_needs_no_continue(wire, request_bytes):
    it = wire(echo).send(request_bytes)
    assert statuses(it.output) == [200]
    assert not it.ended


def test_http_1_0_knows_no_continue(wire):
    it = wire(echo).send(HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert it.output == b""
    it.send(b"hello")
    assert statuses(it.output) == [200]


def test_app_that_answers_without_asking_gets_no_body(wire):
    """The client may send it nevertheless or not at all: only a new connection is clear of it."""
    it = wire(answering(403, [], b"no")).send(HEAD, b"hello" + NEXT, NEXT)
    assert statuses(it.output) == [403]
    assert take_apart(it.output).values(b"connection") == [b"close"]
    assert it.ended


def test_app_that_has_begun_to_answer_gets_no_continue(wire):
    """It would stand in the middle of the answer."""
    app = Puppet()
    it = wire(app).send(HEAD)
    app.begin()
    app.body(b"early", more=True).result()
    waiting = app.receive()
    it.send(b"hello")
    assert waiting.result()["body"] == b"hello"
    app.body(b"late").result()
    assert statuses(it.output) == [200]
    assert it.output.endswith(b"5\r\nearly\r\n4\r\nlate\r\n0\r\n\r\n")


def test_app_that_holds_its_start_gets_the_continue(wire):
    app = Puppet()
    it = wire(app).send(HEAD)
    app.begin()
    app.receive()
    assert it.output == CONTINUE


def test_continue_comes_behind_the_answers_before(wire):
    it = wire(echo).send(post(b"first") + HEAD)
    assert statuses(it.output) == [200, 100]
    assert it.output.endswith(b"first" + CONTINUE)
    it.send(b"hello")
    assert it.output.endswith(b"\r\n\r\nhello")


def test_continue_is_not_sent_before_the_request_has_its_turn(wire):
    app = Puppet()
    it = wire(app).send(get() + HEAD)
    assert it.output == b""
    app.receive()
    app.receive()
    assert it.output == b""
    app.begin()
    app.body().result()
    app.receive()
    assert statuses(it.output) == [200, 100]


@pytest.mark.parametrize("value", [b"200-ok", b"100-continue, 200-ok", b"100"])
def test_unknown_expectation_is_refused(wire, value):
    it = wire(echo).send(post(b"hello", b"Expect: " + value), NEXT)
    assert statuses(it.output) == [417]
    assert it.ended
