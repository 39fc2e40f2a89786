"""ASGI lifespan: what the app is told when, what it can refuse, what it leaves in the state (ASGI.md 30-33)."""

import asyncio
import logging
import re
import signal
import socket

import pytest

from fastsrv.lifespan import LifespanFailed
from tests.support.apps import hello
from tests.support.asking import ask, fetch
from tests.support.asking import send as ask_for
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.worker.served import SOURCE


class App:
    """An app with a lifespan; subclasses say what it does at start and end."""

    def __init__(self):
        self.events, self.scopes = [], []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if scope["type"] == "http":
            await self.http(scope, receive, send)
            return
        self.loop = asyncio.get_running_loop()
        self.events.append((await receive())["type"])
        await self.start(scope, send)
        self.events.append((await receive())["type"])
        await self.end(scope, send)

    async def http(self, scope, receive, send):
        self.events.append("http")
        await hello(scope, receive, send)

    async def start(self, scope, send):
        await send({"type": "lifespan.startup.complete"})

    async def end(self, scope, send):
        await send({"type": "lifespan.shutdown.complete"})


def test_app_is_told_of_start_and_end_in_the_loop_of_its_requests(serve):
    app = App()
    server = serve(app)
    assert fetch(server).status == 200
    server.stop()
    assert app.events == ["lifespan.startup", "http", "lifespan.shutdown"]
    assert app.loop is server.loop
    scope = app.scopes[0]
    assert scope == {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}


def test_no_connection_is_served_before_the_app_has_started(serve, tmp_path):
    class Slow(App):
        async def start(self, scope, send):
            client.connect(address)
            ask_for(client)
            for _ in range(50):
                await asyncio.sleep(0)
            self.events.append("started")
            await super().start(scope, send)

    app, address = Slow(), str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        serve(app, address=address)
        assert read_response(client).status == 200
    assert app.events == ["lifespan.startup", "started", "http"]


def test_each_request_has_a_shallow_copy_of_the_state(serve):
    class Stateful(App):
        async def start(self, scope, send):
            scope["state"].update(number=1, shared=[])
            await super().start(scope, send)

        async def http(self, scope, receive, send):
            seen.append(dict(scope["state"]))
            scope["state"]["number"] += 1
            scope["state"]["shared"].append("request")
            await hello(scope, receive, send)

    seen = []
    server = serve(Stateful())
    for _ in range(2):
        fetch(server)
    assert [state["number"] for state in seen] == [1, 1]
    assert seen[0]["shared"] is seen[1]["shared"] == ["request", "request"]


