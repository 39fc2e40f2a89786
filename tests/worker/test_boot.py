"""Starting: what gunicorn hands to the app, and apps that cannot be served."""

import json
import signal

import pytest

import fastsrv
from tests.support.asking import ask, fetch
from tests.worker.served import SOURCE

WSGI = "def app(environ, start_response): pass"
ASGI_2 = """
class app:
    def __init__(self, scope): pass
    async def __call__(self, receive, send): pass
"""


@pytest.mark.parametrize(("source", "code", "message"), [
    ("", 4, "Failed to find attribute 'app' in 'served'"),
    ("import no_such_module", 3, "ModuleNotFoundError: No module named 'no_such_module'"),
    (WSGI, 4, "takes two arguments, as a WSGI application does"),
    (ASGI_2, 4, "takes one argument, as an ASGI 2 application or a factory does"),
    ("app = 'hello'", 4, "'served:app' cannot be served: Application object must be callable"),
    ("def app(): pass", 4, "Name a factory with parentheses: 'served:app\\(\\)'"),
], ids=["no app", "no import", "WSGI", "ASGI 2", "no callable", "factory"])
def test_app_that_cannot_be_served_ends_gunicorn_with_a_message(gunicorn, source, code, message):
    server = gunicorn(source)
    assert server.wait() == code
    server.wait_for(message)
    assert server.output.count("Booting worker") == 1


def test_worker_obeys_raw_env_preload_app_and_calls_the_hooks(gunicorn):
    server = gunicorn(SOURCE, "--preload", config="""
raw_env = ["GREETING=hello"]
def post_worker_init(worker): print("hook: post_worker_init", worker.pid, flush=True)
def pre_request(worker, req):
    print("hook: pre_request", worker.pid, req.method, req.path, req.uri, req.query, worker.nr, flush=True)
def post_request(worker, req, environ, resp):
    print("hook: post_request", environ["HTTP_X_COLOUR"], resp.status, flush=True)
def worker_exit(server, worker): print("hook: worker_exit", server.pid, worker.pid, flush=True)
""")
    with server.connect() as connection:
        about = json.loads(ask(connection, "/about?a=1", "X-Colour: red").body)
    pid, arbiter = server.worker(), server.process.pid
    assert about["environ"]["GREETING"] == "hello"
    assert about["loaded_in"] == arbiter
    assert about["pid"] == pid
    server.wait_for(f"^hook: post_worker_init {pid}$")
    server.wait_for(f"^hook: pre_request {pid} GET /about /about\\?a=1 a=1 1$")
    server.wait_for("^hook: post_request red 200 OK$")
    server.signal(signal.SIGTERM)
    server.wait()
    server.wait_for(f"^hook: worker_exit {arbiter} {pid}$")


@pytest.mark.parametrize(("setting", "loop"), [("auto", "uvloop"), ("asyncio", "asyncio")])
def test_asgi_loop_names_the_loop(gunicorn, setting, loop):
    server = gunicorn(SOURCE, "--asgi-loop", setting)
    assert json.loads(fetch(server, "/about").body)["loop"] == loop


def test_entry_point_of_the_package_is_the_worker_class(gunicorn):
    server = gunicorn(SOURCE, module=["gunicorn", "-k", "egg:fastsrv#worker"])
    assert fetch(server).body == str(server.worker()).encode()
    assert "Using worker: egg:fastsrv#worker" in server.output


def test_module_of_the_worker_class_is_answered_with_the_name_of_the_class(gunicorn):
    server = gunicorn(SOURCE, module=["gunicorn", "-k", "fastsrv.worker"])
    assert server.wait() == 1
    assert server.output == "Error: fastsrv.worker is a module: write the class, fastsrv.Worker\n"


def test_misspelt_worker_class_is_answered_with_its_name(gunicorn):
    server = gunicorn(SOURCE, module=["gunicorn", "-k", "fastsrv.Workr"])
    assert server.wait() == 1
    assert server.output.strip() == "Error: there is no fastsrv.Workr: the worker class is fastsrv.Worker"
    assert not hasattr(fastsrv, "Workr")
    with pytest.raises(ImportError, match="cannot import name 'Workr' from 'fastsrv'"):
        from fastsrv import Workr  # noqa: F401


def test_python_m_fastsrv_is_gunicorn_with_the_worker_class(gunicorn):
    server = gunicorn(SOURCE, "--workers", "1", module=["fastsrv"])
    assert fetch(server).body == str(server.worker()).encode()
    assert "Using worker: fastsrv.Worker" in server.output
