"""send() on an HTTP scope (http 2.5, "Response Start" and "Response Body"): which events, in which order.

What becomes of their contents on the wire: tests/unit/test_response.py, test_response_framing.py.
"""

import asyncio

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.puppet import Puppet
from tests.support.wire import get, post

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"hello"}


# --- when bytes leave ---


def test_start_is_held_until_the_first_body_event(wire):
    """ "Response Start": it need not be flushed, so that a 500 can replace it."""
    app = Puppet()
    it = wire(app).send(get())
    app.send(START).result()
    assert it.output == b""
    app.send(BODY).result()
    assert take_apart(it.output).body == b"hello"


def test_each_body_event_has_left_when_send_returns(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    for part in (b"one", b"two"):
        app.body(part, more=True).result()
        assert it.output.endswith(b"3\r\n" + part + b"\r\n")
    app.body(b"").result()
    assert it.output.endswith(b"0\r\n\r\n")


def test_empty_first_body_event_sends_the_head(wire):
    """What an app does that wants its head to be seen before it has anything to say."""
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    app.body(b"", more=True).result()
    assert take_apart(it.output).body == b""
    assert take_apart(it.output).status == 200


def test_send_needs_no_turn_of_the_loop(wire):
    """What needs no waiting is done at once."""
    done = []

    async def app(scope, receive, send):
        awaitables = [receive(), send(START), send({**BODY, "more_body": True}), send(BODY)]
        for awaitable in awaitables:
            with pytest.raises(StopIteration):
                next(iter(awaitable.__await__()))
        done.append(True)

    wire(app).send(get())
    assert done == [True]


def test_answer_may_come_before_the_request_is_complete(wire):
    app = Puppet()
    it = wire(app).send(post(b"hello")[:-2])
    app.begin()
    app.body(b"early").result()
    assert take_apart(it.output).body == b"early"


def test_app_may_go_on_after_its_response(wire):
    """Background tasks hold neither the connection nor the requests behind."""
    app = Puppet()
    it = wire(app).send(get(b"/1"))
    app.begin()
    app.body(b"first").result()
    it.send(get(b"/2"))
    app.begin()
    app.body(b"second").result()
    assert it.output.endswith(b"second")
    assert not any(call.over.done() for call in app.calls)
    for call in app.calls:
        call.finish()
    assert statuses(it.output) == [200, 200]


@pytest.mark.parametrize("way", [asyncio.create_task, asyncio.ensure_future, asyncio.gather, asyncio.shield])
def test_send_may_be_made_a_task(wire, way):
    """Middleware that wraps send() in create_task() or gather()."""
    async def app(scope, receive, send):
        await way(send(START))
        await way(send({**BODY, "more_body": True}))
        await way(send(BODY))

    it = wire(app).send(get())
    assert take_apart(it.output).body == b"5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"


def test_gathered_sends_leave_in_their_order(wire):
    async def app(scope, receive, send):
        await asyncio.gather(send(START), send({**BODY, "body": b"a", "more_body": True}), send({**BODY, "body": b"b"}))

    it = wire(app).send(get())
    assert take_apart(it.output).body == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"


def test_send_may_come_from_another_task_than_the_apps(wire):
    async def app(scope, receive, send):
        async def answer():
            await send(START)
            await send(BODY)

        await asyncio.create_task(answer())

    assert take_apart(wire(app).send(get()).output).body == b"hello"


# --- what is optional ---


@pytest.mark.parametrize("body", [{}, {"body": b""}, {"more_body": False}])
def test_keys_of_a_body_event_are_optional(wire, body):
    app = Puppet()
    it = wire(app).send(get())
    app.send({"type": "http.response.start", "status": 200}).result()
    app.send({"type": "http.response.body", **body}).result()
    assert take_apart(it.output).values(b"content-length") == [b"0"]


def test_unknown_keys_are_no_error(wire):
    """ASGI 3.0, "Error Handling": extra fields are ignored."""
    app = Puppet()
    it = wire(app).send(get())
    app.send({**START, "later": 1, "trailers": False}).result()
    app.send({**BODY, "later": 1}).result()
    assert take_apart(it.output).body == b"hello"


def test_event_is_left_as_it_was(wire):
    app = Puppet()
    wire(app).send(get())
    headers = [(b"Connection", b"close"), (b"content-length", b"5")]
    start, body = {**START, "headers": headers}, dict(BODY)
    app.send(start).result()
    app.send(body).result()
    assert start == {**START, "headers": headers} and len(headers) == 2
    assert body == BODY


# --- events that may not come, and those of the wrong kind ---

UNKNOWN = ["", "http", "http.response", "http.response.starts", "http.request", "http.disconnect",
           "http.response.trailers", "http.response.push", "http.response.pathsend", "http.response.zerocopysend",
           "http.response.early_hint", "http.response.debug", "websocket.accept", "lifespan.startup.complete",
           b"http.response.start", None, 1]


@pytest.mark.parametrize("kind", UNKNOWN)
@pytest.mark.parametrize("before", [[], [START], [START, {**BODY, "more_body": True}]],
                         ids=["first", "after start", "within the body"])
def test_unknown_type_raises_out_of_send(wire, kind, before):
    """Extensions that are not offered are unknown, too."""
    app = Puppet()
    it = wire(app).send(get())
    for event in before:
        app.send(event).result()
    error = app.send({"type": kind, "status": 200, "body": b"never"}).exception()
    assert isinstance(error, (RuntimeError, TypeError))
    assert repr(kind) in str(error) or isinstance(error, TypeError)
    # and the response can still be completed
    for event in [START, BODY] if not before else [BODY]:
        app.send(event).result()
    assert b"never" not in it.output and statuses(it.output) == [200]


@pytest.mark.parametrize(("event", "error"), [
    ({}, KeyError),
    ({"status": 200}, KeyError),
    ({"type": "http.response.start"}, KeyError),
    (None, TypeError),
    ("http.response.start", TypeError),
    ([("type", "http.response.start"), ("status", 200)], TypeError),
])
def test_what_is_no_event_raises_out_of_send(wire, event, error):
    app = Puppet()
    it = wire(app).send(get())
    assert isinstance(app.send(event).exception(), error)
    app.begin()
    app.body(b"after all").result()
    assert statuses(it.output) == [200]


def test_body_before_start_raises_out_of_send(wire):
    app = Puppet()
    it = wire(app).send(get())
    error = app.send(BODY).exception()
    assert isinstance(error, RuntimeError) and "http.response.body before http.response.start" in str(error)
    assert it.output == b""


@pytest.mark.parametrize("between", [[], [{**BODY, "more_body": True}]], ids=["held", "begun"])
def test_second_start_raises_out_of_send(wire, between):
    app = Puppet()
    it = wire(app).send(get())
    for event in (START, *between):
        app.send(event).result()
    error = app.send({**START, "status": 404}).exception()
    assert isinstance(error, RuntimeError) and "second http.response.start" in str(error)
    app.body(b"end").result()
    assert statuses(it.output) == [200]


@pytest.mark.parametrize("body", ["hello", None, 1, [b"hello"], {}])
@pytest.mark.parametrize("begun", [False, True])
def test_body_that_is_no_bytes_raises_out_of_send(wire, body, begun):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    if begun:
        app.body(b"a", more=True).result()
    error = app.body(body).exception()
    assert isinstance(error, TypeError) and type(body).__name__ in str(error)
    app.body(b"b").result()
    assert it.output.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n" if begun else b"\r\n\r\nb")


@pytest.mark.parametrize("event", [BODY, {**BODY, "more_body": True}, {"type": "http.response.body"}])
def test_body_behind_the_end_is_ignored(wire, event):
    """ "Response Body": further events are ignored, on this response and on the next."""
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    app.body(b"hello").result()
    output = it.output
    app.send(event).result()
    it.send(get(b"/next"))
    app.calls[0].send(event).result()
    app.calls[0].finish()
    assert it.output == output
    app.begin()
    app.body(b"next").result()
    assert statuses(it.output) == [200, 200]
    assert it.output.endswith(b"\r\n\r\nnext")


@pytest.mark.parametrize("bad", [
    {"type": "http.response.nothing"},
    {"type": "http.response.body"},
    {**START, "headers": [("x", b"y")]},
    {**START, "headers": [(b"x", b"y\r\n")]},
    {**START, "status": "200"},
])
def test_bad_event_is_logged_with_the_line_of_the_app(wire, caplog, bad):
    async def app(scope, receive, send):
        await send(bad)  # the line

    it = wire(app).send(get())
    assert statuses(it.output) == [500]
    assert "await send(bad)  # the line" in caplog.text
    assert caplog.text.index("await send(bad)  # the line") < caplog.text.index("Error: ")
