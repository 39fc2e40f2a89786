"""fastsrv.testing.serve(): an app on a port of its own, from a thread, with real clients."""

import asyncio
import signal
import socket
import threading
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from fastsrv.application import NotASGI
from fastsrv.config.setting import ConfigError
from fastsrv.lifespan import LifespanFailed
from fastsrv.testing import LOCAL, serve
from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE
from tests.support.tls import CERTIFICATE, client_context

DEFAULT_WINDOW = 2.9  # seconds: that of fastsrv_shutdown_keepalive, and a little less


class Life:
    """An app that notes what its lifespan says, and answers with what the lifespan left."""

    def __init__(self, startup="complete"):
        self.events, self.startup = [], startup

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            self.events.append((await receive())["type"])
            scope["state"]["word"] = b"from the lifespan"
            await send({"type": f"lifespan.startup.{self.startup}", "message": "no database"})
            self.events.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": scope["state"]["word"]})


def get(url, **options):
    with urlopen(url, timeout=PATIENCE, **options) as answer:
        return answer.read()


def test_app_is_served_and_its_lifespan_lasts_as_long_as_the_block():
    app = Life()
    with serve(app) as served:
        assert app.events == ["lifespan.startup"]
        assert get(served.url) == b"from the lifespan"
    assert app.events == ["lifespan.startup", "lifespan.shutdown"]
    with pytest.raises(OSError):
        get(served.url)


def test_several_apps_are_served_beside_each_other():
    with serve(hello) as one, serve(Life()) as other:
        assert one.port != other.port
        assert get(one.url) != get(other.url)


def test_websocket_is_served():
    async def echo(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            event = await receive()
            await send({"type": "websocket.send", "text": event["text"]})
            await send({"type": "websocket.close"})

    with serve(echo) as served, connect(served.ws_url) as client:
        client.send("said")
        assert client.recv() == "said"


def test_app_that_does_not_start_raises():
    with pytest.raises(LifespanFailed, match="no database"), serve(Life("failed")):
        pytest.fail("it has started")


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_failure_of_the_block_is_raised_behind_the_end_of_the_app(failure):
    app = Life()
    with pytest.raises(failure), serve(app):
        raise failure
    assert app.events[-1] == "lifespan.shutdown"


def test_interrupt_while_the_app_starts_ends_it():
    async def app(scope, receive, send):
        signal.raise_signal(signal.SIGINT)  # in this thread: the main one's wait is not interrupted
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(scope["type"])

    ended, before = [], signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), serve(app):
            pytest.fail("it has started")
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == ["lifespan"]
    assert "fastsrv" not in {thread.name for thread in threading.enumerate()}


def test_app_is_served_beside_a_loop_that_runs():
    async def notebook():
        with serve(hello) as served:
            return await asyncio.to_thread(get, served.url)

    assert asyncio.run(notebook())


def test_app_that_does_not_end_is_left_when_its_time_is_over(caplog):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.Event().wait()

    with serve(app, graceful_timeout=1):
        pass
    assert "The app failed to shut down: the time for it is over" in caplog.text


def test_app_that_blocks_its_loop_at_the_end_is_told_of():
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        goes_on.wait(PATIENCE)

    goes_on = threading.Event()
    with pytest.raises(TimeoutError, match=r"(?s)does not end:.*goes_on\.wait"), serve(app, graceful_timeout=1):
        pass
    goes_on.set()


def test_what_the_app_raises_is_logged(caplog):
    async def broken(scope, receive, send):
        raise LookupError("no such thing")

    with serve(broken) as served, pytest.raises(HTTPError, match="500") as error:
        get(served.url)
    error.value.close()
    assert "no such thing" in caplog.text


def test_while_the_server_ends_what_is_owed_is_answered_and_who_connects_is_refused():
    async def waits(scope, receive, send):
        begun.set()
        await asyncio.to_thread(ends.wait)
        await hello(scope, receive, send)

    def connect_until_refused(port):
        while not refused:
            try:
                socket.create_connection((LOCAL, port), timeout=PATIENCE).close()
            except ConnectionResetError:  # it was in the queue of the socket that has been closed
                pass
            except ConnectionRefusedError:
                refused.append(True)
        ends.set()

    begun, ends, refused, answers = threading.Event(), threading.Event(), [], []
    with serve(waits, asgi_lifespan="off") as served:
        threads = [threading.Thread(target=lambda: answers.append(get(served.url)), daemon=True),
                   threading.Thread(target=connect_until_refused, args=(served.port,), daemon=True)]
        threads[0].start()
        assert begun.wait(PATIENCE)
        threads[1].start()
    for thread in threads:
        thread.join(PATIENCE)
    assert refused and answers


