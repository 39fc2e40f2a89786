"""Two receive() made for one event that had come: the second waited in a way that WebSocket's connection did not know,
and the next message ended the worker with a segmentation fault. Found in a review."""

import asyncio

import pytest

from tests.support.frames import BINARY, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close


@pytest.mark.parametrize("end", [frame(BINARY, b"second"), close(1000), None], ids=["message", "close", "end"])
@pytest.mark.parametrize("how", ["gather", "task", "late"])
def test_second_receive_gets_what_comes_next(how, end):
    app = Puppet()
    client = Client(app)
    client.ask()
    accept(app, client)
    client.send(frame(BINARY, b"first"))

    async def both():
        if how == "gather":
            return await asyncio.gather(app.app_receive(), app.app_receive())
        if how == "task":
            task = asyncio.ensure_future(app.app_receive())
            first = await app.app_receive()
            return [first, await task]
        later = app.app_receive()
        return [await app.app_receive(), await later]

    task = app.start(both())
    assert not task.done()
    if end is None:
        client.end()
    else:
        client.send(end)
    first, second = sorted(task.result(), key=lambda event: event.get("bytes") != b"first")
    assert first["bytes"] == b"first"
    assert second.get("bytes", second.get("code")) in (b"second", 1000, 1006)
    app.over.set_result(None)
    client.close()
