"""Found by an operator's trial: with a thread of the app's asleep INT and QUIT took graceful_timeout, and behind a TERM
the arbiter killed the worker before its worker_exit hook."""

import signal
import time

import pytest

from tests.support.asking import send
from tests.support.stalls import timed

SOURCE = """
import asyncio, threading, time

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("the app shuts down", flush=True)
        return await send({"type": "lifespan.shutdown.complete"})
    print("a thread sleeps", flush=True)
    if scope["path"] == "/thread":
        threading.Thread(target=time.sleep, args=[3600]).start()
    await asyncio.to_thread(time.sleep, 3600)
"""
CONFIG = """
def worker_exit(server, worker): print("hook: worker_exit", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("path", ["/", "/thread"])
def test_quick_stop_does_not_wait_for_a_thread(gunicorn, number, path):
    server = gunicorn(SOURCE, "--graceful-timeout", "20", config=CONFIG)
    with server.connect() as busy:
        send(busy, path)
        server.wait_for("a thread sleeps")
        began = time.monotonic()
        server.signal(number)
        assert server.wait() == 0
    assert time.monotonic() - began < 15
    assert "SIGKILL" not in server.output
    assert "the app shuts down" in server.output
    assert "hook: worker_exit" in server.output


@timed
def test_quick_stop_behind_a_graceful_one(gunicorn):
    """The arbiter kills two seconds after it."""
    server = gunicorn(SOURCE, "--graceful-timeout", "20", config=CONFIG)
    with server.connect() as busy:
        send(busy)
        server.wait_for("a thread sleeps")
        server.signal(signal.SIGTERM)
        server.wait_for("Handling signal: term")
        began = time.monotonic()
        server.signal(signal.SIGINT)
        assert server.wait() == 0
    assert time.monotonic() - began < 15
    assert "the worker ends without it" in server.output  # gunicorn does not always say whom it has killed
    assert "the app shuts down" in server.output
    assert "hook: worker_exit" in server.output


@timed
def test_graceful_stop_ends_with_a_thread_before_the_arbiter_kills(gunicorn):
    server = gunicorn(SOURCE, "--graceful-timeout", "2", config=CONFIG)
    with server.connect() as busy:
        send(busy)
        server.wait_for("a thread sleeps")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert "SIGKILL" not in server.output
    assert "the app shuts down" in server.output
    assert "hook: worker_exit" in server.output
