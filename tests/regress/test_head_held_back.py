"""An SSE endpoint that was silent for seconds showed no head for as long: it was held until the first body event."""

import asyncio
import threading

import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

from fastsrv_ext.clock import TICK
from tests.support.answers import statuses, take_apart
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE, read_response
from tests.support.tls import client_context, server_context
from tests.support.wire import get, post

ANSWERS = 20
HEAD = b"HEAD" + get()[3:]


def test_head_leaves_with_the_next_tick(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin(200, [(b"content-type", b"text/event-stream")])
    assert it.output == b""
    it.tick(TICK)
    assert it.output.startswith(b"HTTP/1.1 200 OK\r\n") and it.output.endswith(
        b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    app.body(b"event", more=True).result()
    app.body(b"").result()
    assert it.output.endswith(b"\r\n\r\n5\r\nevent\r\n0\r\n\r\n")
    it.send(get())
    assert len(app.calls) == 2


def test_app_that_begins_in_its_first_step_and_then_waits(wire):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await asyncio.Event().wait()

    it = wire(app).send(get())
    assert it.output == b""
    it.tick(TICK)
    assert statuses(it.output) == [200]


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"6")]], ids=["no length", "length"])
def test_body_that_comes_before_the_tick_leaves_with_its_head(wire, headers):
    app = Puppet()
    it = wire(app).send(get())
    app.begin(200, headers)
    app.body(b"answer").result()
    assert len(it.writes) == 1
    assert take_apart(it.output).values(b"content-length") == [b"6"]
    it.wait(1)
    assert len(it.writes) == 1
    assert it.clock.census()["HOLD"] == 0


