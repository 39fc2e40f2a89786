"""Found by an operator's trial: with an open stream TERM skipped everything. The drain lasted until the moment in which
the arbiter kills, so no `finally` clause ran, no lifespan shutdown, no worker_exit and no line of the access log."""

import asyncio
import itertools
import logging
import signal

import pytest
from starlette.requests import ClientDisconnect

from tests.support.answers import take_apart
from tests.support.apps import read_body
from tests.support.asking import send
from tests.support.puppet import Puppet
from tests.support.servers import PATIENCE, read_response
from tests.support.stalls import timed
from tests.support.wire import get, post

SOURCE = """
import asyncio

def say(what):
    print(what, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        say("the app shuts down")
        return await send({"type": "lifespan.shutdown.complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    try:
        if scope["path"] == "/listens":
            while (await receive())["type"] != "http.disconnect":
                pass
            await send({"type": "http.response.body", "body": b" last"})
            say("the stream ends by itself")
        else:
            await asyncio.Event().wait()
    finally:
        say("finally")
"""
STUCK = SOURCE.replace('say("the app shuts down")', "await for_ever()") + """

async def for_ever():
    try:
        await asyncio.Event().wait()
    finally:
        say("the app is cancelled")
"""
CONFIG = """
accesslog, access_log_format = "-", "access: %(r)s"
def worker_exit(server, worker): print("hook: worker_exit", flush=True)
"""


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(request):
    return request.param


@pytest.mark.parametrize("timeout", ["1", "2", "4"])
@timed
def test_everything_that_ends_a_stream_happens_before_the_arbiter_kills(gunicorn, loop, timeout):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", timeout, config=CONFIG)
    with server.connect() as stream:
        send(stream, "/deaf")
        assert b"first" in read_until(stream, b"first")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert "SIGKILL" not in server.output
    for what in ("finally", "the app shuts down", "access: GET /deaf", "hook: worker_exit"):
        assert what in server.output, server.output


