"""Each request has a task and a context of its own: what one sets, no other sees, however it came to be started."""

import asyncio
import sys
from contextvars import ContextVar

import pytest

from tests.support.answers import answering, statuses
from tests.support.apps import read_body
from tests.support.puppet import Puppet
from tests.support.servers import read_response
from tests.support.wire import get, post

request_id = ContextVar("request_id", default="nobody's")
loaded = ContextVar("loaded", default="not")


class Marking:
    """Writes down the request_id that it finds, sets its own, and answers when it has read the body."""

    def __init__(self):
        self.found = []

    async def __call__(self, scope, receive, send):
        self.found.append(request_id.get())
        request_id.set(scope["path"])
        await read_body(receive)
        await answering(200, [], b"ok")(scope, receive, send)
        assert request_id.get() == scope["path"]


@pytest.mark.parametrize("pieces", [
    [get(b"/1"), get(b"/2"), get(b"/3")],
    [get(b"/1") + get(b"/2") + get(b"/3")],
    [post(b"hello", path=b"/1")[:-5], b"hel", b"lo" + get(b"/2") + get(b"/3")],
    [post(b"hello", path=b"/1")[:-5], b"hel", b"lo", get(b"/2"), get(b"/3")],
], ids=["one by one", "pipelined", "after a wait, pipelined", "after a wait"])
def test_variables_of_one_request_are_not_seen_by_the_next(wire, pieces):
    app = Marking()
    it = wire(app).send(*pieces)
    assert statuses(it.output) == [200, 200, 200]
    assert app.found == ["nobody's"] * 3
    assert request_id.get() == "nobody's"


def test_next_request_is_not_started_in_the_context_of_the_one_it_waited_for(wire):
    """The turn of a pipelined request comes from within the send() of the one before."""
    app = Puppet()
    found = []

    async def marking(scope, receive, send):
        found.append(request_id.get())
        await app(scope, receive, send)

    wire(marking).send(get(b"/1") + get(b"/2"))

    async def answer():
        request_id.set("/1")
        await app.app_send({"type": "http.response.start", "status": 200})
        await app.app_send({"type": "http.response.body"})

    app.start(answer()).result()
    assert found == ["nobody's"] * 2


def test_context_is_not_that_of_an_app_that_resumed_reading(serve):
    """asyncio gives what it reads the context in which reading was resumed, and that was the app's receive()."""
    app = Marking()
    server = serve(app, lifespan="off")
    with server.connect() as connection:
        for number in range(3):
            connection.sendall(post(b"x" * 1_000_000, path=b"/large%d" % number))
            assert read_response(connection).body == b"ok"
            connection.sendall(get(b"/small%d" % number))
            assert read_response(connection).body == b"ok"
    assert app.found == ["nobody's"] * 6


def test_context_is_not_that_of_an_app_whose_peer_caught_up(wire):
    app = Marking()
    it = wire(app)
    it.transport.room = 0
    it.send(get(b"/1") + get(b"/2"), get(b"/3"))
    for _ in range(3):
        it.read()
    assert statuses(it.output) == [200, 200, 200]
    assert app.found == ["nobody's"] * 3


def test_variables_of_lifespan_are_not_seen_by_requests(serve):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            request_id.set("lifespan's")
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await answering(200, [], request_id.get().encode())(scope, receive, send)

    with serve(app).connect() as connection:
        connection.sendall(get())
        assert read_response(connection).body == b"nobody's"


def test_variables_set_when_the_app_was_loaded_are_seen(wire):
    found = []

    async def app(scope, receive, send):
        found.append(loaded.get())
        loaded.set("changed")
        await answering()(scope, receive, send)

    token = loaded.set("yes")
    try:
        wire(app).send(get(), get() + get())
    finally:
        loaded.reset(token)
    assert found == ["yes"] * 3


# --- the task ---


def test_each_request_runs_in_a_task_of_its_own(wire):
    tasks = []

    async def app(scope, receive, send):
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        assert asyncio.current_task() is tasks[-1]
        await answering()(scope, receive, send)

    it = wire(app).send(get(), get() + get())
    assert statuses(it.output) == [200, 200, 200]
    assert all(isinstance(task, asyncio.Task) for task in tasks)
    assert len(set(tasks)) == 3


def test_app_may_cancel_itself_and_go_on(wire):
    async def app(scope, receive, send):
        asyncio.current_task().cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            await answering(200, [], b"went on")(scope, receive, send)

    assert wire(app).send(get()).output.endswith(b"went on")


def test_wait_for_ends_a_receive_that_waits(wire):
    async def app(scope, receive, send):
        await receive()
        try:
            await asyncio.wait_for(receive(), 0.001)
        except asyncio.TimeoutError:
            await answering(200, [], b"in time")(scope, receive, send)
        finally:
            ended.set()

    ended = asyncio.Event()
    it = wire(app).send(get())
    it.loop.run_until_complete(ended.wait())
    assert it.output.endswith(b"in time")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout and TaskGroup came with Python 3.11")
def test_timeout_and_task_group_work(wire):
    async def app(scope, receive, send):
        await receive()
        try:
            async with asyncio.timeout(0):
                await receive()
        except TimeoutError:
            pass

        async def part(number):
            await asyncio.sleep(0)
            parts.append(b"%d" % number)

        parts = []
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(part(number))
        await answering(200, [], b"".join(parts))(scope, receive, send)
        ended.set()

    ended = asyncio.Event()
    it = wire(app).send(get())
    it.loop.run_until_complete(ended.wait())
    assert it.output.endswith(b"012")
