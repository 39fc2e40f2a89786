"""An ASGI application without a framework, for test_events.py: unusual, legal ways to call receive() and send().

/NAME runs the function NAME.
"""

import asyncio
from urllib.parse import parse_qs

from tests.apps.served.control import controlled, gate, note

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
PIECE = {"type": "http.response.body", "body": b"piece ", "more_body": True}
LAST = {"type": "http.response.body", "body": b"last"}


async def answer(send, text):
    await send(START)
    await send({"type": "http.response.body", "body": text.encode()})


# --- send ---

async def plain(key, receive, send):
    for event in START, PIECE, PIECE, LAST:
        await send(event)


async def tasks(key, receive, send):
    for event in START, PIECE, PIECE, LAST:
        await asyncio.create_task(send(event))


async def tasks_at_once(key, receive, send):
    running = [asyncio.create_task(send(event)) for event in (START, PIECE, PIECE, LAST)]
    for task in running:
        await task


async def gathered(key, receive, send):
    assert await asyncio.gather(send(START), send(PIECE), send(PIECE), send(LAST)) == [None] * 4


async def waited_for(key, receive, send):
    for event in START, PIECE, PIECE, LAST:
        await asyncio.wait_for(send(event), 60)


async def shielded(key, receive, send):
    for event in START, PIECE, PIECE, LAST:
        await asyncio.shield(send(event))


async def futures(key, receive, send):
    for event in START, PIECE, PIECE, LAST:
        await asyncio.wait({asyncio.ensure_future(send(event))})


async def by_middleware(key, receive, send):
    """A stream behind middleware that wraps both and does not await what it sends before the end."""
    running = []

    async def receiving():
        return await asyncio.create_task(receive())

    async def sending(event):
        running.append(asyncio.ensure_future(send(event)))

    assert (await receiving())["type"] == "http.request"
    await plain(key, receiving, sending)
    await asyncio.gather(*running)


async def by_a_child(key, receive, send):
    """The app's own call waits while a task of its answers."""
    await asyncio.create_task(plain(key, receive, send))


async def by_a_child_that_outlives_it(key, receive, send):
    """The app's call ends with the answer; a task of its goes on and uses receive and send."""
    async def child():
        await gate(key)
        note(key, [await send(START), await send(LAST), (await receive())["type"], (await receive())["type"]])

    child.task = asyncio.create_task(child())
    await plain(key, receive, send)


# --- receive ---

async def shielded_receive(key, receive, send):
    """A receive() that is waited for in vain at first, and later gets its event."""
    pending = asyncio.ensure_future(receive())
    try:
        await asyncio.wait_for(asyncio.shield(pending), 0.001)
    except asyncio.TimeoutError:
        note(key)
    await answer(send, (await pending)["body"].decode())


async def cancelled_receive(key, receive, send):
    """A receive() that is cancelled while it waits loses nothing."""
    pending = asyncio.create_task(receive())
    await asyncio.sleep(0)
    pending.cancel()
    await asyncio.wait({pending})
    note(key)
    await answer(send, f"{pending.cancelled()} {(await receive())['body'].decode()}")


async def watched(key, receive, send):
    """As Django does it: a task waits for the disconnect during the answer and is cancelled at its end."""
    async def watch():
        while (await receive())["type"] != "http.disconnect":
            pass

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await plain(key, receive, send)
    watcher.cancel()
    await asyncio.wait({watcher})


async def told(key, receive):
    """Several receive() at once are all told that the client has gone, as often as they ask. Returns what they got."""
    await receive()
    watchers = [asyncio.create_task(receive()) for _ in range(2)]
    await asyncio.sleep(0)
    note(key + "-ready")
    await asyncio.wait(watchers)
    return [watcher.result()["type"] for watcher in watchers] + [(await receive())["type"]]


async def answers_nobody(key, receive, send):
    """Completes its answer though it was told."""
    events = await told(key, receive)
    for event in START, PIECE, PIECE, LAST:
        events.append(await send(event))
    note(key, [*events, (await receive())["type"]])


async def sends_until_it_raises(key, receive, send):
    events = await told(key, receive)
    try:
        await send(START)
        while True:  # the first one may still reach the kernel
            await send(PIECE)
            await asyncio.sleep(0)
    except OSError:
        events.append("OSError")
    note(key, [*events, (await receive())["type"]])


async def application(scope, receive, send):
    assert scope["type"] == "http"
    (key,) = parse_qs(scope["query_string"].decode()).get("key", [None])
    await globals()[scope["path"][1:]](key, receive, send)


app = controlled(application)
