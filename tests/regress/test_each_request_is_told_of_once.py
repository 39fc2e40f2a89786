"""Origin: a comparison of hooks with gunicorn's own workers. A request whose client had gone before the head of its
answer, or whose body broke by then, was in no access log, and its pre_request was followed by no post_request."""

import asyncio
import itertools
import socket
import struct
import threading
import time

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log.access import Access
from fastsrv.timetable import QUICK, Timetable
from tests.support.asking import ask, send
from tests.support.servers import PATIENCE, read_to_end
from tests.support.wire import get, post

CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"
START = {"type": "http.response.start", "status": 201}


class Told:
    """What the hooks of gunicorn's configuration are told. `over`: of a post_request."""

    def __init__(self, logger=Logger):
        self.events, self.over = [], threading.Semaphore(0)
        cfg = GunicornConfig()
        cfg.set("pre_request", self.pre_request)
        cfg.set("post_request", self.post_request)
        access = Access(self, cfg, logger(cfg))
        self.options = {"before": access.before, "finished": access.finished}

    def pre_request(self, worker, request):
        request.mark = len(self.events)
        self.events.append("pre")

    def post_request(self, worker, request, environ, response):
        assert self.events[request.mark] == "pre"  # the same object for both
        self.events.append((response.status_code, response.sent))
        self.over.release()

    def wait(self):
        assert self.over.acquire(timeout=PATIENCE)


async def until_disconnect(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def answers(receive, send):
    await send(START)
    await send({"type": "http.response.body", "body": b"whole"})


async def raises(receive, send):
    raise ZeroDivisionError("a bug")


async def returns(receive, send):
    pass


async def cancels_itself(receive, send):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def listens(receive, send):
    await until_disconnect(receive)


async def holds_the_head(receive, send):
    await send(START)
    await until_disconnect(receive)


async def begins(receive, send):
    await send(START)
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await until_disconnect(receive)


async def raises_when_it_is_over(receive, send):
    await until_disconnect(receive)
    raise ZeroDivisionError("a bug")


def reads(server, connection):
    read_to_end(connection)


def resets(server, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def half_closes(server, connection):
    connection.shutdown(socket.SHUT_WR)
    read_to_end(connection)


def sends_nonsense(server, connection):
    connection.sendall(b"nonsense\r\n")
    read_to_end(connection)


def stays(server, connection):
    server.call(lambda: server.server.stop(Timetable.quick(time.monotonic(), QUICK)))


FAILED = (500, len("Internal Server Error\n"))
CUT_OFF = (201, len("begun"))


@pytest.mark.parametrize(("work", "request_bytes", "client", "told"), [
    (answers, get(b"/", b"Connection: close"), reads, (201, 5)),
    (raises, get(), reads, FAILED),
    (returns, get(), reads, FAILED),
    (cancels_itself, get(), reads, FAILED),
    (listens, get(), resets, (499, 0)),
    (raises_when_it_is_over, get(), resets, (499, 0)),
    (holds_the_head, get(), resets, (499, 0)),
    (begins, get(), resets, CUT_OFF),
    (listens, post(b"body"), resets, (499, 0)),
    (listens, get(), half_closes, (499, 0)),
    (begins, get(), half_closes, CUT_OFF),
    (listens, CHUNKED, sends_nonsense, (400, None)),
    (holds_the_head, CHUNKED, sends_nonsense, (400, None)),
    (begins, CHUNKED, sends_nonsense, CUT_OFF),
    (listens, get(), stays, (503, 0)),
    (begins, get(), stays, CUT_OFF),
], ids=lambda value: getattr(value, "__name__", None))
def test_each_pre_request_has_one_post_request(serve, work, request_bytes, client, told):
    started = threading.Event()

    async def app(scope, receive, send):
        started.set()
        await work(receive, send)

    hooks = Told()
    server = serve(app, lifespan="off", **hooks.options)
    with server.connect() as connection:
        connection.sendall(request_bytes)
        assert started.wait(PATIENCE)
        client(server, connection)
        hooks.wait()
    server.stop(quickly=True)
    assert hooks.events[0] == "pre"
    ((status, sent),) = hooks.events[1:]
    assert (status, sent) == told or (told[1] is None and status == told[0])


class FullDisk(Logger):
    def access(self, *args):
        raise OSError(28, "No space left on device")


def test_log_that_fails_keeps_no_post_request_from_its_hook(serve):
    hooks = Told(FullDisk)
    server = serve(lambda scope, receive, send: answers(receive, send), lifespan="off", **hooks.options)
    with server.connect() as connection:
        assert ask(connection).status == 201
    server.stop()
    assert hooks.events == ["pre", (201, 5)]


def test_refused_request_that_no_app_has_seen_has_neither(serve):
    hooks = Told()
    server = serve(lambda scope, receive, send: answers(receive, send), lifespan="off", **hooks.options)
    with server.connect() as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        read_to_end(connection)
    assert hooks.events == []


# --- a hook that fails ---


@pytest.mark.parametrize("failure", [ZeroDivisionError, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_pre_request_that_raises_is_a_500_and_harms_nobody(serve, failure):
    statuses, numbers = [], itertools.count(1)

    def before(cycle):
        if next(numbers) == 2:
            raise failure("the hook's")

    server = serve(
        lambda scope, receive, send: answers(receive, send), lifespan="off", before=before,
        finished=lambda cycle: statuses.append(cycle.status))
    with server.connect() as other:
        assert ask(other).status == 201
        with server.connect() as connection:
            send(connection)
            assert read_to_end(connection).startswith(b"HTTP/1.1 500 ")
        assert ask(other).status == 201
    server.until(lambda: len(statuses) >= 3)  # the client may have its answer before
    assert statuses == [201, 500, 201]


@pytest.mark.parametrize("failure", [ZeroDivisionError, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.parametrize("request_bytes", [get(), get() * 3, post(b"x" * 100_000)], ids=["one", "pipelined", "body"])
def test_post_request_that_raises_costs_nothing_of_its_connection(serve, failure, request_bytes):
    calls = []

    def post_request(worker, request, environ, response):
        calls.append(response.status_code)
        raise failure("the hook's")

    cfg = GunicornConfig()
    cfg.set("post_request", post_request)
    access = Access(None, cfg, Logger(cfg))

    async def app(scope, receive, send):
        await asyncio.sleep(0)  # the answer is complete behind the turn in which the request came
        await answers(receive, send)

    server = serve(app, lifespan="off", finished=access.finished)
    with server.connect() as connection:
        connection.sendall(request_bytes)
        connection.sendall(get(b"/", b"Connection: close"))
        count = request_bytes.count(b"HTTP/1.1\r\n") + 1
        assert read_to_end(connection).count(b"HTTP/1.1 201 ") == count
    server.until(lambda: len(calls) >= count)
    assert calls == [201] * count
