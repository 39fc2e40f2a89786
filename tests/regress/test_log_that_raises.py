"""A filter of the app's that raised on a line of ours, which the clock had occasion for, ended the heartbeat, and with
it the worker: without a drain, a request beside it was cut off, and the app's lifespan never shut down."""

import os
import select
import signal

import pytest

from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response
from tests.support.stalls import timed

SOURCE = """
import asyncio, sys, threading, time

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        print("the app has started", flush=True)
        await receive()
        print("shut down", flush=True)
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["path"] == "/exit":
        asyncio.get_running_loop().call_soon(sys.exit)
        filtered.set()
    if scope["path"] == "/thread":
        threading.Thread(target=time.sleep, args=(3600,)).start()
        filtered.set()
    print("it has begun", flush=True)
    if scope["path"] == "/stubborn":
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
    await filtered.wait()
    if scope["path"] == "/works":
        await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})

filtered = asyncio.Event()
"""
CONFIG = """
asgi_disconnect_grace_period = 1
graceful_timeout = 2

def post_worker_init(worker):
    import served

    def complains(record):
        if "goes on with" in record.getMessage() or "arbiter has gone" in record.getMessage():
            served.filtered.set()
        return record.request_id

    worker.log.error_log.addFilter(complains)
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@timed
def test_failing_line_costs_itself_alone(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, config=CONFIG)
    with server.connect() as beside, server.connect() as gone:
        send(beside)
        send(gone, "/stubborn")
        server.wait_for("it has begun", 2)
        gone.close()
        assert read_response(beside).body == b"hello"
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert "shut down" in server.output and "heartbeat" not in server.output
    assert "AttributeError" in server.output


def test_process_whose_last_word_fails_ends_all_the_same(gunicorn):
    """A thread of the app's holds it up; the arbiter kills only at its own end."""
    server = gunicorn(SOURCE, "--timeout", "0", config=CONFIG)
    old = os.pidfd_open(server.worker())
    with server.connect() as connection:
        send(connection, "/thread")
        assert read_response(connection).body == b"hello"
    server.signal(signal.SIGHUP)
    assert select.select([old], [], [], PATIENCE)[0]
    os.close(old)


def test_worker_whose_arbiter_has_gone_ends_in_order(gunicorn):
    """It answers what is owed first."""
    server = gunicorn(SOURCE, config=CONFIG)
    server.wait_for("the app has started")
    with server.connect() as connection:
        send(connection, "/works")
        server.wait_for("it has begun")
        server.process.kill()
        assert read_response(connection).body == b"hello"
    server.wait_for("^shut down")


def test_worker_ends_in_order_when_a_callback_of_the_app_exits(gunicorn):
    server = gunicorn(SOURCE, config=CONFIG)
    with server.connect() as connection:
        send(connection, "/exit")
        server.wait_for("^shut down")