def test_length_that_was_given_stays(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin(200, [(b"content-length", b"6")])
    it.tick(TICK)
    app.body(b"answer").result()
    assert take_apart(it.output).body == b"answer"
    assert b"chunked" not in it.output


@pytest.mark.parametrize("connection", [[], [b"Connection: keep-alive"]])
def test_http_10(wire, connection):
    app = Puppet()
    it = wire(app).send(get(b"/", *connection, version=b"1.0"))
    app.begin()
    it.tick(TICK)
    assert b"connection: close" in it.output and it.output.endswith(b"\r\n\r\n")
    app.body(b"answer").result()
    assert it.output.endswith(b"\r\n\r\nanswer") and it.ended


@pytest.mark.parametrize(("request_", "status"), [(HEAD, 200), (get(), 204), (get(), 304)])
def test_answer_without_a_body_is_complete_then(wire, request_, status):
    app = Puppet()
    it = wire(app).send(request_)
    app.begin(status)
    it.tick(TICK)
    assert it.output.endswith(b"\r\n\r\n")
    it.send(get(b"/next"))
    assert len(app.calls) == 2
    app.calls[0].body(b"late").result()
    assert b"late" not in it.output


def test_app_that_fails_afterwards_is_cut_off(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    it.tick(TICK)
    app.finish(ZeroDivisionError("a bug"))
    assert statuses(it.output) == [200]
    assert it.ended and not it.output.endswith(b"0\r\n\r\n")


def test_app_that_fails_before_gets_its_500(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    app.finish(ZeroDivisionError("a bug"))
    it.wait(1)
    assert statuses(it.output) == [500]
    assert it.clock.census()["HOLD"] == 0


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_client_that_has_half_closed_sees_it(wire, unix):
    app = Puppet()
    it = wire(app, unix=unix).send(get()).end()
    app.begin()
    it.tick(TICK)
    assert statuses(it.output) == [200]
    assert b"connection: close" in it.output


def test_client_that_has_gone_sees_nothing(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    it.reset().wait(1)
    assert it.output == b""
    assert it.clock.census()["HOLD"] == 0


def test_refused_body_has_no_head_before_its_408(wire):
    app = Puppet()
    it = wire(app, body=10).send(post(b"hello")[:-1])
    app.receive()
    app.receive()
    it.tick(10)
    app.begin()
    it.wait(1)
    assert statuses(it.output) == [408]
    assert it.clock.census()["HOLD"] == 0


def test_client_that_lags_gets_it_in_its_place(wire):
    app = Puppet()
    it = wire(app)
    it.transport.room = 10
    it.send(post(b"hello", b"Expect: 100-continue")[:-5])
    app.receive()  # 100 Continue, of which the client reads a part
    app.begin()
    it.wait(1).read()
    app.body(b"answer").result()
    it.read()
    assert it.output.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert it.output.endswith(b"\r\n\r\n6\r\nanswer\r\n0\r\n\r\n")


def test_pipelined_request_behind_an_early_answer(wire):
    app = Puppet()
    it = wire(app).send(get(b"/1") + get(b"/2"))
    app.begin()
    it.tick(TICK)
    assert statuses(it.output) == [200]
    app.body(b"first").result()
    app.begin()
    app.body(b"second").result()
    assert it.output.endswith(b"second")


def test_access_log_has_one_line_of_it(wire):
    told = []
    app = Puppet()
    it = wire(app, finished=lambda cycle: told.append((cycle.status, cycle.sent))).send(get())
    app.begin(201)
    it.tick(TICK)
    assert told == []
    app.body(b"answer").result()
    assert told == [(201, 6)]


# --- those that give the loop some turns between head and body ---


async def plain(request):
    return PlainTextResponse("answer")


async def file(request):
    return FileResponse(__file__)


class Middleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        return await call_next(request)


@pytest.mark.parametrize("path", [b"/plain", b"/file"])
@pytest.mark.parametrize("middleware", [False, True])
def test_starlette_has_one_write_and_its_length(serve, path, middleware):
    app = Starlette(routes=[Route("/plain", plain), Route("/file", file)])
    if middleware:
        app.add_middleware(Middleware)
    server = serve(app, lifespan="off")
    in_one_piece = 0
    with server.connect() as connection:
        for _ in range(ANSWERS):
            connection.sendall(get(path))
            answer = take_apart(connection.recv(1 << 20))
            missing = int(answer.values(b"content-length")[0]) - len(answer.body)
            in_one_piece += missing == 0
            while missing > 0:
                missing -= len(connection.recv(1 << 20))
    assert in_one_piece >= ANSWERS / 2  # all, but where a tick has come in between
    server.until(lambda: not server.server.dispatch.tasks)  # the app has closed its file


@pytest.mark.parametrize("middleware", [False, True])
def test_starlette_has_one_write_in_memory(wire, middleware):
    app = Starlette(routes=[Route("/plain", plain)])
    if middleware:
        app.add_middleware(Middleware)
    it = wire(app).send(get(b"/plain"))
    assert take_apart(it.output).values(b"content-length") == [b"6"]
    assert len(it.writes) == 1 if not middleware else len(it.writes) <= 2


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_real_client_sees_the_head_before_the_first_event(serve, tls):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        began.set()
        await go.wait()
        await send({"type": "http.response.body", "body": b"event"})

    began = threading.Event()
    server = serve(app, lifespan="off", tls=server_context() if tls else None)
    go = server.call(asyncio.Event)
    with server.connect() as connection:
        if tls:
            connection = client_context().wrap_socket(connection, server_hostname="localhost")
        with connection:
            connection.sendall(get())
            assert began.wait(PATIENCE)
            head = read_response(connection, head_only=True)
            assert head.status == 200 and head.headers["transfer-encoding"] == "chunked"
            server.call(go.set)
            assert b"event" in connection.recv(1000)


@pytest.mark.parametrize("unix", [False, True])
@pytest.mark.parametrize("fields", [[], [(b"content-length", b"2")]])
def test_head_of_a_pipelined_request_whose_client_has_ended_its_side_is_held_once(wire, unix, fields):
    """It was held twice, and forgotten once: the next tick sent a head for an answer that was complete, and the worker
    crashed."""
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"ok"})

    it = wire(app, unix=unix).send(get() + get()).end()
    it.call(go_on.set)
    output = it.output
    assert statuses(output) == [200, 200]
    it.tick(4 * TICK)
    assert it.output == output


def test_expect_is_answered_though_the_head_could_have_left(wire):
    """100 Continue cannot follow a head: it waits for an app that has yet to ask for the body."""
    app = Puppet()
    it = wire(app).send(post(b"body", b"Expect: 100-continue")[:-4])
    app.begin()
    it.tick(4 * TICK)
    assert it.output == b""
    receiving = app.receive()
    assert it.output == b"HTTP/1.1 100 Continue\r\n\r\n"
    it.send(b"body")
    assert receiving.result()["body"] == b"body"
    it.tick(2 * TICK)
    assert statuses(it.output)[-1] == 200
