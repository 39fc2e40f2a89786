"""Origin: HUP to every process of the service, as `pkill -HUP gunicorn`, `systemctl kill -s HUP` and `kill -HUP -PGID`
send it. It killed the workers, and with them whatever they were answering; so did USR2."""

import os
import signal

import pytest

from tests.support.asking import ask, send
from tests.support.servers import read_response
from tests.worker.served import SOURCE


def test_reload_of_all_processes_loses_no_answer(gunicorn):
    server = gunicorn(SOURCE)
    with server.connect() as busy:
        send(busy, "/wait", "Content-Length: 2", method="POST")
        server.wait_for("a request waits")
        os.killpg(server.process.pid, signal.SIGHUP)
        server.worker(2)  # the arbiter has heard it
        busy.sendall(b"ok")
        assert read_response(busy).body == b"waited"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU])
def test_signal_for_the_arbiter_leaves_a_worker_alone(gunicorn, number):
    server = gunicorn(SOURCE)
    with server.connect() as connection:
        before = ask(connection).body
        server.signal(number, server.worker())
        assert ask(connection).body == before


def test_child_of_the_app_ends_by_hup(gunicorn):
    server = gunicorn("""
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "http":
        child = await asyncio.create_subprocess_exec("sleep", "3600")
        child.send_signal(1)
        body = b"%d" % await child.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
""")
    with server.connect() as connection:
        assert ask(connection).body == b"-1"
