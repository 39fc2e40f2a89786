"""A client that goes: send() is silent (http 2.3), or raises (2.4 and later, "Disconnect"), as
fastsrv_send_after_disconnect says; neither is an error of the app.

What receive() says: test_receive.py. Apps that end on http.disconnect: tests/regress.
"""

import asyncio
import logging
import socket
import sys
import threading
import time

import pytest

from fastsrv_ext.asgi.call import ClientDisconnected
from tests.support.answers import statuses
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get, post

START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece", "more_body": True}
END = {"type": "http.response.body", "body": b"end"}


def noise(caplog):
    return [record for record in caplog.records if record.levelno > logging.DEBUG]


both = pytest.mark.parametrize("raises", [False, True], ids=["ignore", "raise"])
EVENTS = pytest.mark.parametrize(("before", "event"), [
    ([], START), ([START], PIECE), ([START], END), ([START, PIECE], PIECE), ([START, PIECE], END),
])


@EVENTS
def test_send_after_the_client_has_gone_is_silent(wire, before, event):
    app = Puppet()
    it = wire(app).send(get())
    for each in before:
        app.send(each).result()
    written = it.output
    it.reset()
    for _ in range(1 if event is START else 3):
        app.send(event).result()
    assert it.output == written


@EVENTS
def test_send_after_the_client_has_gone_raises_os_error_again_and_again(wire, before, event):
    app = Puppet()
    it = wire(app, send_raises=True).send(get())
    for each in before:
        app.send(each).result()
    it.reset()
    for _ in range(3):
        error = app.send(event).exception()
        assert isinstance(error, ClientDisconnected) and isinstance(error, OSError)


@both
@pytest.mark.parametrize(("before", "event"), [
    ([], {"type": "http.response.nothing"}), ([], {**START, "headers": [("x", b"y")]}), ([], {**START, "status": 0}),
    ([], PIECE), ([START], START), ([START], {**END, "body": "text"}), ([START, PIECE], {"type": 1}),
])
def test_bad_event_is_told_even_though_the_client_has_gone(wire, before, event, raises):
    """An app that is wrong should not look right because of a slow test or a hasty client."""
    app = Puppet()
    it = wire(app, send_raises=raises).send(get())
    for each in before:
        app.send(each).result()
    it.reset()
    error = app.send(event).exception()
    assert error is not None and not isinstance(error, OSError)


@both
def test_send_that_waits_for_a_lagging_client_ends_when_it_goes(wire, raises):
    """It never hangs."""
    app = Puppet()
    it = wire(app, send_raises=raises)
    it.transport.room = 10
    it.send(get())
    app.begin()
    waiting = app.body(b"x" * 1000, more=True)
    assert not waiting.done()
    it.reset()
    assert isinstance(waiting.exception(), ClientDisconnected if raises else type(None))


def test_send_after_the_response_is_complete_raises_nothing(wire):
    app = Puppet()
    it = wire(app).send(get())
    app.begin()
    app.body(b"end").result()
    it.reset()
    app.send(END).result()


def test_client_that_has_half_closed_is_still_there_for_send(wire):
    app = Puppet()
    it = wire(app).send(get()).end()
    for event in (START, PIECE, END):
        app.send(event).result()
    assert it.output.endswith(b"5\r\npiece\r\n3\r\nend\r\n0\r\n\r\n")


def test_client_that_goes_does_not_cancel_the_app(wire):
    app = Puppet()
    it = wire(app).send(get())
    it.reset()
    assert not app.over.done()
    app.finish()


# --- it is no error when our own exception comes back out of the app ---


async def lets_it_pass(send):
    await send(PIECE)


async def reraises(send):
    try:
        await send(PIECE)
    except OSError:
        logging.getLogger("app").debug("clean up")
        raise


async def chains(send):
    """As Starlette does with its ClientDisconnect."""
    try:
        await send(PIECE)
    except OSError as error:
        raise RuntimeError("the client has disconnected") from error


async def in_a_task(send):
    await asyncio.create_task(lets_it_pass(send))


async def in_a_nested_group(send):
    try:
        await send(PIECE)
    except OSError as error:
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [error])])  # noqa: B904, F821


async def in_a_task_group(send):
    async with asyncio.TaskGroup() as group:
        group.create_task(lets_it_pass(send))
        group.create_task(chains(send))