def test_requests_have_all_extensions_at_once():
    async def app(scope, receive, send):
        scopes.append(scope)
        await hello(scope, receive, send)

    scopes, context = [], client_context()
    context.check_hostname = False
    with serve(app, asgi_lifespan="off", certfile=str(CERTIFICATE), keyfile=str(CERTIFICATE),
               fastsrv_request_id="answer") as served, urlopen(served.url, timeout=PATIENCE, context=context) as answer:
        assert set(scopes[0]["extensions"]) == {"tls", "fastsrv.request"}
        assert answer.headers["x-request-id"] == scopes[0]["extensions"]["fastsrv.request"]["request_id"]


def test_settings_are_obeyed():
    with serve(hello, fastsrv_limit_request_head=400) as served, pytest.raises(HTTPError, match="431") as error:
        get(served.url + "/" + "x" * 400)
    error.value.close()


@pytest.mark.parametrize(("settings", "error", "text"), [
    ({"workres": 1}, TypeError, r"serve\(\) knows no 'workres'"),
    ({"keepalive": "long"}, ConfigError, r"keepalive = 'long' of serve\(\)"),
    ({"protocol": "uwsgi"}, ConfigError, "protocol = 'uwsgi' cannot be used"),
    ({"app": "hello:app"}, NotASGI, "'hello:app' is not callable"),
    ({"app": lambda: hello}, NotASGI, "as a factory does"),
    ({"backlog": 10**30}, ConfigError, "backlog must be at most"),
    ({"port": 70000}, ConfigError, r"port of serve\(\) must be 0 to 65535, not 70000"),
    ({"port": -1}, ConfigError, r"port of serve\(\) must be 0 to 65535, not -1"),
    ({"host": "no host"}, OSError, None),
    ({"bind": "127.0.0.1:0"}, TypeError, r"serve\(\) takes no bind: host and port are arguments"),
    ({"config": "gunicorn.conf.py"}, TypeError, r"serve\(\) takes no config: no config file is read"),
    ({"threads": 2}, TypeError, r"serve\(\) takes no threads: a worker is one event loop"),
    *(({name: value}, TypeError, rf"serve\(\) takes no {name}: .*fastsrv.run\(\)") for name, value in (
        ("workers", 2), ("reload", True), ("accesslog", "-"), ("pre_request", print), ("statsd_host", "localhost:1"),
        ("daemon", True), ("user", "nobody"), ("max_requests", 1), ("timeout", 5), ("fastsrv_admin_bind", "off"),
        ("fastsrv_tls_reload", 5), ("fastsrv_access_log_format", "json"), ("fastsrv_slow_callback", 5),
        ("fastsrv_shutdown_delay", 1), ("fastsrv_retire_timeout", 1))),
])
def test_what_cannot_be_is_raised(settings, error, text):
    with pytest.raises(error, match=text), serve(**{"app": hello, **settings}):
        pytest.fail("it has started")


@pytest.mark.parametrize("settings", [{"keepalive": -1}, {"certfile": "none.pem"}])
def test_setting_that_is_wrong_is_told_of_before_an_address_that_is_taken(settings):
    with serve(hello) as served, pytest.raises(ConfigError), serve(hello, port=served.port, **settings):
        pytest.fail("it has started")


def test_url_of_all_addresses_can_be_asked():
    with serve(hello, host="") as served:
        assert served.url == f"http://0.0.0.0:{served.port}"
        assert get(served.url)


def test_idle_connection_is_not_waited_for():
    """Which a busy machine may take for a moment, but not each time for as long as the window of a worker's end."""
    assert any(seconds_to_leave(keepalive=75) < DEFAULT_WINDOW for _ in range(5))


def test_idle_connection_is_waited_for_if_that_is_asked_for():
    assert seconds_to_leave(keepalive=75, fastsrv_shutdown_keepalive=3) > DEFAULT_WINDOW


def seconds_to_leave(**settings):
    with serve(hello, **settings) as served:
        idle = socket.create_connection((LOCAL, served.port), timeout=PATIENCE)
        ask(idle)
        since = time.monotonic()
    took = time.monotonic() - since
    assert idle.recv(1) == b""
    idle.close()
    return took


def has_ipv6():
    """Many a container has not, whatever the kernel knows."""
    with socket.socket(socket.AF_INET6) as any_port:
        try:
            any_port.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("host", [
    "127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="needs IPv6"))])
def test_address_and_tls(host):
    context = client_context()
    context.check_hostname = False
    with serve(hello, host=host, certfile=str(CERTIFICATE), keyfile=str(CERTIFICATE)) as served:
        assert served.url.startswith("https://")
        assert get(served.url, context=context)
    with serve(hello, host=host) as served, pytest.raises(OSError), serve(hello, host=host, port=served.port):
        pass
