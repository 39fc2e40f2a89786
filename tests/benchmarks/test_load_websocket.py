"""WebSocket echo and broadcast: what comes back is counted and timed; who is lost, silent or wrong is told."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import apps
from benchmarks.load.broadcast import Broadcast
from benchmarks.load.client import Failure
from benchmarks.load.sockets import OPTIONS
from benchmarks.load.websocket import Echo

ROOT = Path(__file__).parents[2]
SECONDS = 0.2


def figures(kind, server, seconds=SECONDS, **options):
    """Of the second of two runs, as the suite has them."""
    with opened(kind, server, **options) as load:
        load.run(seconds / 4)
        return load.run(seconds)


@contextlib.contextmanager
def opened(kind, server, **options):
    with kind(f"http://127.0.0.1:{server.port}/", SimpleNamespace(**OPTIONS | options)) as load:
        load.stand()
        yield load


def expect_figures(told, messages):
    assert told["messages"] >= messages
    assert 0 < told["p50"] <= told["p99"] <= told["p999"] < 5
    assert 0 < told["message_rate"] <= told["messages"] / SECONDS
    assert told["errors"] == 0


@pytest.mark.parametrize("options", [
    {}, {"size": 4096}, {"size": 65536, "binary": 1}, {"size": 4096, "deflate": 1}, {"size": 64, "deflate": 1},
], ids=["64", "4k", "64k", "deflate-4k", "deflate-64"])
def test_every_message_comes_back(serve, options):
    expect_figures(figures(Echo, serve(apps.echo), connections=8, **options), messages=8)


def test_every_client_gets_what_one_has_sent(serve):
    told = figures(Broadcast, serve(apps.broadcast), connections=20)
    expect_figures(told, messages=20)
    assert told["messages"] % 20 == 0


def test_loads_stand_and_run_as_they_are_told(serve):
    server = serve(apps.echo)
    command = [sys.executable, "-m", "benchmarks.load.websocket", "--url", f"http://127.0.0.1:{server.port}/",
               "--connections", "10"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as load:
        assert json.loads(load.stdout.readline()) == {"connections": 10}
        assert server.call(server.server.clock.census)["OPEN"] == 10
        for _ in range(2):
            load.stdin.write(f"{SECONDS}\n")
            load.stdin.flush()
            expect_figures(json.loads(load.stdout.readline()), messages=10)
        load.stdin.close()
        assert load.wait(30) == 0


async def accept(receive, send):
    await receive()
    await send({"type": "websocket.accept"})


async def accepting(scope, receive, send):
    await accept(receive, send)
    await receive()


async def next_text(receive):
    return (await receive()).get("text")


def closing_when_asked_again(app):
    """`app`, but for the third WebSocket, which closes on its second message."""
    async def closing(scope, receive, send):
        async def receive_once():
            event = await receive()
            asked.append(event["type"])
            return event if asked.count("websocket.receive") < 2 else {"type": "websocket.disconnect"}

        asked = []
        numbers.append(len(numbers))
        await app(scope, receive_once if len(numbers) == 3 else receive, send)

    numbers = []
    return closing


def test_echo_that_ends_is_an_error(serve):
    with opened(Echo, serve(closing_when_asked_again(apps.echo)), connections=5) as load:
        told = load.run(SECONDS)
        assert told["errors"] == 1 and len(load.open) == 4
        assert told["messages"] >= 4
        assert load.run(SECONDS)["messages"] >= 4


def test_broadcast_goes_on_without_those_that_end(serve):
    with opened(Broadcast, serve(apps.broadcast), connections=5) as load:
        for connection in list(load.open.values())[:2]:  # the first of them is the sender
            connection.socket.shutdown(socket.SHUT_RDWR)
        told = load.run(SECONDS)
        assert told["errors"] == 2 and len(load.open) == 3
        assert load.run(SECONDS)["messages"] >= 3


@pytest.mark.parametrize("kind", [Echo, Broadcast])
def test_silence_is_an_error(serve, kind, monkeypatch):
    """The second of two gets the first message alone."""
    monkeypatch.setattr(f"{kind.__module__}.PATIENCE", 0.2)

    async def app(scope, receive, send):
        async def send_once(event):
            sent.append(event["type"])
            if sent.count("websocket.send") < 2:
                await send(event)

        sent = []
        numbers.append(len(numbers))
        await served(scope, receive, send_once if len(numbers) == 3 else send)

    served, numbers = {Echo: apps.echo, Broadcast: apps.broadcast}[kind], []
    with opened(kind, serve(app), connections=2) as load:
        told = load.run(SECONDS)
        assert told["errors"] == 1 and len(load.open) == 1
        assert told["messages"] >= 1


def test_all_that_is_silent_is_a_failure(serve, monkeypatch):
    monkeypatch.setattr("benchmarks.load.websocket.PATIENCE", 0.2)
    with opened(Echo, serve(answering(lambda text: [])), connections=2) as load:
        with pytest.raises(Failure, match="no message came back on 2"):
            load.run(SECONDS)


def answering(answer):
    """An echo that sends the first message back, and then whatever `answer` makes of one."""
    async def app(scope, receive, send):
        await accept(receive, send)
        await send({"type": "websocket.send", "text": await next_text(receive)})
        while text := await next_text(receive):
            for each in answer(text):
                await send({"type": "websocket.send", "text": each})

    return app


@pytest.mark.parametrize(("answer", "told"), [
    (lambda text: [text + "!"], r"\[65\] bytes, and was sent 64"),
    (lambda text: [text[:40], text[40:]], r"\[40, 24\] bytes|\[40\] bytes"),
    (lambda text: [text, ""], r"\[64, 0\] bytes|\[0\] bytes"),
], ids=["longer", "two", "more"])
def test_other_lengths_than_were_sent_are_told(serve, answer, told):
    with opened(Echo, serve(answering(answer)), connections=1) as load:
        with pytest.raises(Failure, match=told):
            load.run(SECONDS)


def test_other_contents_are_told(serve):
    async def upper(scope, receive, send):
        await accept(receive, send)
        await send({"type": "websocket.send", "text": (await next_text(receive)).upper()})
        await receive()

    with pytest.raises(Failure, match="something else"):
        with opened(Echo, serve(upper), connections=1):
            pass


def test_first_message_that_does_not_come_back_is_told(serve):
    with pytest.raises(Failure, match="a first message did not come back: the server closed"):
        with opened(Echo, serve(accepting), connections=1):
            pass


def test_server_without_websockets_is_told(serve):
    with pytest.raises(Failure, match=r"answered HTTP/1\.1 200 OK"):
        with opened(Echo, serve(apps.plain, websocket=False)):
            pass


def test_pings_are_answered_and_messages_may_come_in_pieces():
    """A server that cuts its answers into frames and reads, and goes on when its Ping is answered."""
    async def serve_one(reader, writer):
        from benchmarks.load import frames
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: %b\r\n\r\n" % frames.ACCEPT.encode())
        text, = frames.messages(64, False, 1)
        while await reader.readexactly(6 + 64):
            writer.write(b"\x89\x01?\x01\x20" + text[:32])
            await writer.drain()
            assert await reader.readexactly(7) == frames.frame(frames.PONG, b"?")
            writer.write(b"\x80\x20" + text[32:])

    async def run():
        server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await asyncio.to_thread(figures, Echo, SimpleNamespace(port=port), connections=2)
        finally:
            server.close()

    expect_figures(asyncio.run(run()), messages=2)
