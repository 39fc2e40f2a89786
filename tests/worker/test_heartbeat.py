"""The arbiter and the worker watch each other: timeout, abort, the death of either."""

import re
import signal

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.servers import read_response
from tests.support.stalls import timed
from tests.worker.served import SOURCE

TIMEOUT = "3"  # seconds: a busy machine may not run a worker for a while, either
SLOW_START = """
async def lifespan(receive, send):
    await receive()
    time.sleep(4.3)
    await send({"type": "lifespan.startup.complete"})
    await receive()
"""
HOOKS = """
def worker_abort(worker): print("hook: worker_abort", flush=True)
def worker_exit(server, worker): print("hook: worker_exit", flush=True)
"""


@timed
def test_who_takes_longer_than_the_timeout_without_blocking_is_not_killed(gunicorn):
    """In start-up (even blocking), in a request, and in a request while the worker drains."""
    server = gunicorn(SOURCE + SLOW_START, "--timeout", TIMEOUT)
    with server.connect() as connection:
        assert ask(connection, "/slow").body == b"slow"
        send(connection, "/slow")
        server.wait_for("a request is slow", 2)
        server.signal(signal.SIGTERM, server.worker())
        response = read_response(connection)
        assert (response.body, response.headers["connection"]) == (b"slow", "close")
    server.worker(2)
    assert "WORKER TIMEOUT" not in server.output


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@timed
def test_worker_whose_loop_is_blocked_says_what_it_was_doing_and_is_replaced(gunicorn, loop):
    server = gunicorn(SOURCE, "--timeout", TIMEOUT, "--asgi-loop", loop, config=HOOKS)
    with server.connect() as waiting, server.connect() as blocking:
        send(waiting, "/forever")
        server.wait_for("a request goes on for ever")
        send(blocking, "/block?seconds=3600")
        server.worker(2)
    report = server.output.partition("was aborted")[2]
    assert re.search(r'Thread MainThread:(\n .*)*\n  File ".*served.py", line \d+, in block\n'
                     r'    time.sleep\(3600\)\n', report)
    assert re.search(r'Thread helper:(\n .*)*, in run\n', report)
    assert re.search(r'Task .*:(\n .*)*\n  File ".*served.py", line \d+, in forever\n'
                     r'    await asyncio.Event\(\).wait\(\)\n', report)
    assert re.search(r"In flight \(RESPOND\): GET /forever of 127.0.0.1:\d+\n", report)
    assert re.search(r"In flight \(RESPOND\): GET /block\?seconds=3600 of 127.0.0.1:\d+\n", report)
    assert report.count("hook: worker_abort\n") == 1
    assert report.count("hook: worker_exit\n") == 1
    assert re.search(r"Worker \(pid:\d+\) exited with code 1", report)
    assert fetch(server).body == str(server.worker(2)).encode()


def test_worker_that_is_aborted_while_idle_dies(gunicorn):
    server = gunicorn(SOURCE, config=HOOKS)
    fetch(server)
    server.signal(signal.SIGABRT, server.worker())
    server.worker(2)
    assert "exited with code 1" in server.output
    assert server.output.count("hook: worker_abort\n") == 1


def test_worker_ends_when_its_arbiter_has_gone(gunicorn):
    server = gunicorn(SOURCE)
    fetch(server)
    server.process.kill()
    server.wait()
    assert "The arbiter has gone" in server.output
    assert "the app shuts down\n" in server.output


def test_worker_that_dies_is_replaced_and_two_workers_share_the_load(gunicorn):
    server = gunicorn(SOURCE, "--workers", "2")
    both = {str(server.worker(1)).encode(), str(server.worker(2)).encode()}
    with server.connect() as first:
        one = ask(first).body
        send(first, "/wait", "Content-Length: 1", method="POST")
        other = next(pid for pid in iter(lambda: fetch(server).body, b"") if pid != one)
        assert {one, other} == both
        first.sendall(b"x")
        assert read_response(first).status == 200
        send(first, "/die")
        assert first.recv(1) == b""
    third = str(server.worker(3)).encode()
    assert third in iter(lambda: fetch(server).body, b"")
    assert "exited with code 7" in server.output