async def raises(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError("http only")
    assert scope["state"] == {}
    await hello(scope, receive, send)


async def raises_at_startup(scope, receive, send):
    if scope["type"] != "http":
        await receive()
    await raises(scope, receive, send)


async def returns(scope, receive, send):
    if scope["type"] == "http":
        await raises(scope, receive, send)


@pytest.mark.parametrize("app", [raises, raises_at_startup, returns, hello])
def test_auto_serves_an_app_that_has_no_lifespan(serve, app, caplog):
    """`hello` answers it as if it were a request."""
    caplog.set_level(logging.INFO)
    server = serve(app, lifespan="auto")
    assert fetch(server).status == 200
    server.stop()
    assert "Serving without lifespan" in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize("app", [raises, raises_at_startup, returns, hello])
def test_on_does_not_serve_an_app_that_has_no_lifespan(serve, app):
    with pytest.raises(LifespanFailed, match="asgi_lifespan is 'on'"):
        serve(app, lifespan="on").stop()


def test_off_asks_nobody(serve):
    app = App()
    server = serve(app, lifespan="off")
    assert fetch(server).status == 200
    server.stop()
    assert [scope["type"] for scope in app.scopes] == ["http"]
    assert app.scopes[0]["state"] == {}


@pytest.mark.parametrize("mode", ["auto", "on"])
@pytest.mark.parametrize("message", ["no database", ""])
def test_startup_that_failed_ends_the_server_with_the_app_s_message(serve, mode, message):
    class Fails(App):
        async def start(self, scope, send):
            await send({"type": "lifespan.startup.failed", "message": message})
            raise RuntimeError("as Starlette does")

    with pytest.raises(LifespanFailed, match=message or "lifespan.startup.failed"):
        serve(Fails(), lifespan=mode).stop()


def test_startup_that_calls_sys_exit_ends_the_server(serve):
    class Exits(App):
        async def start(self, scope, send):
            raise SystemExit("no database")

    with pytest.raises(LifespanFailed, match="no database"):
        serve(Exits()).stop()


def test_shutdown_comes_when_all_connections_are_closed(serve):
    class Checks(App):
        async def end(self, scope, send):
            self.events.append(server.server.context.connections)
            await super().end(scope, send)

    app = Checks()
    server = serve(app, graceful_timeout=PATIENCE)
    with server.connect() as idle:
        ask(idle)
        server.stop()
        assert read_to_end(idle) == b""
    assert app.events[-2:] == ["lifespan.shutdown", 0]


@pytest.mark.parametrize(("ends_with", "logged"), [
    ({"type": "lifespan.shutdown.failed", "message": "could not flush"}, "could not flush"),
    (RuntimeError("bug at the end"), "bug at the end"),
    (None, "returned before lifespan.shutdown.complete"),
])
def test_shutdown_that_failed_is_logged(serve, caplog, ends_with, logged):
    class Fails(App):
        async def end(self, scope, send):
            if isinstance(ends_with, dict):
                await send(ends_with)
            elif ends_with is not None:
                raise ends_with

    serve(Fails()).stop()
    assert "The app failed to shut down" in caplog.text
    assert logged in caplog.text


@pytest.mark.parametrize("quickly", [False, True])
def test_shutdown_that_never_ends_is_bounded(serve, caplog, quickly):
    class Hangs(App):
        async def end(self, scope, send):
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if self.events.count("cancelled"):
                        raise
                    self.events.append("cancelled")

    serve(Hangs(), graceful_timeout=60 if quickly else 0).stop(quickly=quickly)
    assert "The app failed to shut down: the time for it is over" in caplog.text


def test_lifespan_that_fails_while_serving_is_logged_and_requests_go_on(serve, caplog):
    class Crashes(App):
        async def start(self, scope, send):
            await super().start(scope, send)
            raise RuntimeError("background task crashed")

    server = serve(Crashes())
    assert fetch(server).status == 200
    server.stop()
    assert "The app's lifespan has failed" in caplog.text
    assert "background task crashed" in caplog.text


@pytest.mark.parametrize("event", [
    {"type": "http.response.start", "status": 200},
    {"type": "lifespan.startup.complete"},
    {"type": "lifespan.startup"},
    {"type": "lifespan.other.complete"},
])
def test_event_that_does_not_belong_there_raises_out_of_send(serve, event):
    class Wrong(App):
        async def start(self, scope, send):
            await super().start(scope, send)
            with pytest.raises(RuntimeError, match=event["type"]):
                await send(event)
            self.events.append("raised")

    app = Wrong()
    serve(app).stop()
    assert "raised" in app.events


STUCK = """
async def lifespan(receive, send):
    await receive()
    say("the app starts up")
    await asyncio.Event().wait()
"""


def test_start_up_that_never_ends_can_be_stopped(gunicorn):
    """By TERM, by QUIT, and by the death of the arbiter."""
    server = gunicorn(SOURCE + STUCK, "--timeout", "0")
    for count, number in enumerate((signal.SIGTERM, signal.SIGQUIT), 1):
        server.wait_for("the app starts up", count)
        server.signal(number, server.worker(count))
    server.wait_for("the app starts up", 3)
    server.process.kill()
    server.wait()
    assert "The arbiter has gone" in server.output
    assert "Traceback" not in server.output


@pytest.mark.parametrize(("mode", "start", "message"), [
    ("auto", """await send({"type": "lifespan.startup.failed", "message": "no database"})""", "no database"),
    ("on", """raise RuntimeError("no lifespan")""", "the app raised RuntimeError.*asgi_lifespan is 'on'"),
])
def test_startup_that_failed_ends_gunicorn(gunicorn, mode, start, message):
    server = gunicorn(SOURCE + f"""
async def lifespan(receive, send):
    await receive()
    {start}
""", "--asgi-lifespan", mode)
    assert server.wait() == 3
    assert len(re.findall(f"The app failed to start: {message}", server.output)) == 1
    assert server.output.count("Booting worker") == 1
