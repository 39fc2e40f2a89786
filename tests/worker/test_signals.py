"""What the worker does on gunicorn's signals: TERM, QUIT, INT, USR1, WINCH and the arbiter's HUP."""

import signal
import threading
import time

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.stalls import timed
from tests.worker.served import SOURCE

HOOKS = """
def worker_int(worker): print("hook: worker_int", flush=True)
def worker_exit(server, worker): print("hook: worker_exit", flush=True)
"""


def test_term_finishes_what_is_in_flight_and_closes_what_is_idle(gunicorn):
    server = gunicorn(SOURCE, config=HOOKS)
    with server.connect() as idle, server.connect() as busy, server.connect() as silent:
        assert ask(idle).headers.get("connection") is None
        send(busy, "/wait", "Content-Length: 2", method="POST")
        server.wait_for("a request waits")
        for _ in range(3):  # the arbiter may say it again
            server.signal(signal.SIGTERM, server.worker())
        server.signal(signal.SIGTERM)
        assert read_to_end(idle) == b""
        assert read_to_end(silent) == b""
        busy.sendall(b"ok")
        response = read_response(busy)
        assert (response.body, response.headers["connection"]) == (b"waited", "close")
        assert read_to_end(busy) == b""
    assert server.wait() == 0
    assert "the app shuts down\n" in server.output
    assert "hook: worker_exit\n" in server.output
    assert "hook: worker_int" not in server.output


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_quit_and_int_end_the_worker_at_once(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, config=HOOKS)
    for count, number in enumerate((signal.SIGINT, signal.SIGQUIT), 1):
        with server.connect() as busy:
            send(busy, "/forever")
            server.wait_for("a request goes on for ever", count)
            server.signal(number, server.worker(count))
            server.worker(count + 1)  # another one has taken its place
            assert b"200" not in read_to_end(busy)
    assert server.output.count("hook: worker_int\n") == 2
    assert server.output.count("hook: worker_exit\n") == 2
    assert server.output.count("the app shuts down\n") == 2


def test_usr1_reopens_log_files_and_winch_is_ignored(gunicorn, tmp_path):
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    errors, old_errors = tmp_path / "error.log", tmp_path / "error.log.1"
    server = gunicorn(SOURCE, config=f"""
accesslog, access_log_format = {str(log)!r}, "%(r)s"
def when_ready(server):
    print("Listening at: http://127.0.0.1:%d" % server.LISTENERS[0].getsockname()[1], flush=True)
def post_worker_init(worker):
    print("Booting worker with pid: %d" % worker.pid, flush=True)
errorlog = {str(errors)!r}
""")
    with server.connect() as connection:
        server.signal(signal.SIGWINCH, server.worker())
        ask(connection, "/?before")
        ask(connection, "/")  # what came before it is in the log now
        log.rename(old)
        errors.rename(old_errors)
        server.signal(signal.SIGUSR1, server.worker())
        end = time.monotonic() + PATIENCE
        while not log.exists():  # the loop reopens the files when it has a turn
            assert time.monotonic() < end
            ask(connection, "/")
        ask(connection, "/?after")
        ask(connection, "/")
    assert "GET /?before HTTP/1.1\n" in old.read_text()
    assert "GET /?after HTTP/1.1\n" in log.read_text()
    assert errors.exists()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@timed
def test_hup_replaces_the_workers_and_loses_no_request(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, "--workers", "2")
    before = {server.worker(1), server.worker(2)}
    answered, enough, done, failures = set(), threading.Event(), threading.Event(), []

    def keep_asking():
        try:
            while not done.is_set():
                answered.add(int(fetch(server).body))
                if answered - before:
                    enough.set()
        except BaseException as failure:
            failures.append(failure)
            enough.set()

    clients = [threading.Thread(target=keep_asking) for _ in range(3)]
    for client in clients:
        client.start()
    server.signal(signal.SIGHUP)
    server.wait_for(r"Worker exiting", 2)
    assert enough.wait(PATIENCE)
    done.set()
    for client in clients:
        client.join()
    assert not failures
    assert answered - before <= {server.worker(3), server.worker(4)}


def test_usr2_starts_a_second_gunicorn_which_takes_over(gunicorn, tmp_path):
    server = gunicorn(SOURCE, "--pid", str(tmp_path / "pid"), module=["fastsrv"])
    fetch(server)
    server.signal(signal.SIGUSR2)
    worker = server.worker(2)
    second = int((tmp_path / "pid.2").read_text())
    try:
        server.signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        assert fetch(server).body == str(worker).encode()
    finally:
        server.signal(signal.SIGTERM, second)
    server.wait()
