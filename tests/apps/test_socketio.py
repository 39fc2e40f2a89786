"""Socket.IO under gunicorn: python-socketio's ASGI application and its own client, over WebSocket and by an upgrade."""

import asyncio
import socket

import pytest
import socketio

from tests.support.servers import PATIENCE

SERVED = "socketio_app"
by_each_way = pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids="-".join)


class Client(socketio.AsyncClient):
    """`heard` are the events that have come, (name, data)."""

    def __init__(self):
        super().__init__(reconnection=False)
        self.heard, self.gone = asyncio.Queue(), asyncio.Event()
        self.on("*", self.hear)
        self.on("connect_error", self.refused)
        self.on("disconnect", self.leave)

    async def hear(self, *event):
        await self.heard.put(event)

    async def refused(self, why):
        await self.heard.put(("refused", why))

    async def leave(self, reason):
        self.gone.set()


def run(server, conversation, transports, count=1, auth=None):
    """conversation(*clients), connected ones."""
    async def connected():
        clients = [Client() for _ in range(count)]
        try:
            for client in clients:
                await client.connect(server.url, auth=auth, transports=transports, wait_timeout=PATIENCE)
                assert client.transport() == "websocket"  # from polling it changes within connect()
            return await conversation(*clients)
        finally:
            for client in clients:
                await client.disconnect()

    return asyncio.run(asyncio.wait_for(connected(), PATIENCE))


@by_each_way
@pytest.mark.parametrize("data", [
    "text", "é ☃", {"a": [1, 2.5, None]}, b"\x00\xff", {"parts": [b"one", "two", b"three"]}, "x" * 500_000,
    bytes(500_000),
], ids=lambda data: f"{type(data).__name__}-{len(data)}")
def test_event_is_acknowledged_with_its_data(server, transports, data):
    async def conversation(client):
        return await client.call("echo", data, timeout=PATIENCE)

    assert run(server, conversation, transports) == data


@by_each_way
def test_events_both_ways(server, transports):
    async def conversation(client):
        for number in range(20):
            await client.emit("answers", number)
        return [await client.heard.get() for _ in range(20)]

    assert run(server, conversation, transports) == [("answer", {"got": number}) for number in range(20)]


@by_each_way
def test_server_asks_the_client(server, transports):
    async def conversation(client):
        client.on("question", lambda question: f"{question} indeed")
        return await client.call("asks", "what", timeout=PATIENCE)

    assert run(server, conversation, transports) == "what indeed"


@by_each_way
def test_room(server, transports):
    async def conversation(first, second, third):
        for client in first, second:
            await client.call("enter", "room", timeout=PATIENCE)
        await third.emit("say", ("room", "hello"))
        assert [await client.heard.get() for client in (first, second)] == [("said", "hello")] * 2
        await third.call("echo", "x", timeout=PATIENCE)
        return third.heard.empty()

    assert run(server, conversation, transports, 3)


@by_each_way
def test_client_that_disconnects(server, key, transports):
    async def conversation(client):
        return await client.call("session", timeout=PATIENCE)

    assert run(server, conversation, transports, auth={"key": key}) == {"auth": {"key": key}}
    # The packet that says so is still in the client's queue when it closes, on Python 3.10.
    assert server.note(key) in ("client disconnect", "transport close")


@by_each_way
def test_client_that_has_gone(server, key, transports):
    async def conversation(client):
        client.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await client.gone.wait()

    run(server, conversation, transports, auth={"key": key})
    assert server.note(key) == "transport close"


@by_each_way
def test_server_that_disconnects(server, key, transports):
    async def conversation(client):
        await client.emit("leave")
        await client.gone.wait()

    run(server, conversation, transports, auth={"key": key})
    assert server.note(key) == "server disconnect"


@by_each_way
def test_server_that_refuses(server, transports):
    async def refused():
        client = Client()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                server.url, auth={"token": "wrong"}, transports=transports, wait_timeout=PATIENCE)
        return await client.heard.get()

    assert asyncio.run(asyncio.wait_for(refused(), PATIENCE)) == ("refused", {"message": "no such token"})
