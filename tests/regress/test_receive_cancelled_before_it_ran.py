"""Origin: asyncio.wait_for(receive(), 0), found while testing what applications do with receive().

An awaitable of receive() that is never run, or cancelled before it ran, must not have taken an event with it.
"""

import asyncio
import contextlib

import pytest

from tests.support.wire import post


async def with_wait_for(receive):
    with contextlib.suppress(asyncio.TimeoutError):
        return await asyncio.wait_for(receive(), 0)


async def with_a_task(receive):
    task = asyncio.create_task(receive())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def with_a_close(receive):
    awaitable = receive()
    awaitable.close()


async def with_a_throw(receive):
    with contextlib.suppress(ZeroDivisionError):
        receive().throw(ZeroDivisionError())


@pytest.mark.parametrize(
    "forgo", [with_wait_for, with_a_task, with_a_close, with_a_throw], ids=lambda f: f.__name__)
def test_event_is_left_for_the_next_receive(wire, forgo):
    events = []

    async def app(scope, receive, send):
        while not events or events[-1]["more_body"]:
            await forgo(receive)
            events.append(await receive())
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    whole = post(b"12345")
    peer = wire(app).send(whole[:-2], whole[-2:])
    assert b"".join(event["body"] for event in events) == b"12345"
    assert b" 200 OK\r\n" in peer.output


def test_awaitables_of_receive_take_events_in_the_order_in_which_they_run(wire):
    events = []

    async def app(scope, receive, send):
        first, second = receive(), receive()
        events.append(await second)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
        events.append(await first)

    wire(app).send(post(b"12345"))
    assert [event["type"] for event in events] == ["http.request", "http.disconnect"]


def test_awaitable_of_receive_waits_if_its_event_was_taken_by_another(wire):
    events = []

    async def app(scope, receive, send):
        first, second = receive(), receive()
        tasks = [asyncio.create_task(first), asyncio.create_task(second)]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == len(waiting) == 1
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
        await asyncio.wait(waiting)
        events.extend(task.result() for task in tasks)

    wire(app).send(post(b"12345"))
    assert [event["type"] for event in events] == ["http.request", "http.disconnect"]
