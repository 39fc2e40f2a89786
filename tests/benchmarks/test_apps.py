"""The suite's applications, served by fastsrv and asked over a real socket."""

import http.client
import json
import os
import time

import pytest
import uvloop

from benchmarks import apps, frameworks
from benchmarks.load.sockets import Messages, WebSocket


def ask(server, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, "/", body)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "app", [apps.plain, apps.suspend, apps.wait, apps.blocking, apps.busy], ids=lambda app: app.__name__)
def test_plain_text(serve, app):
    response, body = ask(serve(app))
    assert response.status == 200
    assert response.getheader("content-length") == "13"
    assert body == b"Hello, World!"


@pytest.mark.parametrize(
    "app", [apps.json, frameworks.starlette, frameworks.fastapi], ids=["raw", "starlette", "fastapi"])
def test_json(serve, app):
    response, body = ask(serve(app))
    assert response.getheader("content-type") == "application/json"
    assert json.loads(body) == {"message": "Hello, World!"}


def test_who_tells_the_process(serve):
    assert ask(serve(apps.who))[1] == b"%d" % os.getpid()


def test_slow_start_is_ready_when_its_time_is_over(serve, monkeypatch):
    monkeypatch.setattr(apps, "START", 0.2)
    begin = time.monotonic()
    assert ask(serve(apps.slow_start))[1] == b"%d" % os.getpid()
    assert time.monotonic() - begin >= 0.2


def test_upload_tells_the_length_of_the_body(serve):
    assert ask(serve(apps.upload), "POST", b"x" * 300_000)[1] == b"300000"


def test_large_response_has_its_length(serve):
    response, body = ask(serve(apps.response_1m))
    assert response.getheader("content-length") == "1048576"
    assert len(body) == 1048576


def test_stream_is_chunked(serve):
    response, body = ask(serve(apps.stream_1m))
    assert response.getheader("transfer-encoding") == "chunked"
    assert len(body) == 1048576


def test_events_carry_the_monotonic_clock(serve):
    server = serve(apps.events)
    begin = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/")
    response = connection.getresponse()
    first = [response.readline() for _ in range(4)]
    response.close()
    connection.close()
    assert first[1] == first[3] == b"\n"
    told = [float(line.removeprefix(b"data: ")) for line in first[::2]]
    assert begin - 0.001 < told[0] < told[1] < time.monotonic()


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_every_message_goes_back(serve, binary):
    client = WebSocket(f"http://127.0.0.1:{serve(apps.echo).port}/", Messages(300, binary, False))
    for _ in range(2):
        client.ask()
        client.answer()
    client.close()


def test_every_message_goes_to_all(serve):
    server = serve(apps.broadcast)
    messages = Messages(64, False, False)
    clients = [WebSocket(f"http://127.0.0.1:{server.port}/", messages) for _ in range(3)]
    for sender in clients[:2]:
        sender.ask()
        for each in clients:
            each.answer()
    clients.pop().close()
    server.until(lambda: len(apps.members) == 2)
    clients[0].ask()
    for each in clients:
        each.answer()
        each.close()
    server.until(lambda: not apps.members)


@pytest.mark.parametrize("event", [{"bytes": b"", "text": None}, {"bytes": b""}], ids=["both", "one"])
def test_a_message_is_sent_as_the_kind_that_it_is(event):
    assert apps.message_of({"type": "websocket.receive", **event}) == {"type": "websocket.send", "bytes": b""}


def test_blocking_app_blocks_now_and_then():
    blocks, begin = apps.Blocks(), time.monotonic()
    assert blocks.due()
    assert not blocks.due()
    assert begin + 0.09 < blocks.next < time.monotonic() + 0.5


def test_versions_of_what_is_running(serve):
    server = serve(apps.versions)
    told = json.loads(ask(server)[1])
    assert told["versions"]["uvloop"] == uvloop.__version__
    assert "fastsrv" in told["versions"]
    assert told["loop"] == f"{type(server.loop).__module__}.{type(server.loop).__qualname__}"
    assert {"python", "implementation", "compiler", "configured"} < told.keys()


def test_version_of_what_is_not_there():
    assert apps.version_of("no-such-distribution") is None