WAYS = [lets_it_pass, reraises, chains, in_a_task]
if sys.version_info >= (3, 11):
    WAYS += [in_a_nested_group, in_a_task_group]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", [[START], [START, PIECE]], ids=["held", "begun"])
def test_disconnect_that_comes_back_is_swallowed(wire, caplog, way, before):
    caplog.set_level(logging.DEBUG)
    told = []

    async def app(scope, receive, send):
        for event in before:
            await send(event)
        await receive()
        told.append(await receive())
        await way(send)

    it = wire(app, send_raises=True).send(get(b"/gone"))
    it.reset()
    assert told == [{"type": "http.disconnect"}]
    assert noise(caplog) == []
    assert "The client has gone during GET /gone" in caplog.text
    assert it.closed


@pytest.mark.parametrize("failure", [ValueError, OSError, ConnectionResetError, BrokenPipeError])
def test_other_errors_after_a_disconnect_are_logged(wire, caplog, failure):
    """An app has sockets of its own."""
    app = Puppet()
    it = wire(app).send(get())
    it.reset()
    app.finish(failure("of the app"))
    assert [record.levelname for record in noise(caplog)] == ["ERROR"]


def test_disconnect_of_another_connection_is_an_error_of_this_app(wire, caplog):
    """Only the client of this request explains its failure."""
    app = Puppet()
    it = wire(app).send(get())
    app.finish(ClientDisconnected("of a stream that this app shares with others"))
    assert statuses(it.output) == [500]
    assert [record.levelname for record in noise(caplog)] == ["ERROR"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11")
def test_group_that_holds_a_bug_as_well_is_logged(wire, caplog):
    async def app(scope, receive, send):
        await send(START)
        await receive()
        await receive()
        try:
            await send(PIECE)
        except OSError as error:
            raise ExceptionGroup("both", [error, ValueError("a bug")])  # noqa: B904, F821

    wire(app, send_raises=True).send(get()).reset()
    assert [record.levelname for record in noise(caplog)] == ["ERROR"]
    assert "ValueError: a bug" in caplog.text


# --- on real sockets ---


@pytest.mark.parametrize("request_bytes", [get(), post(b"hello")[:-2]], ids=["whole", "cut off"])
def test_real_client_that_goes_wakes_receive(serve, request_bytes):
    events = []

    async def app(scope, receive, send):
        begun.set()
        while not events or events[-1]["type"] != "http.disconnect":
            events.append(await receive())
        ended.set()

    begun, ended = threading.Event(), threading.Event()
    server = serve(app, lifespan="off", hurried=True)
    with server.connect() as connection:
        connection.sendall(request_bytes)
        assert begun.wait(PATIENCE)
    assert ended.wait(PATIENCE)
    assert events[-1] == {"type": "http.disconnect"}


def test_real_client_that_goes_ends_an_endless_stream(serve):
    async def app(scope, receive, send):
        await send(START)
        try:
            while True:
                await send({**PIECE, "body": b"x" * 65536})
        except OSError as error:
            raised.append(error)
            ended.set()
            raise

    raised, ended = [], threading.Event()
    server = serve(app, lifespan="off", send_after_disconnect="raise")
    with server.connect() as connection:
        connection.sendall(get())
        assert connection.recv(1000)
    assert ended.wait(PATIENCE)
    assert isinstance(raised[0], ClientDisconnected)


def test_half_closed_connection_does_not_keep_the_loop_busy(serve):
    """CVE-2024-49769: an end that has been read is no news any more."""
    async def app(scope, receive, send):
        await receive()
        begun.set()
        await waited.wait()
        await send(START)
        await send(END)

    begun, waited = threading.Event(), asyncio.Event()
    server = serve(app, lifespan="off")
    with server.connect() as connection:
        connection.sendall(get())
        connection.shutdown(socket.SHUT_WR)
        assert begun.wait(PATIENCE)
        used = [server.call(time.thread_time)]
        started = time.monotonic()
        server.until(lambda: used.append(time.thread_time()) or len(used) > 3)  # two ticks and more
        assert used[-1] - used[0] < (time.monotonic() - started) / 2
        server.call(waited.set)
        assert read_response(connection).body == b"end"
        assert connection.recv(1) == b""
