"""Apps that raise, or return too early (ASGI 3.0, "Error Handling"): a 500 where nothing was sent, else the end of
the connection; logged, and nobody else's trouble."""

import asyncio
import logging

import pytest

from tests.support.answers import answering, statuses, take_apart
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.servers import read_response
from tests.support.wire import get, post

NEXT = get(b"/next")
START = {"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]}
BODY = {"type": "http.response.body", "body": b"begun", "more_body": True}


class Boom(Exception):
    pass


def errors(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def failing(*events, failure=Boom):
    """An app that sends these events and raises `failure`, or returns if that is None."""
    async def app(scope, receive, send):
        for event in events:
            await send(event)
        if failure is not None:
            raise failure("the reason")

    return app


@pytest.mark.parametrize("events", [[], [START]], ids=["nothing sent", "start held"])
@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD"])
def test_app_that_raises_before_its_answer_is_a_500(wire, caplog, events, method):
    it = wire(failing(*events)).send(get().replace(b"GET", method), NEXT)
    answer = take_apart(it.output)
    assert answer.status_line == b"HTTP/1.1 500 Internal Server Error"
    assert answer.values(b"connection") == [b"close"]
    assert answer.values(b"x-app") == []
    assert answer.body == (b"" if method == b"HEAD" else b"Internal Server Error\n")
    assert answer.values(b"content-length") == [b"22"]
    assert b"the reason" not in it.output  # for the log alone
    assert it.ended
    (record,) = errors(caplog)
    assert record.getMessage() == f"The app raised during {method.decode()} /"
    assert "Boom: the reason" in caplog.text and 'raise failure("the reason")' in caplog.text


def test_app_that_raises_after_its_answer_has_begun_closes(wire, caplog):
    it = wire(failing(START, BODY)).send(get(), NEXT)
    answer = take_apart(it.output)
    assert answer.status == 200
    assert answer.body == b"5\r\nbegun\r\n"  # without the last chunk: the peer can tell
    assert it.ended
    assert len(errors(caplog)) == 1
    assert "Boom: the reason" in caplog.text


def test_app_that_raises_within_its_content_length_closes(wire, caplog):
    start = {**START, "headers": [(b"content-length", b"10")]}
    it = wire(failing(start, BODY)).send(get(), NEXT)
    assert take_apart(it.output).body == b"begun"
    assert it.ended
    assert len(errors(caplog)) == 1


def test_http_1_0_answer_that_fails_is_no_whole_one(wire, caplog):
    """An end of the connection would mean the end of the body."""
    it = wire(failing(START, BODY)).send(get(version=b"1.0"))
    assert it.closed and not it.ended  # a reset
    assert len(errors(caplog)) == 1


def test_app_that_raises_after_its_answer_is_logged_and_that_is_all(wire, caplog):
    it = wire(failing(START, {**BODY, "more_body": False})).send(get(), NEXT)
    assert statuses(it.output) == [200, 200]
    assert not it.ended
    assert len(errors(caplog)) == 2


@pytest.mark.parametrize("events", [[], [START]], ids=["nothing sent", "start held"])
def test_app_that_returns_without_an_answer_is_a_500(wire, caplog, events):
    it = wire(failing(*events, failure=None)).send(get(), NEXT)
    assert statuses(it.output) == [500]
    assert it.ended
    assert [record.getMessage() for record in errors(caplog)] == [
        "The app returned without completing its response to GET /"]


def test_app_that_returns_within_its_answer_closes(wire, caplog):
    it = wire(failing(START, BODY, failure=None)).send(get(), NEXT)
    assert take_apart(it.output).body == b"5\r\nbegun\r\n"
    assert it.ended
    assert len(errors(caplog)) == 1


def test_failure_after_a_wait_is_like_one_at_once(wire, caplog):
    app = Puppet()
    it = wire(app).send(get())
    app.finish(Boom("later"))
    assert statuses(it.output) == [500]
    assert it.ended
    assert "Boom: later" in caplog.text


def test_failure_within_an_unread_body_closes(wire):
    """Its bytes are no request."""
    it = wire(failing()).send(post(NEXT)[:-5], NEXT)
    assert statuses(it.output) == [500]
    assert it.ended


def test_cancelled_app_is_a_500_and_an_error_in_the_log(wire, caplog):
    """Unless the server has cancelled it."""
    app = Puppet()
    it = wire(app).send(get())
    it.call(app.over.cancel)
    assert statuses(it.output) == [500]
    (record,) = errors(caplog)
    assert record.getMessage() == "The app was cancelled during GET /, and not by the server"


def test_answer_before_is_not_spoilt_by_a_failure_behind(wire):
    async def app(scope, receive, send):
        await (failing() if scope["path"] == "/fail" else hello)(scope, receive, send)

    it = wire(app).send(get(b"/1") + get(b"/fail") + get(b"/evil"))
    assert statuses(it.output) == [200, 500]
    assert it.output.count(b"Hello, world!") == 1
    assert it.ended


def test_failure_harms_no_other_connection(serve):
    release = asyncio.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/fail":
            raise Boom
        await send({"type": "http.response.start", "status": 200})
        if scope["path"] == "/wait":
            await send({"type": "http.response.body", "body": b"before ", "more_body": True})
            await release.wait()
        await send({"type": "http.response.body", "body": b"after"})

    server = serve(app, lifespan="off")
    with server.connect() as waiting, server.connect() as idle, server.connect() as failing_one:
        idle.sendall(get(b"/ok"))
        assert read_response(idle).body == b"after"
        waiting.sendall(get(b"/wait"))
        failing_one.sendall(get(b"/fail"))
        assert read_response(failing_one).status == 500
        server.call(release.set)
        assert read_response(waiting).body == b"before after"
        idle.sendall(get(b"/ok"))
        assert read_response(idle).body == b"after"


def test_target_in_the_log_cannot_forge_a_line(wire, caplog):
    """CVE-2020-7694: the parser refuses control characters, and what is escaped stays so."""
    wire(failing()).send(get(b"/%0a%1b[31mforged"))
    assert "The app raised during GET /%0a%1b[31mforged" in caplog.text


# --- what is no ASGI 3 application, found out when it is called ---


def wsgi(environ, start_response):
    return [b"hello"]


def asgi_2(scope):
    return hello


async def three_but_different(scope, receive, *, send):
    pass


def returns_no_awaitable(scope, receive, send):
    return b"hello"


@pytest.mark.parametrize("app", [wsgi, asgi_2, three_but_different, returns_no_awaitable, 5])
def test_app_that_cannot_be_called_so_is_named_in_the_log(wire, caplog, app):
    it = wire(app).send(get())
    assert statuses(it.output) == [500]
    (record,) = errors(caplog)
    assert record.getMessage().startswith(
        f"{app!r} is no ASGI 3 application, called as `await app(scope, receive, send)`: ")


def test_type_error_of_the_app_itself_is_no_matter_of_its_shape(wire, caplog):
    async def app(scope, receive, send):
        wsgi()

    wire(app).send(get())
    assert "missing 2 required positional arguments" in caplog.text
    assert "is no ASGI 3 application" not in caplog.text


def test_generator_as_headers_that_raises_is_the_apps_failure(wire, caplog):
    def headers():
        yield (b"x-app", b"1")
        raise Boom("the reason")

    it = wire(answering(200, headers())).send(get())
    assert statuses(it.output) == [500]
    assert "Boom: the reason" in caplog.text
