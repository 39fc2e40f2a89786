"""The floors: each answers every request that comes, however the bytes are cut."""

import asyncio
import socket
import subprocess
import sys

import picows
import pytest

from benchmarks import floors
from benchmarks.environments import ROOT
from benchmarks.load.sockets import Messages, WebSocket
from benchmarks.processes import held_port
from tests.support.servers import PATIENCE
from tests.support.tls import CERTIFICATE, client_context

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n" + b"x" * 10_000


class Transport:
    """What a floor sees of a transport."""

    def __init__(self):
        self.output = b""
        self.closed = False

    def write(self, data):
        self.output += data

    def close(self):
        self.closed = True


def feed(kind, *pieces):
    """A transport after a floor of `kind` has read `pieces`."""
    floor = floors.KINDS[kind]()
    transport = Transport()
    floor.connection_made(transport)
    for piece in pieces:
        floor.data_received(piece)
    return transport


@pytest.mark.parametrize("cut", range(1, len(REQUEST)))
def test_request_in_two_pieces(cut):
    assert feed("constant", REQUEST[:cut], REQUEST[cut:]).output == floors.Constant.answer


def test_each_pipelined_request_is_answered():
    stream = REQUEST * 16
    assert feed("constant", stream).output == floors.Constant.answer * 16
    assert feed("constant", stream[:100], stream[100:102], stream[102:]).output == floors.Constant.answer * 16


@pytest.mark.parametrize("cut", [1, 20, len(UPLOAD) - 10_000, len(UPLOAD) - 1])
def test_upload_is_counted_whole_and_the_connection_lives_on(cut):
    output = feed("count", UPLOAD[:cut], UPLOAD[cut:], UPLOAD).output
    assert output.count(b"\r\n\r\n10000") == 2
    assert output.count(b"content-length: 5\r\n") == 2


def test_nothing_is_answered_before_the_body_is_there():
    assert feed("count", UPLOAD[:-1]).output == b""


def test_large_answer():
    assert len(feed("large", REQUEST).output.partition(b"\r\n\r\n")[2]) == 1048576


def test_connection_is_closed_after_the_answer():
    assert not feed("close", REQUEST[:10]).closed
    transport = feed("close", REQUEST)
    assert transport.output == floors.Close.answer
    assert b"\r\nconnection: close\r\n" in transport.output
    assert transport.closed


def test_task_floor_calls_the_app_for_each_request_and_drops_what_it_sends():
    class Counted(floors.Task):
        def send(self, event):
            sent.append(event["type"])
            return super().send(event)

    async def serve():
        floor = Counted()
        floor.connection_made(transport)
        floor.data_received(REQUEST * 2)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})  # before 3.12 none is eager

    sent, transport = [], Transport()
    asyncio.run(serve())
    assert sent == 2 * ["http.response.start", "http.response.body"]
    assert transport.output == floors.Constant.answer * 2


@pytest.mark.parametrize("kind", floors.WEBSOCKET_KINDS)
def test_websocket_floor_sends_messages_back_and_on(kind):
    async def serve():
        listener = floors.websocket_kinds(picows)[kind]
        server = await picows.ws_create_server(lambda request: listener(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await asyncio.get_running_loop().run_in_executor(None, talk, port)
        finally:
            server.close()

    def talk(port):
        messages = Messages(300, False, False)
        clients = [WebSocket(f"http://127.0.0.1:{port}/", messages) for _ in range(3)]
        for client in clients:
            client.ask()
            for each in clients if kind == "broadcast" else [client]:
                each.answer()
        for client in clients:
            client.close()

    asyncio.run(serve())


@pytest.mark.parametrize(
    ("kind", "certificate"), [("constant", None), ("constant", CERTIFICATE), ("task", None)],
    ids=["tcp", "tls", "task"])
def test_served(kind, certificate):
    options = ["--certificate", certificate] if certificate else []
    words = [sys.executable, "-m", "benchmarks.floors", kind, *options]
    with held_port() as port, subprocess.Popen([*words, "--port", str(port)], cwd=ROOT) as process:
        try:
            assert answer_of(port, process, client_context() if certificate else None) == floors.Constant.answer
        finally:
            process.terminate()


def answer_of(port, process, context):
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
            break
        except ConnectionRefusedError:
            assert process.poll() is None
    with context.wrap_socket(connection, server_hostname="localhost") if context else connection as client:
        client.sendall(REQUEST)
        answer = b""
        while len(answer) < len(floors.Constant.answer):
            received = client.recv(65536)
            assert received
            answer += received
        return answer
