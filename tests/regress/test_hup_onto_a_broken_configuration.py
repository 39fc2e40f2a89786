"""Found by an operator: HUP with a gunicorn.conf.py that cannot be loaded, or by which the arbiter cannot go on, ended
the whole service."""

import signal
import socket
import sys
from contextlib import ExitStack

import pytest

from tests.support.asking import ask
from tests.support.proxies import held_port
from tests.support.servers import PATIENCE, Gunicorn

SOURCE = """
import os

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": os.environ["GREETING"].encode()})
"""
GOOD = """
wsgi_app, worker_class, bind, control_socket_disable = "served:app", "fastsrv.Worker", "127.0.0.1:0", True
raw_env, keepalive, fastsrv_keep_alive_header = ["GREETING=hello"], 7, True
"""


def hup(server, config):
    """With this text of the file; when the new worker is ready."""
    (server.folder / "gunicorn.conf.py").write_text(config)
    number = server.output.count("Booting worker") + 1
    server.signal(signal.SIGHUP)
    server.worker(number)
    server.wait_for("Ready after", number)
    server.wait_for("Worker exiting", number - 1)


@pytest.fixture
def service(tmp_path):
    """service(module, config) -> Gunicorn, by `python -m module` and with all that it is told in the file."""
    (tmp_path / "served.py").write_text(SOURCE)
    with ExitStack() as stack:
        def start(module, config=GOOD):
            server = Gunicorn(tmp_path, "", config=config)
            server.command = [sys.executable, "-m", module]
            stack.enter_context(server).wait_for("the service is up")
            return server

        yield start


@pytest.mark.parametrize(("written", "why"), [
    ("this is bad(", "SyntaxError: '\\(' was never closed"),
    ("workers = undefined", "NameError: name 'undefined' is not defined"),
    ("import sys; sys.exit('no secret')", "no secret"),
    ("timeout = 'abc'", "Invalid value for timeout: abc"),
    ("user = 'nosuchuser'", "No such user: 'nosuchuser'"),
    ("chdir = '/nosuch'", "/nosuch"),
    ("forwarded_allow_ips = 'nginx'", "'nginx' does not appear to be an IPv4 or IPv6 network"),
    ("raw_env = ['GREETING']", "environment setting 'GREETING' invalid"),
    ("bind = '127.0.0.1:http'", "'http' is not a valid port number"),
    ("bind = '192.0.2.1:8000'", "bind = '192.0.2.1:8000' cannot be used: Cannot assign requested address"),
    ("bind, certfile = 'unix:other', 'nosuch.pem'", "nosuch.pem"),
    ("worker_class = 'fastsrv.Workr'", "there is no fastsrv.Workr: the worker class"),
    ("worker_class = 'nosuch.Worker'", "No module named 'nosuch'"),
    ("worker_class = 'fastsrv.worker'", "fastsrv.worker is a module"),
    ("worker_tmp_dir = '/nosuch'", "worker_tmp_dir = '/nosuch' cannot be used: /nosuch doesn't exist"),
    ("pidfile = '/nosuch/pid'", "pidfile = '/nosuch/pid' cannot be used: No such file or directory"),
    ("preload_app, wsgi_app = True, 'nosuch:app'", "No module named 'nosuch'"),
    ("fastsrv_header_timeout = 'abc'", "fastsrv_header_timeout in gunicorn's config file"),
    ("fastsrv_header_timout = 3", "did you mean fastsrv_header_timeout?"),
    ("http_protocols = 'h2'", "http_protocols"),
])
def test_configuration_from_before_stays(service, written, why):
    server = service("gunicorn")
    check_survives(server, written, why)
    hup(server, GOOD.replace("hello", "mended"))
    assert answer(server) == (b"mended", "timeout=7")
    assert server.output.count("cannot be reloaded") == 1
    server.signal(signal.SIGTERM)
    assert server.wait() == 0


def test_configuration_from_before_stays_with_the_command_line_of_ours(service):
    check_survives(service("fastsrv"), "this is bad(", "SyntaxError")


def test_another_address_is_listened_on(service):
    server = service("gunicorn")
    hup(server, f"{GOOD}bind = 'unix:{server.folder}/other'\n")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(f"{server.folder}/other")
        assert ask(connection).body == b"hello"
    assert "cannot be reloaded" not in server.output


def test_address_in_use_is_no_other_address(service):
    """By somebody, or by the workers that serve there until new ones do."""
    with socket.create_server(("127.0.0.1", 0)) as other, held_port() as ours:
        good = GOOD.replace("127.0.0.1:0", f"127.0.0.1:{ours}")
        server = service("gunicorn", good)
        for bind in f"127.0.0.1:{other.getsockname()[1]}", f"127.0.0.1:{ours}', 'unix:other":
            before = server.output.count("cannot be reloaded")
            hup(server, f"{good}bind = ['{bind}']\n")
            server.wait_for(r"cannot be reloaded, .*cannot be used: Address already in use", before + 1)
            assert answer(server) == (b"hello", "timeout=7")


def check_survives(server, written, why):
    hup(server, f"{GOOD}{written}\n")
    server.wait_for(rf"(?s)\[ERROR\] The configuration cannot be reloaded, .*{why}")
    assert answer(server) == (b"hello", "timeout=7")


def answer(server):
    with server.connect() as connection:
        response = ask(connection)
    return response.body, response.headers["keep-alive"]
