"""Origin: logrotate that makes the new files root's, for workers of another user. Behind USR1 the worker's error log
was lost, its access log went on into the old file, and all that was said of it was a traceback on stderr; an arbiter
that cannot open a file ended, and the service with it. Here folders take the files' place: root cannot open them
either."""

import signal
import time

import pytest

from tests.support.asking import ask, fetch
from tests.support.servers import PATIENCE

SOURCE = """
import sys

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/raises":
        print("printed by the app", file=sys.stderr)
        raise RuntimeError("raised by the app")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})
"""
TERMINAL = """
import os

terminal = int(os.environ.setdefault("TERMINAL", str(os.dup(1))))  # as it was at the start
def when_ready(server):
    os.write(terminal, b"Listening at: http://127.0.0.1:%d\\n" % server.LISTENERS[0].getsockname()[1])
def post_worker_init(worker):
    os.write(terminal, b"Booting worker with pid: %d\\n" % worker.pid)
"""
CONFIG = """
accesslog, errorlog, access_log_format = "access.log", "error.log", "%(r)s"
capture_output = {}
"""


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("taken", ["access.log", "error.log"])
def test_lines_go_on_into_the_old_file(gunicorn, tmp_path, taken, captured):
    server = gunicorn(SOURCE, config=CONFIG.format(captured) + TERMINAL)
    server.worker()
    names = ["access.log", "error.log"]
    for name in names:
        (tmp_path / name).rename(tmp_path / f"{name}.1")
    (tmp_path / taken).mkdir()
    files = {name: tmp_path / (f"{name}.1" if name == taken else name) for name in names}

    def text(name):
        return files[name].read_text() if files[name].exists() else ""

    with server.connect() as connection:
        server.signal(signal.SIGUSR1)  # the arbiter opens its own, and tells the worker then
        end = time.monotonic() + PATIENCE
        while text("error.log").count(f"Cannot open the log file {tmp_path / taken}") < 2:
            assert time.monotonic() < end
            ask(connection, "/behind")
    for path in ("/raises", "/last", "/"):  # with an answer the lines of the one before are written
        fetch(server, path)
    assert "create 0640 USER GROUP" in text("error.log")
    assert text("error.log").count("RuntimeError: raised by the app\n") == 1
    assert text("error.log").count("printed by the app") == captured
    assert "GET /last HTTP/1.1\n" in text("access.log")
    server.signal(signal.SIGTERM)
    assert server.wait() == 0


def test_standard_error_stays_where_it_is_without_a_file(gunicorn, tmp_path):
    """Which was opened as one named "-" once an earlier configuration had one."""
    server = gunicorn(SOURCE, config="capture_output, errorlog = True, 'error.log'\n" + TERMINAL)
    server.worker()
    (tmp_path / "gunicorn.conf.py").write_text("control_socket_disable = True\n" + TERMINAL)
    server.signal(signal.SIGHUP)
    server.worker(2)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert not (tmp_path / "-").exists()


def test_a_logger_of_the_user_s_has_its_own_way(gunicorn):
    server = gunicorn(SOURCE, config="""
import os
from gunicorn.glogging import Logger

class Own(Logger):
    def reopen_files(self):
        os.write(1, b"reopened in its own way\\n")

logger_class = Own
""")
    server.worker()
    server.signal(signal.SIGUSR1)
    server.wait_for("reopened in its own way", 2)
