"""HEAD to an endless stream held its connection for ever: the next request on it was never served.

The same holds for a status without a body, and for a Content-Length that is used up while the app has not said that it
has ended.
"""

import asyncio
import logging

import pytest

from fastsrv_ext.clock import TICK
from tests.support.answers import statuses
from tests.support.puppet import Puppet
from tests.support.wire import get, post

GRACE = 3
HEAD = b"HEAD" + get()[3:]
DISCONNECT = {"type": "http.disconnect"}
FULL = pytest.mark.parametrize(("request_", "status", "length", "body"), [
    (HEAD, 200, None, b"piece"), (HEAD, 200, b"1000", b"piece"), (get(), 204, None, b""), (get(), 304, b"1000", b""),
    (get(), 200, b"5", b"piece"), (get(), 200, b"0", b""),
], ids=["HEAD", "HEAD with a length", "204", "304", "length", "no length"])
BODILESS = pytest.mark.parametrize(("request_", "status"), [(HEAD, 200), (get(), 204), (get(), 304)])


def fill(app, status, length, body):
    app.begin(status, [] if length is None else [(b"content-length", length)])
    app.body(body, more=True).result()


@FULL
def test_next_request_is_served(wire, request_, status, length, body):
    app = Puppet()
    it = wire(app).send(request_)
    fill(app, status, length, body)
    it.take()
    it.send(get(b"/next"))
    assert len(app.calls) == 2
    app.begin()
    app.body(b"next").result()
    assert it.output.endswith(b"\r\n\r\nnext")
    app.calls[0].body(b"").result()
    app.calls[0].finish()
    assert it.output.endswith(b"\r\n\r\nnext")


@FULL
def test_pipelined_request_is_served(wire, request_, status, length, body):
    app = Puppet()
    it = wire(app).send(request_ + get(b"/next"))
    fill(app, status, length, body)
    app.begin()
    app.body(b"next").result()
    assert it.output.endswith(b"\r\n\r\nnext")
    assert statuses(it.output.replace(b"1000", b"0")) == [status, 200]


@FULL
def test_what_follows_is_told_and_logged_once(wire, caplog, request_, status, length, body):
    told = []
    app = Puppet()
    it = wire(app, finished=lambda cycle: told.append(cycle.status)).send(request_)
    fill(app, status, length, body)
    app.body(b"").result()
    assert told == [status]
    app.finish()
    it.wait(10 * GRACE)
    assert told == [status]
    counts = it.context.counters.snapshot()
    assert (counts["responses"], counts["in_flight"]) == (1, 0)
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


@FULL
def test_it_is_in_flight_until_the_app_has_said_that_it_has_ended(wire, request_, status, length, body):
    app = Puppet()
    it = wire(app).send(request_)
    fill(app, status, length, body)
    assert it.context.counters.count("in_flight") == 1
    app.body(b"").result()
    assert it.context.counters.count("in_flight") == 0


@FULL
def test_app_that_returns_then_is_no_error(wire, caplog, request_, status, length, body):
    app = Puppet()
    it = wire(app).send(request_)
    fill(app, status, length, body)
    app.finish()
    assert it.context.counters.count("in_flight") == 0
    assert not it.closed
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_more_than_the_length_raises_at_the_apps_line(wire):
    app = Puppet()
    wire(app).send(get())
    fill(app, 200, b"5", b"piece")
    assert "longer than its content-length" in str(app.body(b"!", more=True).exception())
    app.body(b"").result()


@FULL
def test_app_that_ends_within_the_grace_period_does_not_hear_of_it(wire, request_, status, length, body):
    """Starlette cancels a stream that hears http.disconnect, in the middle of what follows its last piece."""
    app = Puppet()
    it = wire(app, grace=GRACE).send(request_)
    app.receive()
    waiting = app.receive()
    fill(app, status, length, body)
    it.tick(GRACE)
    assert not waiting.done() and not app.receive().done()
    app.body(b"").result()
    assert waiting.result() == DISCONNECT


@FULL
def test_app_is_told_when_the_grace_period_is_over(wire, request_, status, length, body):
    app = Puppet()
    it = wire(app, grace=GRACE).send(request_)
    app.receive()
    waiting = app.receive()
    fill(app, status, length, body)
    it.tick(GRACE + 2 * TICK)
    assert waiting.result() == app.receive().result() == DISCONNECT


@BODILESS
def test_endless_stream_is_cancelled_after_another_grace_period(wire, caplog, request_, status):
    ends = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"piece", "more_body": True})
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    it = wire(app, grace=GRACE, turns=5).send(request_)
    it.tick(2 * GRACE)
    assert ends == []
    it.tick(1)
    assert ends == ["cancelled"]
    assert it.context.counters.count("in_flight") == 0 and not it.closed
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


@pytest.mark.parametrize("grace", [GRACE, 0])
def test_work_behind_a_whole_body_is_never_cancelled(wire, grace):
    """The client has got all of it."""
    app = Puppet()
    it = wire(app, grace=grace).send(get())
    fill(app, 200, b"5", b"piece")
    it.wait(10 * GRACE)
    assert not app.over.done()
    app.body(b"").result()
    app.finish()


@pytest.mark.parametrize(("status", "length", "body"), [(204, None, b""), (202, b"2", b"ok")])
def test_body_is_read_to_its_end_by_an_app_that_has_answered_first(wire, status, length, body):
    """It was cut, as soon as the answer could take no more: the client was told of success, and its upload was lost."""
    app = Puppet()
    it = wire(app).send(post(b"hello")[:-2])
    fill(app, status, length, body)
    assert app.receive().result() == {"type": "http.request", "body": b"hel", "more_body": True}
    waiting = app.receive()
    it.send(b"lo" + get())
    assert waiting.result() == {"type": "http.request", "body": b"lo", "more_body": False}
    it.tick()
    assert len(app.calls) == 2


def test_no_more_than_four_apps_are_at_work_behind_such_answers_of_a_connection(wire):
    """A client that asked for thousands of HEADs of a stream had as many apps at work, for seconds each."""
    app = Puppet()
    it = wire(app).send(HEAD * 10)
    for number in range(4):
        assert len(app.calls) == number + 1
        fill(app, 200, None, b"piece")
    assert len(app.calls) == 4
    it.send(HEAD)
    it.tick(5)  # keepalive
    assert not it.ended  # it is owed answers
    app.calls[0].body(b"").result()
    assert len(app.calls) == 5


@pytest.mark.parametrize("raises", [False, True], ids=["ignore", "raise"])
def test_send_is_silent_while_the_client_is_there(wire, raises):
    app = Puppet()
    wire(app, send_raises=raises).send(HEAD)
    fill(app, 200, None, b"piece")
    for _ in range(3):
        app.body(b"piece", more=True).result()
    app.body(b"").result()
