"""fastsrv.run(): gunicorn, started by a line of Python."""

import asyncio
import re
import signal
import sys
import threading
from urllib.request import urlopen

import pytest
from gunicorn.workers.sync import SyncWorker

import fastsrv
from fastsrv.config.setting import ConfigError
from tests.support.apps import hello
from tests.support.servers import PATIENCE, Gunicorn
from tests.support.tls import CERTIFICATE

PROGRAM = """
import os
import signal
import sys
import fastsrv

TEXT = "first"

def handlers():
    return [signal.getsignal(number) for number in signal.valid_signals()]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": TEXT.encode()})

class Mine(fastsrv.Worker):
    pass

if __name__ == "__main__":
    for _ in range(%d):
        before = handlers(), os.getcwd(), dict(os.environ), sys.path.copy()
        fastsrv.run(%s, bind="127.0.0.1:0", control_socket_disable=True, %s)
        after = handlers(), os.getcwd(), dict(os.environ), sys.path.copy()
        print("returned in", os.getpid(), "to another place" * (after != before), flush=True)
"""


@pytest.fixture
def program(tmp_path):
    """program(app, settings, times, **env): a program that serves `app`, one time after another; the first two are
    text of Python."""
    running = []

    def start(app, settings="", times=1, **env):
        (tmp_path / "program.py").write_text(PROGRAM % (times, app, settings))
        server = Gunicorn(tmp_path, "", env=env)
        server.command = [sys.executable, "program.py"]
        running.append(server.__enter__())
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


def get(server, time=1):
    """The answer of the `time`th service of the program."""
    port = server.wait_for(r"Listening at: http://127\.0\.0\.1:(\d+)", time)[1]
    with urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as answer:
        return answer.read()


@pytest.mark.parametrize("app", ["'program:app'", "app"])
def test_app_is_served_by_workers_until_a_signal_and_run_returns_in_the_arbiter(program, app):
    server = program(app, "workers=2")
    server.wait_for("Ready after", 2)
    assert get(server) == b"first"
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert server.output.count("returned") == 1 and f"returned in {server.process.pid}" in server.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_as_before_when_run_has_returned(program, number):
    server = program("app")
    server.wait_for("Ready after")
    server.signal(number)
    assert server.wait() == 0
    assert "returned" in server.output and "another place" not in server.output


def test_one_service_follows_another_in_one_process(program, tmp_path):
    server = program("app", f"fastsrv_admin_bind='unix:{tmp_path}/admin'", times=2)
    for time in (1, 2):
        server.wait_for("The first worker is ready", time)
        assert get(server, time) == b"first"
        assert (tmp_path / "admin").is_socket()
        server.signal(signal.SIGTERM)
        server.wait_for("returned", time)
    assert server.wait() == 0
    assert "nobody" not in server.output and not (tmp_path / "admin").exists()


def test_process_is_where_it_was_when_run_has_returned(program, tmp_path):
    (tmp_path / "folder").mkdir()
    server = program("app", "chdir='folder', raw_env=['NAME=value']", times=2)
    for time in (1, 2):
        assert get(server, time) == b"first"
        server.signal(signal.SIGTERM)
        server.wait_for("returned", time)
    assert server.wait() == 0
    assert "another place" not in server.output


def test_hook_has_what_a_worker_has(program):
    server = program("app", f"certfile={str(CERTIFICATE)!r}, raw_env=['NAME=value'], ssl_context=lambda cfg, default: "
                            "[print('made with', os.environ['NAME'], flush=True), default()][1]")
    server.wait_for("made with value")
    server.wait_for("Ready after")


def test_service_follows_one_whose_worker_was_killed(program):
    server = program("app", "graceful_timeout=1", times=2)
    server.wait_for("Ready after")
    server.signal(signal.SIGSTOP, server.worker())
    server.signal(signal.SIGTERM)
    server.wait_for("returned")
    assert get(server, 2) == b"first"


def test_app_by_name_is_loaded_anew_when_it_is_reloaded(program, tmp_path):
    (tmp_path / "folder").mkdir()
    server = program("'program:app'", "workers=1, chdir='folder'")
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


