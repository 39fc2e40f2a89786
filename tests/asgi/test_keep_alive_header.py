"""fastsrv_keep_alive_header: what a response says of how long its connection is kept when it is idle."""

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

TOLD = [b"connection: keep-alive", b"keep-alive: timeout=5"]


def told(output):
    """The lines of `output` that are about the connection, in their order."""
    return [line for line in output.lower().split(b"\r\n") if line.startswith((b"connection:", b"keep-alive:"))]


@pytest.fixture
def telling(wire):
    return lambda app, **settings: wire(app, **{"announced_keepalive": 5, **settings})


@pytest.mark.parametrize("request_bytes", [
    get(), get(b"/", b"Connection: keep-alive", version=b"1.0"), get().replace(b"GET", b"HEAD"), post(b"a"),
])
def test_response_on_a_connection_that_persists_tells_of_the_limit(telling, request_bytes):
    it = telling(hello).send(request_bytes)
    assert told(it.output) == TOLD and not it.ended


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"2")]])
def test_streamed_response_tells_of_it_once(telling, headers):
    app = Puppet()
    it = telling(app).send(get())
    app.begin(200, headers)
    app.body(b"a", more=True)
    app.body(b"b")
    assert told(it.output) == TOLD


def test_each_pipelined_response_tells_of_it(telling):
    assert told(telling(hello).send(get() * 3).output) == TOLD * 3


@pytest.mark.parametrize(("request_bytes", "settings"), [
    (get(b"/", b"Connection: close"), {}),
    (get(version=b"1.0"), {}),
    (get(), {"keepalive": 0}),
    (post(b"x" * 2_000_000)[:1000], {}),
    (b"no request\r\n\r\n", {}),
])
def test_response_that_ends_its_connection_tells_nothing(telling, request_bytes, settings):
    it = telling(hello, **settings).send(request_bytes)
    assert statuses(it.output)
    assert told(it.output) == [b"connection: close"]


def test_response_of_a_worker_that_drains_tells_nothing(telling):
    app = Puppet()
    it = telling(app).send(get())
    it.context.draining = True
    app.begin()
    app.body(b"a")
    assert told(it.output) == [b"connection: close"]


def test_failed_app_tells_nothing(telling):
    app = Puppet()
    it = telling(app).send(get())
    app.finish(ValueError())
    assert take_apart(it.output).status == 500 and told(it.output) == [b"connection: close"]


@pytest.mark.parametrize("name", [b"keep-alive", b"Keep-Alive"])
def test_keep_alive_of_the_app_is_left_as_it_is_and_named(telling, name):
    app = Puppet()
    it = telling(app).send(get())
    app.begin(200, [(name, b"timeout=1, max=9")])
    app.body(b"a")
    assert told(it.output) == [b"keep-alive: timeout=1, max=9", b"connection: keep-alive"]


def test_connection_is_kept_for_as_long_as_was_told(telling):
    it = telling(hello, keepalive=5).send(get())
    it.tick(5)
    assert not it.ended
    it.wait(0)
    assert it.ended


def test_nothing_is_told_without_the_setting(wire):
    assert told(wire(hello).send(get()).output) == []
