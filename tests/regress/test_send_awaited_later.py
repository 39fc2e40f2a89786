"""Origin: a review of what a send() that has to wait relies upon. Its awaitable took for granted, when it began to
run, that the connection was still there: a segmentation fault if the client had gone since."""

import asyncio

import pytest

from fastsrv_ext.asgi.call import ClientDisconnected
from tests.support.wire import get

START = {"type": "http.response.start", "status": 200}
LARGE = {"type": "http.response.body", "body": b"x" * 300_000, "more_body": True}  # more than one goes without a wait
END = {"type": "http.response.body"}


async def client_goes(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.mark.parametrize("room", [None, 0], ids=["keeps up", "lags"])
@pytest.mark.parametrize("as_task", [False, True])
@pytest.mark.parametrize("raises", [False, True], ids=["ignore", "raise"])
def test_send_that_is_awaited_when_the_client_has_gone(wire, room, as_task, raises):
    ends = []

    async def app(scope, receive, send):
        await send(START)
        sending = send(LARGE)
        await client_goes(receive)
        try:
            await (asyncio.create_task(sending) if as_task else sending)
            ends.append("returned")
        except ClientDisconnected:
            ends.append("raised")

    it = wire(app, send_raises=raises)
    it.transport.room = room
    it.send(get()).reset()
    assert ends == ["raised" if raises else "returned"]


@pytest.mark.parametrize("room", [None, 0], ids=["keeps up", "lags"])
def test_send_that_is_awaited_when_the_response_is_complete_does_nothing(wire, room):
    done = []

    async def app(scope, receive, send):
        await send(START)
        sending = send(LARGE)
        await send(END)
        await sending
        done.append(True)

    it = wire(app)
    it.transport.room = room
    it.send(get())
    assert done == [True]
