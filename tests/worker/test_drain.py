"""The graceful drain: what is owed is answered, the rest closes, and all of it within graceful_timeout."""

import asyncio
import signal
import threading
import time
from contextlib import ExitStack

import pytest

from fastsrv.drain import POLL, Drain
from fastsrv.timetable import QUICK, Timetable
from tests.support.apps import hello
from tests.support.asking import fetch, send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.websocket.client import FIELDS
from tests.worker.served import SOURCE

TIME, MANY = 2, 450  # seconds, and WebSockets: more than leave in them at 200 a second


class Waiting:
    """An app whose requests wait until the test lets go; each one has said so before."""

    def __init__(self):
        self.started = threading.Semaphore(0)
        self.go = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.go = self.go or asyncio.Event()
            self.started.release()
            try:
                await self.go.wait()
            finally:
                await hello(scope, receive, send)

    def wait(self):
        assert self.started.acquire(timeout=PATIENCE)


class Stubborn(Waiting):
    """An app that can be neither awaited nor cancelled."""

    async def __call__(self, scope, receive, send):
        while scope["type"] == "http":
            try:
                await super().__call__(scope, receive, send)
            except asyncio.CancelledError:
                pass


def stop(server, timetable=None):
    server.call(lambda: server.server.stop(timetable))


def test_drain_closes_idle_connections_and_answers_what_is_in_flight(serve):
    app = Waiting()
    server = serve(app, graceful_timeout=PATIENCE, drain_timeout=10 * PATIENCE, close_timeout=10 * PATIENCE)
    with server.connect() as idle, server.connect() as busy:
        send(idle)
        app.wait()
        server.call(lambda: app.go.set())
        assert read_response(idle).status == 200
        server.call(lambda: app.go.clear())
        send(busy)
        app.wait()
        stop(server)
        assert read_to_end(idle) == b""
        server.call(lambda: app.go.set())
        response = read_response(busy)
        assert (response.status, response.headers["connection"]) == (200, "close")
        server.stop()  # though no client closes its side


def test_drain_is_bounded_by_graceful_timeout_and_the_heart_beats_on(serve, caplog):
    app, patient = Stubborn(), Waiting()
    server, longer = serve(app, graceful_timeout=1), serve(patient, graceful_timeout=10 * PATIENCE)
    with server.connect() as busy, longer.connect() as owed:
        send(owed)
        patient.wait()
        stop(longer)
        send(busy)
        app.wait()
        stop(server)
        while server.beats.acquire(blocking=False):
            pass
        for _ in range(2):
            assert server.beats.acquire(timeout=PATIENCE)
        server.stop()
        assert read_to_end(busy) == b""
        longer.call(lambda: patient.go.set())
        assert read_response(owed).status == 200
    assert "1 requests are ended before they are done" in caplog.text


def test_quick_stop_cuts_a_drain_short(serve):
    app = Waiting()
    server = serve(app, graceful_timeout=10 * PATIENCE)
    with server.connect() as busy:
        send(busy)
        app.wait()
        stop(server)
        stop(server, Timetable.quick(time.monotonic(), QUICK))
        server.stop()
        assert read_to_end(busy) == b""


def test_background_work_after_a_response_is_waited_for(serve):
    done = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await hello(scope, receive, send)
            await go.wait()
            done.append(True)

    server = serve(app, graceful_timeout=PATIENCE)
    go = server.call(asyncio.Event)
    assert fetch(server).status == 200
    stop(server)
    server.until(lambda: server.server.context.connections == 0)
    server.call(go.set)
    server.stop()
    assert done


# --- WebSockets ---


async def listens(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            pass


@pytest.mark.parametrize(("left", "leaving"), [(PATIENCE, [10, 20, 30, 40]), (0.1, [20, 40]), (0, [40])])
def test_websockets_leave_200_a_second_or_as_many_as_it_takes(serve, left, leaving):
    """left: seconds for all of them. leaving: how many have to leave by each look."""
    server = serve(listens)
    with ExitStack() as clients:
        for _ in range(leaving[-1]):
            client = clients.enter_context(server.connect())
            send(client, "/", *FIELDS)
            assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
        drain = Drain(server.server)
        looks = [left - number * POLL for number in range(len(leaving))]
        assert [len(server.call(drain.sent_away, seconds)) for seconds in looks] == leaving


def test_all_websockets_leave_before_the_time_is_over(serve):
    """At its end requests in hand are told, too."""
    told = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await receive()
            started.release()
            await receive()
        await listens(scope, receive, send)
        told.append(scope["type"])

    started = threading.Semaphore(0)
    server = serve(app, lifespan="off")
    with ExitStack() as clients:
        busy = clients.enter_context(server.connect())
        send(busy)
        assert started.acquire(timeout=PATIENCE)
        websockets = [clients.enter_context(server.connect()) for _ in range(MANY)]
        for client in websockets:
            send(client, "/", *FIELDS)
            assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
        now = time.monotonic()
        stop(server, Timetable.behind(now + TIME, now + 10 * PATIENCE, PATIENCE))
        for client in websockets:
            assert read_to_end(client) == b"\x88\x02\x03\xf4"  # a Close, 1012
        read_to_end(busy)
    assert told == MANY * ["websocket"] + ["http"]


@pytest.mark.parametrize("path", ["/stubborn", "/thread"])
def test_worker_that_is_replaced_ends_even_if_the_app_does_not(gunicorn, path):
    """Nobody sends KILL to a worker that ends after HUP or max_requests."""
    server = gunicorn(SOURCE, "--graceful-timeout", "1", "--timeout", "0")
    with server.connect() as busy:
        send(busy, path)
        server.wait_for("a request cannot be cancelled|a thread goes on for ever")
        server.signal(signal.SIGTERM, server.worker())
        server.worker(2)
    assert "Worker exiting" in server.output


def test_quit_ends_a_worker_whose_loop_is_blocked(gunicorn):
    server = gunicorn(SOURCE, "--timeout", "0")
    with server.connect() as busy:
        send(busy, "/block")
        server.wait_for("the loop is blocked")
        server.signal(signal.SIGQUIT)
        assert server.wait() == 0
    assert "SIGKILL" not in server.output