@pytest.mark.parametrize(("words", "text"), [
    ("--reload", "reload takes an app by its name"),
    ("-c nothere.py", "config = 'nothere.py' in GUNICORN_CMD_ARGS: no config file is read"),
    ("-k sync", "worker_class = 'sync' is not fastsrv.Worker"),
    ("--workers=-1", "workers = -1 in GUNICORN_CMD_ARGS: "),
])
def test_what_cannot_be_in_the_environment_is_raised(program, words, text):
    server = program("app", GUNICORN_CMD_ARGS=words)
    server.wait_for("ConfigError: .*" + re.escape(text))
    assert server.wait() == 1


def test_class_of_the_users_own_is_the_workers(program):
    server = program("app", "worker_class=Mine")
    server.wait_for("Using worker: Mine")
    assert get(server) == b"first"


def test_service_of_no_workers_says_so(program):
    server = program("app", "workers=0")
    server.wait_for("workers = 0 serves nobody")
    server.signal(signal.SIGTTIN)
    assert get(server) == b"first"


def test_call_that_a_worker_would_repeat_is_refused(program, tmp_path):
    (tmp_path / "unguarded.py").write_text("import fastsrv\nfastsrv.run('unguarded:app', bind='127.0.0.1:0')\n")
    server = program("'unguarded:app'")
    server.wait_for(r"RuntimeError: run\(\) is called by a module that the workers load")
    assert server.wait() != 0


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
    ({"port": 8000}, TypeError, r"run\(\) knows no 'port': write bind='HOST:PORT'$"),
    ({"host": "::1"}, TypeError, r"run\(\) knows no 'host': write bind='HOST:PORT'$"),
    ({"uds": "/s"}, TypeError, "'uds': write bind='unix:PATH'$"),
    ({"reload_dir": "."}, TypeError, r"'reload_dir': write reload_extra_files='DIR/\*\*/\*.py', from gunicorn 26.1"),
    ({"reload_dirs": ["."]}, TypeError, r"'reload_dirs': write reload_extra_files='DIR/"),
    ({"headers": []}, TypeError, "headers has no counterpart here: the app, or middleware of its, adds such fields"),
    ({"access_log": False}, TypeError, "'access_log': write accesslog='-', without which there is none$"),
    ({"bind": "127.0.0.1:http"}, ConfigError, "bind = .*'http' is not a valid port number"),
    ({"raw_env": ["A"]}, ConfigError, "raw_env = .*'A' invalid"),
    ({"no_http1_keep_alive": True}, TypeError, "'no_http1_keep_alive': write keepalive=0$"),
    ({"log_level": "info"}, TypeError, "'log_level': log_level is loglevel$"),
    ({"timeout_keep_alive": 5}, TypeError, "timeout_keep_alive is keepalive$"),
    ({"limit_concurrency": 5}, TypeError, "limit_concurrency is fastsrv_limit_concurrency$"),
    ({"keep_alive_timeout": 5}, TypeError, "keep_alive_timeout is keepalive$"),
    ({"interface": "asgi3"}, TypeError, "interface has no counterpart here: ASGI 3 is served"),
    ({"wrokers": 2}, TypeError, r"run\(\) knows no 'wrokers': the settings are"),
    ({"config": "nothere.py"}, TypeError, r"run\(\) takes no config: no config file is read"),
    ({"wsgi_app": "other:app"}, TypeError, "takes no wsgi_app: the app is the first argument"),
    ({"paste": "nothere.ini"}, TypeError, "takes no paste: "),
    ({"default_proc_name": "app"}, TypeError, "takes no default_proc_name: proc_name"),
    ({"worker_class": "sync"}, ConfigError, "worker_class = 'sync' is not fastsrv.Worker"),
    ({"worker_class": SyncWorker}, ConfigError, "worker_class = 'SyncWorker' is not fastsrv.Worker"),
    ({"worker_class": "fastsrv.Wroker"}, ConfigError, "worker_class = 'fastsrv.Wroker' is not fastsrv.Worker"),
    ({"certfile": "no.pem"}, ConfigError, "certfile = 'no.pem' cannot be read: No such file"),
    ({"certfile": __file__}, ConfigError, "holds no certificate in PEM format"),
    ({"cert_reqs": 2}, ConfigError, "cert_reqs is set without certfile"),
    ({"bind": "127.0.0.1:70000"}, ConfigError, "bind = '127.0.0.1:70000' cannot be used: bind"),
    ({"pidfile": "/none/pid"}, ConfigError, "pidfile = '/none/pid' cannot be used"),
    ({"protocol": "uwsgi"}, ConfigError, "protocol = 'uwsgi' cannot be used"),
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