@timed
def test_stream_that_listens_for_a_disconnect_ends_by_itself(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--graceful-timeout", "2", config=CONFIG)
    with server.connect() as stream:
        send(stream, "/listens")
        read_until(stream, b"first")
        server.signal(signal.SIGTERM, server.worker())
        assert b" last" in read_until(stream, b"0\r\n\r\n")
        server.wait_for("hook: worker_exit")
    assert "the stream ends by itself" in server.output
    assert "before they are done" not in server.output


def test_app_in_hand_is_told_nothing_as_long_as_there_is_time(serve):
    """Neither in the middle of a body, nor behind it."""
    async def app(scope, receive, send):
        body = await read_body(receive)
        listening = asyncio.ensure_future(receive())
        await asyncio.wait({listening, asyncio.ensure_future(go.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"told" if listening.done() else body})
        await listening

    server = serve(app, graceful_timeout=8 * PATIENCE, body_timeout=PATIENCE, lifespan="off")
    go = server.call(asyncio.Event)
    with server.connect() as client:
        client.sendall(post(b"half and half")[:-5])
        server.until(lambda: server.server.counters.count("in_flight") == 1)
        server.call(server.server.stop)
        server.until(lambda: server.socket.fileno() == -1)
        look_on(server)
        client.sendall(b" half")
        look_on(server)
        server.call(go.set)
        assert read_response(client).body == b"half and half"
    server.stop()


def test_app_that_is_told_within_a_body_may_take_its_time_to_answer(wire):
    """Nobody waits for the rest any more."""
    app = Puppet()
    peer = wire(app, body=10).send(post(b"half and half")[:-5])
    app.receive()
    listening = app.receive()
    peer.call(peer.dispatch.give_notice)
    assert listening.result() == {"type": "http.disconnect"}
    peer.wait(10)
    app.begin()
    app.body(b"late").result()
    app.finish()
    assert take_apart(peer.output).body == b"late"


@pytest.mark.parametrize("failure", [None, ClientDisconnect()], ids=["returns", "raises"])
def test_client_that_waits_has_an_answer_though_the_app_gives_up_when_it_is_told(wire, caplog, failure):
    """It had none, and the access log said that the client had gone."""
    told = []
    app = Puppet()
    peer = wire(app, finished=lambda cycle: told.append(cycle.status)).send(get())
    app.receive().result()
    listening = app.receive()
    peer.call(peer.dispatch.give_notice)
    assert listening.result() == {"type": "http.disconnect"}
    app.finish(failure)
    answer = take_apart(peer.output)
    assert (answer.status, answer.values(b"connection")) == (503, [b"close"])
    assert told == [503]
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_notice_reaches_an_app_whose_answer_can_take_no_more(wire):
    app = Puppet()
    peer = wire(app, grace=1000).send(b"HEAD" + get()[3:])
    app.begin()
    app.body(b"piece", more=True).result()
    app.receive().result()
    listening = app.receive()
    peer.call(peer.dispatch.give_notice)
    assert listening.result() == {"type": "http.disconnect"}


def test_stream_that_ends_itself_short_while_the_worker_drains_is_no_error(wire, caplog):
    """As sse-starlette's do: a deploy wrote a line at level error for each."""
    app = Puppet()
    peer = wire(app).send(get())
    app.begin()
    app.body(b"piece", more=True).result()
    peer.context.draining = peer.dispatch.draining = True
    app.finish()
    assert peer.ended
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def look_on(server, ticks=3):
    seen = itertools.count()
    server.until(lambda: next(seen) == ticks)


def read_until(connection, end):
    data = b""
    while end not in data:
        more = connection.recv(65536)
        assert more, data
        data += more
    return data


@timed
def test_worker_exit_comes_behind_a_shutdown_that_never_ends(gunicorn, loop):
    server = gunicorn(STUCK, "--asgi-loop", loop, "--graceful-timeout", "2", config=CONFIG)
    with server.connect() as stream:
        send(stream, "/listens")
        read_until(stream, b"first")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    for what in ("the app is cancelled", "hook: worker_exit"):
        assert what in server.output, server.output


@pytest.mark.parametrize("together", [False, True])
@timed
def test_everything_happens_when_an_int_behind_the_term_leaves_two_seconds(gunicorn, together):
    """The worker may hear of the two in this order, or of INT first if they come together."""
    server = gunicorn(STUCK, "--graceful-timeout", str(PATIENCE), config=CONFIG)
    with server.connect() as stream:
        send(stream, "/deaf")
        read_until(stream, b"first")
        worker = server.worker()
        if together:
            server.signal(signal.SIGSTOP, worker)
        server.signal(signal.SIGTERM)
        server.wait_for("Handling signal: term")
        if not together:
            with pytest.raises((ConnectionRefusedError, ConnectionResetError)):  # the worker drains
                while True:
                    server.connect().close()
        server.signal(signal.SIGINT)
        server.wait_for("Quick shutdown requested")
        if together:
            server.signal(signal.SIGQUIT, worker)  # as the arbiter does
            server.signal(signal.SIGCONT, worker)
        assert server.wait() == 0
    for what in ("finally", "the app is cancelled", "hook: worker_exit"):
        assert what in server.output, server.output


@pytest.mark.parametrize("timeout", ["0", "1"])
@timed
def test_stream_ends_with_a_worker_that_is_replaced(gunicorn, timeout):
    """Nobody kills after HUP: it ends by itself, and in time."""
    server = gunicorn(SOURCE, "--graceful-timeout", timeout, config=CONFIG)
    with server.connect() as stream:
        send(stream, "/deaf")
        read_until(stream, b"first")
        server.signal(signal.SIGTERM, server.worker())
        server.wait_for("hook: worker_exit")
    for what in ("finally", "the app shuts down", "access: GET /deaf"):
        assert what in server.output, server.output
