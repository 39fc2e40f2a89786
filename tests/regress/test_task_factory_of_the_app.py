"""Origin: tools that trace requests by loop.set_task_factory() (Sentry's, Datadog's) never saw a request's task, since
that was made without the loop."""

import asyncio

import pytest

from tests.support.asking import ask
from tests.support.wire import get


def plain(seen):
    """As factories were before Python 3.11: no context, no name. (uvloop wants one that takes them.)"""
    def factory(loop, coroutine):
        task = asyncio.Task(coroutine, loop=loop)
        seen.append(task)
        return task

    return factory


def keywords(seen):
    def factory(loop, coroutine, **options):
        task = asyncio.Task(coroutine, loop=loop, **options)
        seen.append(task)
        return task

    return factory


async def hello(scope, receive, send):
    tasks.append(asyncio.current_task())
    await send({"type": "http.response.start", "status": 200})
    await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"Hello"})


tasks = []


def test_factory_that_the_app_sets_makes_the_tasks_of_requests(serve):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            asyncio.get_running_loop().set_task_factory(keywords(seen))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await hello(scope, receive, send)

    seen = []
    tasks.clear()
    server = serve(app)
    with server.connect() as connection:
        for _ in range(3):
            assert ask(connection).body == b"Hello"
    assert len(set(tasks)) == 3 and set(tasks) <= set(seen)


def test_factory_that_knows_no_keywords_makes_the_tasks_of_requests_alone(serve):
    """uvloop calls it with some, and it raises: that is a 500, and nothing else. The worker did not even accept."""
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            asyncio.get_running_loop().set_task_factory(plain([]))
            await send({"type": "lifespan.startup.complete"})
            phases.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await hello(scope, receive, send)

    phases = []
    server = serve(app)
    with server.connect() as connection:
        assert ask(connection).status in (200, 500)
    server.stop()
    assert phases == ["lifespan.shutdown"]


def test_factory_that_is_set_while_the_app_serves_is_seen_with_the_next_tick(serve):
    seen = []
    tasks.clear()
    server = serve(hello, lifespan="off")
    with server.connect() as connection:
        assert ask(connection).body == b"Hello"
        server.call(server.loop.set_task_factory, keywords(seen))
        server.call_behind_a_tick(lambda: None)
        assert ask(connection).body == b"Hello"
    assert [task in seen for task in tasks] == [False, True]


def test_factory_that_raises_is_a_500(wire, caplog):
    def factory(loop, coroutine, **options):
        raise ZeroDivisionError("a bug")

    def ask():
        it.loop.set_task_factory(factory)
        it.dispatch.refresh()
        it.transport.receive(get())
        it.loop.set_task_factory(None)  # or the test's own tasks would want it

    it = wire(hello)
    it.call(ask)
    assert it.output.startswith(b"HTTP/1.1 500 ") and it.ended
    assert "ZeroDivisionError: a bug" in caplog.text


def test_factory_may_come_and_go(wire):
    seen = []
    tasks.clear()
    it = wire(hello).send(get())
    it.loop.set_task_factory(plain(seen))
    it.tick()
    it.send(get(), get() * 2)
    it.loop.set_task_factory(None)
    it.tick()
    it.send(get())
    assert it.output.count(b"Hello") == 5
    ours = [task in seen for task in tasks]
    assert ours == [False, True, True, True, False]


def test_eager_factory_of_the_app_is_obeyed(wire):
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        pytest.skip("from Python 3.12 on")
    it = wire(hello)
    it.loop.set_task_factory(factory)
    it.tick()
    it.send(get() * 3)
    assert it.output.count(b"Hello") == 3
