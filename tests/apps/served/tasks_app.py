"""An ASGI application without a framework, for test_tasks.py: what asyncio and anyio offer, used in an app.

/NAME runs the function NAME and answers with its result as JSON; ?after=1 lets the app wait before.
"""

import asyncio
import contextvars
import json

import anyio
import anyio.from_thread
import anyio.to_thread

from tests.apps.served.control import controlled

variable = contextvars.ContextVar("variable", default="unset")
tasks = []  # kept, so that no two of them have one id


def forever():
    return asyncio.Event().wait()


async def result(awaitable):
    """What the awaitable returns, or the name of what it raises."""
    try:
        return await awaitable
    except BaseException as error:
        return type(error).__name__


# --- asyncio ---

async def timeout_expires(receive):
    async def app():
        async with asyncio.timeout(0):
            await forever()

    return [await result(app()), asyncio.current_task().cancelling()]


async def timeout_holds(receive):
    async with asyncio.timeout(60) as timeout:
        await asyncio.sleep(0)
    return timeout.expired()


async def timeout_around_receive(receive):
    async def app():
        async with asyncio.timeout(0):
            while True:
                await receive()

    return await result(app())


async def wait_for_expires(receive):
    return await result(asyncio.wait_for(forever(), 0.001))


async def wait_for_returns(receive):
    return await asyncio.wait_for(asyncio.sleep(0, "returned"), 60)


async def wait_for_receive(receive):
    event = await asyncio.wait_for(receive(), 60)
    return [event["type"], await result(asyncio.wait_for(receive(), 0.001))]


async def task_group(receive):
    async with asyncio.TaskGroup() as group:
        children = [group.create_task(asyncio.sleep(0, number)) for number in range(3)]
    return [child.result() for child in children]


async def task_group_fails(receive):
    async def app():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.wait_for(forever(), 0.001))
            await forever()

    return [await result(app()), asyncio.current_task().cancelling()]


async def cancels_itself(receive):
    asyncio.current_task().cancel()
    return await result(asyncio.sleep(0))


async def current_task(receive):
    before = asyncio.current_task()
    repr(before), before.get_stack(), before.get_name(), before.get_coro()
    among = before in asyncio.all_tasks()
    await asyncio.sleep(0)
    return [isinstance(before, asyncio.Task), among, before is asyncio.current_task()]


async def remembered_tasks(receive):
    tasks.append(asyncio.current_task())
    return len({id(task) for task in tasks}) == len(tasks)


# --- anyio ---

async def move_on_after(receive):
    with anyio.move_on_after(0) as scope:
        await forever()
    await anyio.sleep(0)
    return scope.cancelled_caught


async def move_on_after_holds(receive):
    with anyio.move_on_after(60) as scope:
        await anyio.sleep(0)
    return scope.cancelled_caught


async def fail_after(receive):
    async def app():
        with anyio.fail_after(0):
            await forever()

    return await result(app())


async def cancelled_scope(receive):
    """What Starlette's is_disconnected() does: an event that is there is taken, a missing one is not waited for."""
    events = []
    for _ in range(2):
        with anyio.CancelScope() as scope:
            scope.cancel()
            events.append((await receive())["type"])
    return [events, scope.cancelled_caught]


async def shielded_scope(receive):
    reached = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0)
            reached.append("shielded")
        await anyio.sleep(0)
        reached.append("never")
    return reached


async def anyio_task_group(receive):
    done = []

    async def child(number):
        await anyio.sleep(0)
        done.append(number)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(child, number)
    return sorted(done)


async def anyio_task_group_is_cancelled(receive):
    ended = []

    async def child():
        try:
            await forever()
        finally:
            ended.append("child")

    async with anyio.create_task_group() as group:
        group.start_soon(child)
        await anyio.sleep(0)
        group.cancel_scope.cancel()
        await forever()
    return ended


async def to_thread(receive):
    return await anyio.to_thread.run_sync(lambda: anyio.from_thread.run(asyncio.sleep, 0, "from a thread"))


# --- context variables ---

async def context(receive):
    """What the variable is, after this request's own use of it."""
    before = variable.get()
    variable.set("set by a request")
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0)
    return [before, variable.get(), await asyncio.create_task(of_a_child())]


async def of_a_child():
    return variable.get()


async def loop(receive):
    return type(asyncio.get_running_loop()).__module__.split(".")[0]


async def application(scope, receive, send):
    assert scope["type"] == "http"
    if scope["query_string"] == b"after=1":
        await asyncio.sleep(0)
    body = json.dumps(await globals()[scope["path"][1:]](receive)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


app = controlled(application)
