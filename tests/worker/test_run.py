"""fastsrv.run(): gunicorn, started by a line of Python."""

import asyncio
import signal
import sys
import threading
from urllib.request import urlopen

import pytest

import fastsrv
from fastsrv.config.setting import ConfigError
from tests.support.apps import hello
from tests.support.servers import PATIENCE, Gunicorn

PROGRAM = """
import os
import fastsrv

TEXT = "first"

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": TEXT.encode()})

if __name__ == "__main__":
    fastsrv.run(%s, bind="127.0.0.1:0", control_socket_disable=True, %s)
    print("returned in", os.getpid())
"""


@pytest.fixture
def program(tmp_path):
    """program(app, settings, **env): a program that serves `app`; both are text of Python."""
    running = []

    def start(app, settings="", **env):
        (tmp_path / "program.py").write_text(PROGRAM % (app, settings))
        server = Gunicorn(tmp_path, "", env=env)
        server.command = [sys.executable, "program.py"]
        running.append(server.__enter__())
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


def get(server):
    with urlopen(f"http://127.0.0.1:{server.port}/", timeout=PATIENCE) as answer:
        return answer.read()


@pytest.mark.parametrize("app", ["'program:app'", "app"])
def test_app_is_served_by_workers_until_a_signal_and_run_returns_in_the_arbiter(program, app):
    server = program(app, "workers=2")
    server.wait_for("Ready after", 2)
    assert get(server) == b"first"
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert server.output.count("returned") == 1 and f"returned in {server.process.pid}" in server.output


def test_app_by_name_is_loaded_anew_when_it_is_reloaded(program, tmp_path):
    server = program("'program:app'", "workers=1")
    assert get(server) == b"first"
    text = (tmp_path / "program.py").read_text()
    (tmp_path / "program.py").write_text(text.replace("first", "second, and longer"))  # so that no bytecode is its
    server.signal(signal.SIGHUP)
    server.wait_for("Ready after", 2)
    server.wait_for("Worker exiting")
    assert get(server) == b"second, and longer"


def test_environment_wins_over_arguments(program):
    server = program("app", "workers=3, fastsrv_header_timeout=7", GUNICORN_CMD_ARGS="--workers 1",
                     FASTSRV_HEADER_TIMEOUT="never")
    assert server.wait() == 1
    assert "FASTSRV_HEADER_TIMEOUT in the environment must be a number" in server.output
    server = program("app", "workers=3, fastsrv_header_timeout=7", GUNICORN_CMD_ARGS="--workers 1")
    assert get(server) == b"first"
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert server.output.count("Booting worker") == 1


def test_own_settings_are_obeyed(program):
    server = program("app", "fastsrv_limit_request_head=600")
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\nX: " + b"x" * 600 + b"\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_service_that_cannot_start_exits_with_gunicorns_code(program):
    server = program("'program:nothing'")
    assert server.wait() != 0
    assert "'program:nothing' cannot be served" in server.output and "returned" not in server.output


@pytest.mark.parametrize(("settings", "error", "text"), [
    ({"port": 8000}, TypeError, r"run\(\) knows no 'port': --port is --bind HOST:PORT"),
    ({"wrokers": 2}, TypeError, r"run\(\) knows no 'wrokers'"),
    ({"fastsrv_header_timout": 2}, TypeError, "did you mean fastsrv_header_timeout?"),
    ({"workers": "many"}, ConfigError, r"workers = 'many' of run\(\)"),
    ({"fastsrv_header_timeout": 0}, ConfigError, r"fastsrv_header_timeout of run\(\) must be"),
    ({"reload": True}, ConfigError, "'module:app'"),
])
def test_what_cannot_be_is_raised(settings, error, text):
    with pytest.raises(error, match=text):
        fastsrv.run(hello, **settings)


def test_no_worker_is_forked_beside_a_loop_or_from_a_thread():
    async def beside():
        fastsrv.run(hello)

    with pytest.raises(RuntimeError, match="serve from a thread"):
        asyncio.run(beside())
    raised = []

    def elsewhere():
        try:
            fastsrv.run(hello)
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "main thread" in raised[0]
