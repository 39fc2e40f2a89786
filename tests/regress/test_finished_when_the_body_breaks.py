"""Origin: a review of who is told of a response. One that had begun when its request's body broke, or stopped coming,
was in no access log, though its status and some of its body had been sent."""

import pytest

from tests.support.puppet import Puppet
from tests.support.wire import post

CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


def breaks(it):
    it.send(b"nonsense\r\n")


def stops(it):
    it.wait(10)


@pytest.mark.parametrize(("begun", "how"), [(CHUNKED, breaks), (CHUNKED, stops), (post(b"hello")[:-1], stops)])
def test_response_that_has_begun_is_finished_once(wire, begun, how):
    finished = []
    app = Puppet()
    it = wire(app, finished=lambda cycle: finished.append((cycle.status, cycle.sent)), body=10).send(begun)
    app.begin(202)
    app.body(b"begun", more=True).result()
    app.receive()
    app.receive()
    how(it)
    assert it.ended
    it.end()
    app.finish()
    assert it.closed
    assert finished == [(202, 5)]


@pytest.mark.parametrize("early", [True, False])
def test_start_that_gave_way_to_a_refusal_is_finished_as_that(wire, early):
    finished = []
    app = Puppet()
    it = wire(app, finished=finished.append).send(CHUNKED)
    if early:
        app.begin(202)
    breaks(it)
    it.end()
    if not early:
        app.begin(202)
    app.finish()
    assert it.output.startswith(b"HTTP/1.1 400 ")
    (cycle,) = finished
    assert cycle.status == 400
    assert b"".join(b"%s: %s\r\n" % field for field in cycle.response_headers) in it.output
    assert dict(cycle.response_headers)[b"content-type"] == b"text/plain; charset=utf-8"
