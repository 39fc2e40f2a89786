"""Origin: apps that answer from a thread, by asyncio.run_coroutine_threadsafe(send(message), loop), as they do on other
servers. send() did its work in the caller's thread: an error in asyncio's debug mode, and a race without it."""

import asyncio
import threading

import pytest

from tests.support.asking import ask
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import post

TIMES = 20  # requests, one behind the other


def from_a_thread(coroutine, loop):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE)


def answer(body, receive, send, loop):
    """All of an answer, from the caller's thread."""
    from_a_thread(send({"type": "http.response.start", "status": 200}), loop)
    from_a_thread(send({"type": "http.response.body", "body": body, "more_body": True}), loop)
    from_a_thread(send({"type": "http.response.body", "body": b", from a thread"}), loop)
    assert from_a_thread(receive(), loop) == {"type": "http.disconnect"}


@pytest.mark.parametrize("debug", [False, True])
def test_app_answers_from_a_thread(serve, caplog, debug):
    """While a task of it listens for a disconnect, as Starlette's does: the end of the answer wakes it."""
    async def listen(receive):
        while (await receive())["type"] != "http.disconnect":
            pass

    async def app(scope, receive, send):
        body = (await receive())["body"]
        listening = asyncio.create_task(listen(receive))
        await asyncio.sleep(0)
        await asyncio.to_thread(answer, body, receive, send, asyncio.get_running_loop())
        await listening

    server = serve(app, lifespan="off")
    server.call(server.loop.set_debug, debug)
    with server.connect() as connection:
        for number in range(TIMES):
            connection.sendall(post(b"%d" % number))
            assert read_response(connection).body == b"%d, from a thread" % number
    assert not [record for record in caplog.records if record.name == "fastsrv.tests.server"]


def test_work_is_done_in_the_thread_of_the_loop(serve):
    """render() of the header fields, an iterator of the app's, tells of the thread."""
    threads = []

    def headers():
        threads.append(threading.get_ident())
        yield (b"x-a", b"1")

    def answer(send, loop):
        start = send({"type": "http.response.start", "status": 200, "headers": headers()})
        assert threads == []
        from_a_thread(start, loop)
        from_a_thread(send({"type": "http.response.body"}), loop)

    async def app(scope, receive, send):
        await asyncio.to_thread(answer, send, asyncio.get_running_loop())

    server = serve(app, lifespan="off")
    with server.connect() as connection:
        assert ask(connection).headers["x-a"] == "1"
    assert threads == [server.thread.ident]


def test_errors_are_told_where_the_result_is_awaited(serve):
    told = []

    def answer(send, loop):
        for message, kind in (("no dict", TypeError), ({"type": "http.response.body"}, RuntimeError),
                              ({"type": "http.response.start", "status": 20}, ValueError)):
            awaitable = send(message)
            with pytest.raises(kind):
                from_a_thread(awaitable, loop)
            told.append(kind)
        send({"type": "http.response.start", "status": 500})  # never awaited: never done

    async def app(scope, receive, send):
        await asyncio.to_thread(answer, send, asyncio.get_running_loop())
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"told"})

    server = serve(app, lifespan="off")
    with server.connect() as connection:
        response = ask(connection)
        assert (response.status, response.body) == (200, b"told")
    assert told == [TypeError, RuntimeError, ValueError]


def test_await_in_a_loop_of_another_thread_is_refused(serve):
    told = []

    async def answer(send):
        try:
            await send({"type": "http.response.start", "status": 500})
        except RuntimeError as error:
            told.append(str(error))

    async def app(scope, receive, send):
        await asyncio.to_thread(lambda: asyncio.run(answer(send)))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    server = serve(app, lifespan="off")
    with server.connect() as connection:
        assert ask(connection).status == 200
    assert "asyncio.run_coroutine_threadsafe" in told[0]


def test_wait_for_a_slow_client_can_be_cancelled_from_a_thread(serve):
    """Elsewhere passes on what it awaits: a send() that waits, and its cancellation."""
    cancelled = threading.Event()

    def answer(send, loop):
        from_a_thread(send({"type": "http.response.start", "status": 200}), loop)
        future = asyncio.run_coroutine_threadsafe(
            send({"type": "http.response.body", "body": bytes(50_000_000), "more_body": True}), loop)
        waits.wait(PATIENCE)
        assert future.cancel()
        cancelled.set()

    async def app(scope, receive, send):
        await asyncio.to_thread(answer, send, asyncio.get_running_loop())

    waits = threading.Event()
    server = serve(app, lifespan="off")
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        server.until(lambda: any(server.server.clock.waiting("SEND")))
        waits.set()
        assert cancelled.wait(PATIENCE)
