"""What asyncio and anyio offer to wait by, around the receive() and send() of a WebSocket, on real sockets."""

import asyncio
import sys

import anyio
import anyio.to_thread
import pytest
from websockets.sync.client import connect

from tests.support.servers import PATIENCE

LONG = 60  # seconds


async def await_it(receive):
    return await receive()


async def task(receive):
    return await asyncio.create_task(receive())


async def future(receive):
    return await asyncio.ensure_future(receive())


async def gathered(receive):
    event, nothing = await asyncio.gather(receive(), asyncio.sleep(0))
    assert nothing is None
    return event


async def first_of_two(receive):
    """As Django Channels waits for a client and for its groups."""
    waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(asyncio.Event().wait())]
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waits[1].cancel()
    assert done == {waits[0]}
    return waits[0].result()


async def completed(receive):
    for each in asyncio.as_completed([receive()]):
        return await each


async def wait_for(receive):
    return await asyncio.wait_for(receive(), LONG)


async def shielded(receive):
    return await asyncio.shield(receive())


async def timeout(receive):
    async with asyncio.timeout(LONG):
        return await receive()


async def group(receive):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(receive())
    return task.result()


async def anyio_group(receive):
    events = []

    async def wait():
        events.append(await receive())

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
    return events[0]


async def anyio_scope(receive):
    with anyio.fail_after(LONG):
        return await receive()


async def from_a_thread(receive):
    loop = asyncio.get_running_loop()
    return await anyio.to_thread.run_sync(
        lambda: asyncio.run_coroutine_threadsafe(receive(), loop).result(PATIENCE))


WAYS = (
    await_it, task, future, gathered, first_of_two, completed, wait_for, shielded, timeout, group, anyio_group,
    anyio_scope, from_a_thread,
)
SINCE_3_11 = {timeout, group}


@pytest.mark.parametrize("sooner", [True, False])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_receive_and_send_may_be_waited_for_in_all_ways(serve, way, sooner):
    """The event has come, or comes while it is waited for."""
    if way in SINCE_3_11 and sys.version_info < (3, 11):
        pytest.skip("Python 3.11 has it")

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            assert (await way(receive))["type"] == "websocket.connect"
            await way(lambda: send({"type": "websocket.accept"}))
            while (event := await way(receive))["type"] == "websocket.receive":
                if sooner:
                    await asyncio.sleep(0)
                await way(lambda event=event: send({"type": "websocket.send", "text": event["text"]}))

    with connect(f"ws://127.0.0.1:{serve(app).port}", open_timeout=PATIENCE) as client:
        for burst in (1, 3, 1):
            texts = [str(number) for number in range(burst)]
            for text in texts:
                client.send(text)
            assert [client.recv(PATIENCE) for _ in texts] == texts


@pytest.mark.parametrize("give_up", ["wait_for", "cancel", "anyio"])
def test_message_behind_a_receive_that_was_given_up_is_not_lost(serve, give_up):
    async def app(scope, receive, send):
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        if give_up == "wait_for":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(receive(), 0.001)
        elif give_up == "cancel":
            waiting = asyncio.ensure_future(receive())
            await asyncio.sleep(0)
            assert waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        else:
            with anyio.move_on_after(0.001) as scope:
                await receive()
            assert scope.cancelled_caught
        await send({"type": "websocket.send", "text": "given up"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})

    with connect(f"ws://127.0.0.1:{serve(app).port}", open_timeout=PATIENCE) as client:
        assert client.recv(PATIENCE) == "given up"
        client.send("kept")
        assert client.recv(PATIENCE) == "kept"
