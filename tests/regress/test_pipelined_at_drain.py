"""Found in review: a worker that began to drain dropped the requests that were read behind one in hand. And in a trial:
a client that kept requests queued kept the drain from ending, as no answer said Connection: close while another request
waited, and what came during the drain was served."""

import asyncio

import pytest

from tests.support.apps import hello
from tests.support.client import Answers
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get


def test_requests_in_hand_are_answered_when_the_worker_drains(wire):
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": scope["path"].encode()[:1], "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": scope["path"].encode()[1:]})

    peer = wire(app)
    peer.send(get(b"/1") + get(b"/2") + get(b"/3"))
    peer.context.draining = True
    peer.call(go_on.set)
    first, second = peer.output.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert (first[-2:], second[-2:]) == (b"/1", b"/2")
    assert [b"connection: close" in answer for answer in (first, second)] == [False, True]
    assert peer.ended


def test_answer_begun_while_the_worker_drains_is_the_last(wire):
    seen = []
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        seen.append(scope["path"])
        await go_on.wait()
        await hello(scope, receive, send)

    peer = wire(app)
    peer.send(get(b"/1") + get(b"/2"))
    peer.context.draining = True
    peer.call(go_on.set)
    peer.send(get(b"/3"))
    assert peer.output.count(b"HTTP/1.1 200 OK\r\n") == peer.output.count(b"connection: close\r\n") == 1
    assert seen == ["/1"]
    assert peer.ended


def test_client_that_goes_on_sending_does_not_keep_the_drain_from_ending(serve):
    """It has been told that its connection closes, and neither looks nor stops."""
    server = serve(hello, hurried=True, graceful_timeout=10 * PATIENCE)
    with server.connect() as client:
        client.sendall(get())
        assert read_response(client).status == 200
        server.call(server.server.stop)
        with pytest.raises(ConnectionError):
            for _ in range(10_000 * PATIENCE):
                client.sendall(get())
                server.call(lambda: None)  # as fast as the server's loop turns, and no faster
        server.stop()


def test_client_that_keeps_requests_queued_does_not_keep_the_drain_from_ending(serve):
    """It sends the next one as soon as one is answered, and has always some in the queue."""
    server = serve(hello, graceful_timeout=PATIENCE)
    answers = Answers()
    asked = 8
    with server.connect() as client:
        client.sendall(get() * asked)
        while data := client.recv(65536):
            answers.feed(data)
            assert len(answers) < 1000
            if len(answers) >= 8:
                server.call(server.server.stop)
            more = len(answers) + 8 - asked
            if more and answers[-1].headers.get("connection") != "close":
                client.sendall(get() * more)
                asked += more
    server.stop()
    assert all(answer.status == 200 and answer.complete for answer in answers)
    assert [answer.headers.get("connection") for answer in answers].index("close") == len(answers) - 1
