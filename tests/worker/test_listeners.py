"""Accepting connections: worker_connections, UNIX sockets, reuse_port, a system that has run out of something."""

import asyncio
import contextlib
import itertools
import signal
import socket
import stat
import threading

import pytest

from tests.support.apps import Gate, hello
from tests.support.asking import ask, fetch, send
from tests.support.servers import PATIENCE, read_response
from tests.worker.served import SOURCE

LOOPS = ["uvloop", "asyncio"]
JITTER = 100  # of max_requests: that three workers get none at all happens once in a million times


@pytest.mark.parametrize("limit", [1, 3])
def test_connections_beyond_worker_connections_wait_and_are_served_later(serve, limit):
    app = Gate()
    server = serve(app, worker_connections=limit)
    connections = [server.connect() for _ in range(8)]
    for connection in connections:
        send(connection, "/", "Connection: close")
    for number in range(len(connections)):
        if number >= limit:
            server.call(app.gate.release)
        assert app.came.acquire(timeout=PATIENCE)
    for _ in range(limit):
        server.call(app.gate.release)
    for connection in connections:
        assert read_response(connection).status == 200
        connection.close()
    assert app.most == limit


@pytest.mark.parametrize("loop", LOOPS)
def test_unix_socket_outlives_crowds_and_workers_and_has_its_umask(gunicorn, tmp_path, loop):
    path = tmp_path / "socket"
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--umask", "0o027", "--worker-connections", "1",
                      bind=f"unix:{path}")
    server.wait_for("Listening at")

    def connect():
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        return connection

    def pid(connection):
        return int(ask(connection, "/", "Connection: close").body)

    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    for _ in range(3):
        with connect() as connection, connect() as waiting:
            assert pid(connection) == server.worker()
            assert pid(waiting) == server.worker()
    server.signal(signal.SIGTERM, server.worker())
    server.worker(2)
    with connect() as connection:
        assert pid(connection) == server.worker(2)
    assert path.is_socket()


@pytest.mark.parametrize("loop", LOOPS)
def test_with_reuse_port_a_worker_that_drains_leaves_nobody_in_its_queue(gunicorn, shared_port, loop):
    """Each worker has a socket of its own there, from which nobody else accepts."""
    server = gunicorn(SOURCE, "--reuse-port", "--asgi-loop", loop, bind=f"127.0.0.1:{shared_port}")

    def connect():
        return socket.create_connection(("127.0.0.1", shared_port), timeout=PATIENCE)

    server.wait_for("Ready after")
    with connect() as busy:
        send(busy, "/wait", "Content-Length: 1", method="POST")
        server.wait_for("a request waits")
        server.signal(signal.SIGTERM, server.worker())
        resets = 0
        with pytest.raises(ConnectionRefusedError):  # nobody listens
            for number in itertools.count():
                if number == 20:  # up to here nobody else listens, and a long answer is in hand
                    busy.sendall(b"x")
                with connect() as late:
                    try:
                        assert ask(late).status == 200
                    except ConnectionResetError:
                        resets += 1
        assert resets <= 1  # in the microseconds from the last accept() to close(): the kernel has no other way
        assert number >= 20 and read_response(busy).body == b"waited"
    server.wait_for("Ready after", 2)
    with connect() as connection:
        assert ask(connection).body == str(server.worker(2)).encode()


@pytest.mark.parametrize("fields", [(), ("Connection: close",)], ids=["idle window", "no idle window"])
@pytest.mark.parametrize("turns", range(10))
def test_connection_is_served_or_refused_whenever_it_comes_in_the_drain(serve, turns, fields):
    """It comes while the loop stands still, so many turns behind the word to stop. Without an idle connection nothing
    but the emptying of the queue stands between the word and the end of the listening socket."""
    began, held, go = threading.Event(), threading.Event(), threading.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/hold":
            began.set()
            await server.server.stopping.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            held.set()
            assert go.wait(PATIENCE)
        await hello(scope, receive, send)

    server = serve(app, lifespan="off")
    with server.connect() as busy, contextlib.ExitStack() as ends:
        send(busy, "/hold", *fields)
        assert began.wait(PATIENCE)
        server.loop.call_soon_threadsafe(server.server.stop)
        assert held.wait(PATIENCE)
        late = []
        with contextlib.suppress(ConnectionRefusedError):
            for _ in range(3):
                late.append(ends.enter_context(server.connect()))
                send(late[-1])
        assert late or turns  # at first it listens still
        go.set()
        for connection in (busy, *late):
            assert read_response(connection).body == b"Hello, world!"


@pytest.mark.parametrize("loop", LOOPS)
def test_worker_is_replaced_after_max_requests_and_no_request_is_lost(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--max-requests", "2", "--max-requests-jitter",
                      str(JITTER))
    counts = []
    for number in range(1, 4):
        pid = server.worker(number)
        with server.connect() as connection:
            answers = [ask(connection)]
            while answers[-1].headers.get("connection") != "close":
                answers.append(ask(connection))
        assert {int(answer.body) for answer in answers} == {pid}
        counts.append(len(answers))
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    assert min(counts) >= 2 and 2 < max(counts) <= 2 + JITTER
    pids = [fetch(server).body]
    while len(set(pids)) < 3:  # who comes while one ends is answered by it, or by the next
        pids.append(fetch(server).body)
    assert all(pids.count(pid) >= 2 for pid in pids[:-1] if pid != pids[-1])


def test_last_request_of_max_requests_closes_its_connection(serve):
    server = serve(hello, max_requests=2)
    with server.connect() as first, server.connect() as second:
        assert ask(first).headers.get("connection") is None
        assert ask(second).headers["connection"] == "close"
    server.stop()
