"""A client that pipelined 4,000 requests had all of them served in one callback: everybody else waited, the heartbeat
stood still, and the arbiter killed the worker. Found in review, beside other servers."""

import asyncio
import threading
import time

import pytest

from tests.support.apps import hello
from tests.support.asking import ask
from tests.support.servers import PATIENCE, read_to_end
from tests.support.stalls import timed
from tests.support.wire import HOST, get, post

COUNT = 1000
LAST = get(b"/", b"Connection: close")


class Journal:
    """Answers with the path, and notes for each start how many answers had left by then, and the loop's turn."""

    def __init__(self):
        self.paths, self.left, self.turns, self.turn = [], [], [], 0

    async def __call__(self, scope, receive, send):
        self.paths.append(scope["path"])
        self.left.append(self.peer.output.count(b"HTTP/1.1 200 "))
        self.turns.append(self.turn)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"[" + scope["raw_path"] + b"]"})

    def follow(self, peer, count=COUNT):
        """Count the loop's turns, as somebody else in it would have them, until so many requests were served."""
        self.peer = peer

        def turn():
            self.turn += 1
            if len(self.paths) < count and not peer.closed:
                peer.loop.call_soon(turn)

        peer.loop.call_soon(turn)
        return peer


def numbered(first, last):
    return b"".join(get(b"/%d" % number) for number in range(first, last + 1))


def paths(first, last):
    return [f"/{number}" for number in range(first, last + 1)]


def in_order(peer, last):
    return peer.output.count(b"[") == last and b"".join(
        part.partition(b"]")[0] for part in peer.output.split(b"[")[1:]) == "".join(paths(1, last)).encode()


def test_each_start_has_a_turn_when_the_budget_is_spent_and_what_was_answered_has_left(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0)).send(numbered(1, COUNT))
    assert app.paths == paths(1, COUNT) and in_order(peer, COUNT)
    assert len(set(app.turns)) == COUNT
    assert app.left == list(range(COUNT))
    assert peer.transport.reading and not peer.ended


def test_what_comes_meanwhile_waits_for_its_turn(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0))

    def come():
        for first in range(1, COUNT, 10):
            peer.transport.receive(numbered(first, first + 9))
            assert len(app.paths) <= 1

    peer.call(come)
    assert app.paths == paths(1, COUNT) and in_order(peer, COUNT)
    assert max(map(app.turns.count, app.turns)) <= 2  # its last one of those before, and one as it came


def test_body_behind_pipelined_requests_reaches_its_app(wire):
    bodies = []

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event["body"], event["more_body"]
        bodies.append(len(body))
        await hello(scope, receive, send)

    peer = wire(app, budget=0).send(b"".join(get() + post(b"x" * size) for size in (0, 1, 70_000, 300_000, 5)))
    assert bodies == [0, 0, 0, 1, 0, 70_000, 0, 300_000, 0, 5]
    assert not peer.ended and peer.transport.reading


def test_requests_whose_client_goes_between_two_turns_are_not_started(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0))
    peer.call(lambda: (
        peer.transport.receive(numbered(1, COUNT)), peer.transport.lose(ConnectionResetError(104, "reset"))))
    assert peer.closed and 1 <= len(app.paths) <= 3


def test_client_that_ends_its_side_between_two_turns_gets_its_answers(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0), 20)
    peer.call(lambda: (peer.transport.receive(numbered(1, 20)), peer.transport.receive(None)))
    assert in_order(peer, 20) and peer.ended and peer.closed


def test_peer_that_lags_between_two_turns_gets_its_answers(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0), 2)
    peer.transport.room = 150  # bytes: an answer, and a part of the second
    peer.send(numbered(1, 100))
    assert len(app.paths) == 2
    for _ in range(100):
        peer.read()
    assert app.paths == paths(1, 100) and in_order(peer, 100) and not peer.ended


def test_bytes_that_come_though_reading_is_paused_are_in_their_place(wire):
    """A loop may have read them before."""
    app = Journal()
    peer = app.follow(wire(app, budget=0), 200)
    sent = numbered(1, 200)

    def come():
        for start in range(0, len(sent), 1000):
            peer.transport.protocol.data_received(sent[start:start + 1000])

    peer.call(come)
    assert app.paths == paths(1, 200) and in_order(peer, 200) and not peer.ended


def test_turns_that_have_been_taken_leave_the_budget_to_later_ones(wire):
    """Those that wait for a turn share it, and nobody else."""
    async def app(scope, receive, send):
        if scope["path"] == "/waits":
            await asyncio.sleep(0)
        else:
            time.sleep(0.05)  # a part of the budget; with a thousand that wait it would be far too much
        await hello(scope, receive, send)

    peer = wire(app, budget=PATIENCE).send(get(b"/waits") * COUNT)
    assert peer.take().count(b"HTTP/1.1 200 ") == COUNT
    peer.send(get(b"/works") * 3)
    assert len(peer.writes) == 1 and peer.output.count(b"HTTP/1.1 200 ") == 3


def test_refusal_behind_requests_waits_for_their_turns(wire):
    app = Journal()
    peer = app.follow(wire(app, budget=0), 50).send(numbered(1, 50) + b"\x00" + numbered(51, 60))
    assert app.paths == paths(1, 50)
    assert peer.output.count(b"HTTP/1.1 400 ") == 1 and peer.ended


@pytest.mark.parametrize("clients", [1, 8])
@timed
def test_second_client_is_served_beside_clients_that_pipeline(serve, clients):
    """Each request takes a millisecond; the second client's has come when the first of them begins."""
    come, begun = threading.Event(), threading.Event()
    before = []

    async def app(scope, receive, send):
        if scope["path"] == "/other":
            app.before = len(before)
        else:
            begun.set()
            assert come.wait(PATIENCE)
            before.append(scope["path"])
            end = time.perf_counter() + 0.001
            while time.perf_counter() < end:
                pass
        await hello(scope, receive, send)

    server = serve(app, lifespan="off")
    answers = []

    def pipeline(connection):
        with connection:
            threading.Thread(target=connection.sendall, args=(get(b"/piped") * 200 + LAST,), daemon=True).start()
            answers.append(read_to_end(connection).count(b"HTTP/1.1 200 OK"))

    with server.connect() as other:
        assert ask(other, "/other").status == 200
        readers = [threading.Thread(target=pipeline, args=(server.connect(),)) for _ in range(clients)]
        for reader in readers:
            reader.start()
        assert begun.wait(PATIENCE)
        other.sendall(b"GET /other HTTP/1.1\r\n" + HOST + b"\r\n")
        come.set()
        assert other.recv(1000).startswith(b"HTTP/1.1 200 OK")
        for reader in readers:
            reader.join(PATIENCE)
    assert app.before <= 10 * clients  # of 200 each
    assert answers == [201] * clients


@timed
def test_arbiter_hears_from_a_worker_whose_client_pipelines(gunicorn):
    server = gunicorn("""
import time

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    end = time.perf_counter() + 0.002
    while time.perf_counter() < end:
        pass
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})
""", "--timeout", "5")
    with server.connect() as connection:
        threading.Thread(target=connection.sendall, args=(get() * 4999 + LAST,), daemon=True).start()
        assert read_to_end(connection).count(b"HTTP/1.1 200 OK") == 5000
    assert "WORKER TIMEOUT" not in server.output
