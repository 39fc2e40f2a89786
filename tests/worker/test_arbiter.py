"""Settings of gunicorn's arbiter do as it documents with this worker: the process, its hooks, the control socket, the
dirty arbiter. docs/GUNICORN.md says which test shows which setting."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from tests.support.asking import ask, fetch
from tests.support.servers import PATIENCE, ROOT
from tests.worker.served import SOURCE

HOOKS = """
import os

def say(*words):
    print("hook:", *words, flush=True)

def on_starting(server): say("on_starting", os.getpid(), server.proc_name)
def when_ready(server): say("when_ready", os.getpid())
def nworkers_changed(server, new, old): say("nworkers_changed", new, old)
def pre_fork(server, worker): say("pre_fork", os.getpid())
def post_fork(server, worker): say("post_fork", os.getpid())
def child_exit(server, worker): say("child_exit", os.getpid(), worker.pid)
def on_reload(server): say("on_reload", os.getpid())
def pre_exec(server): say("pre_exec")
def on_exit(server): say("on_exit", os.getpid())
"""


def test_hooks_of_the_arbiter_are_called_each_at_its_moment(gunicorn):
    server = gunicorn(SOURCE, "--pid", "pid", "--name", "shop", config=HOOKS, module=["fastsrv"])
    arbiter, worker = server.process.pid, server.worker()
    server.wait_for("The first worker is ready")
    assert [line for line in server.output.splitlines() if line.startswith("hook: ")] == [
        "hook: nworkers_changed 1 None", f"hook: on_starting {arbiter} shop", f"hook: when_ready {arbiter}",
        f"hook: pre_fork {arbiter}", f"hook: post_fork {worker}"]
    server.signal(signal.SIGHUP)
    server.wait_for(f"^hook: on_reload {arbiter}$")
    server.wait_for(f"^hook: post_fork {server.worker(2)}$")
    server.wait_for(f"^hook: child_exit {arbiter} {worker}$")
    server.signal(signal.SIGUSR2)
    server.wait_for("^hook: pre_exec$")
    server.wait_for("The first worker is ready", 2)
    new = int((server.folder / "pid.2").read_text())
    for each in new, arbiter:
        server.signal(signal.SIGTERM, each)
        server.wait_for(f"^hook: on_exit {each}$")
    assert server.wait() == 0


FACTS = """
import json, os, socket, struct

def open_files():
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            yield int(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            pass  # of listdir() itself

def backlogs():
    for descriptor, name in open_files():
        if name.startswith("socket:"):
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                if copy.family == socket.AF_INET and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield struct.unpack_from("I", copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 28)[0]

async def app(scope, receive, send):
    if scope["type"] == "http":
        print("the app prints", flush=True)
        facts = {
            "folder": os.getcwd(), "greeting": os.environ.get("GREETING"), "backlogs": list(backlogs()),
            "files": [name for _, name in open_files()],
        }
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(facts).encode()})
"""


def test_daemon_is_as_its_config_file_says(tmp_path):
    for name, source in (("inner/facts.py", "import beside\n" + FACTS), ("lib/beside.py", "")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(source)
    (tmp_path / "other.py").write_text(f"""
wsgi_app, chdir, pythonpath = "facts:app", "{tmp_path}/inner", "{tmp_path}/lib"
bind, umask, worker_class = "unix:{tmp_path}/socket", 0o027, "fastsrv.Worker"
daemon, pidfile, worker_tmp_dir = True, "{tmp_path}/pid", "{tmp_path}"
errorlog, capture_output = "{tmp_path}/log", True
control_socket, control_socket_disable = "{tmp_path}/control", True
raw_env = ["GREETING=hello"]
""")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(PATIENCE)
            manager.bind(f"{tmp_path}/notify")
            started = subprocess.run(
                [sys.executable, "-m", "gunicorn", "-c", "other.py"], cwd=tmp_path, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=PATIENCE,
                env={**os.environ, "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": f"{tmp_path}/notify"})
            assert (started.returncode, started.stdout) == (0, b"")
            assert b"READY=1" in manager.recv(4096)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(f"{tmp_path}/socket")
            facts = json.loads(ask(connection).body)
        assert (facts["folder"], facts["greeting"]) == (f"{tmp_path}/inner", "hello")
        assert any(name.startswith(f"{tmp_path}/wgunicorn-") for name in facts["files"])
        assert {f"{tmp_path}/log", "/dev/null"} <= set(facts["files"])
        assert os.stat(f"{tmp_path}/socket").st_mode & 0o777 == 0o777 & ~0o027
        assert not (tmp_path / "control").exists()
        log = (tmp_path / "log").read_text()
        assert f"[{(tmp_path / 'pid').read_text().strip()}] [INFO] Listening at: unix:{tmp_path}/socket" in log
        assert "\nthe app prints\n" in log
    finally:
        if (tmp_path / "pid").exists():
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGQUIT)


def test_daemon_can_keep_what_it_was_given_to_write_to(gunicorn):
    server = gunicorn(SOURCE, "--daemon", "--enable-stdio-inheritance", "--pid", "pid")
    assert server.process.wait(PATIENCE) == 0
    assert fetch(server).body == str(server.worker()).encode()
    server.signal(signal.SIGTERM, int((server.folder / "pid").read_text()))
    assert server.wait() == 0  # when nobody has it any more
    assert "Shutting down: Master" in server.output


def test_socket_that_is_inherited_is_served_with_the_backlog_given(gunicorn):
    with socket.create_server(("127.0.0.1", 0), backlog=5) as given:
        server = gunicorn(FACTS, "--backlog", "77", bind=f"fd://{given.fileno()}", pass_fds=[given.fileno()])
        assert server.port == given.getsockname()[1]
        assert set(json.loads(fetch(server).body)["backlogs"]) == {77}


def run(tmp_path, *words):
    """`python -m` with these words."""
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})


def test_gunicorn_looks_at_a_config_and_prints_it(tmp_path):
    (tmp_path / "served.py").write_text(SOURCE)
    options = "gunicorn", "-k", "fastsrv.Worker", "--check-config"
    assert run(tmp_path, *options, "served:app").returncode == 0
    assert run(tmp_path, *options, "served:nothing").returncode != 0
    printed = run(tmp_path, *options, "--print-config", "served:app").stdout
    assert re.search("^worker_class += fastsrv.Worker$", printed, re.MULTILINE)


def test_spew_shows_each_line_that_runs(gunicorn):
    server = gunicorn(SOURCE, "--spew")
    server.wait_for(r"^fastsrv\.worker:\d+: ")
    server.wait_for(r"^gunicorn\.arbiter:\d+: ")


def test_app_of_a_paste_file_is_served(gunicorn, tmp_path):
    (tmp_path / "shop.ini").write_text("""
[app:main]
paste.app_factory = factory:make
price = %(currency)s 5
""")
    (tmp_path / "factory.py").write_text("""
def make(global_config, price):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": price.encode()})
    return app
""")
    server = gunicorn("", "--paste", "shop.ini", "--paste-global", "currency=EUR")
    assert fetch(server).body == b"EUR 5"


def test_control_socket_tells_of_the_workers(gunicorn, tmp_path):
    server = gunicorn(
        SOURCE, "--workers", "2", "--control-socket", "control", "--control-socket-mode", "0620", control=True)
    server.wait_for("Control socket listening at")
    assert os.stat(tmp_path / "control").st_mode & 0o777 == 0o620
    pids, end = {server.worker(), server.worker(2)}, time.monotonic() + PATIENCE

    def told():
        told = json.loads(run(tmp_path, "gunicorn.ctl.cli", "-s", "control", "-c", "show workers", "-j").stdout)
        return {worker["pid"] for worker in told["workers"]}

    while (found := told()) != pids:  # a worker may say that it boots before its arbiter has noted it
        assert time.monotonic() < end, found


DIRTY = """
import threading
from gunicorn.dirty import DirtyApp, DirtyError, get_dirty_client_async

class Tasks(DirtyApp):
    def __call__(self, action, *args):
        if action == "hang":
            threading.Event().wait()
        return [action, *args]

    def close(self):
        threading.Event().wait()  # for dirty_graceful_timeout

async def app(scope, receive, send):
    if scope["type"] == "http":
        client = await get_dirty_client_async()
        try:
            done = await client.execute_async("served:Tasks", scope["path"][1:], 7)
        except DirtyError as error:
            done = type(error).__name__
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(done).encode()})
"""
DIRTY_HOOKS = """
dirty_apps, dirty_workers, dirty_threads, dirty_timeout, dirty_graceful_timeout = ["served:Tasks"], 1, 2, 8, 1
graceful_timeout = 600
def on_dirty_starting(arbiter): print("hook: on_dirty_starting", flush=True)
def dirty_post_fork(arbiter, worker): print("hook: dirty_post_fork", worker.pid, flush=True)
def dirty_worker_init(worker): print("hook: dirty_worker_init", worker.pid, flush=True)
def dirty_worker_exit(arbiter, worker): print("hook: dirty_worker_exit", worker.pid, flush=True)
"""


def test_dirty_workers_work_for_the_app(gunicorn):
    server = gunicorn(DIRTY, config=DIRTY_HOOKS)
    server.wait_for("^hook: on_dirty_starting$")
    server.wait_for("^hook: dirty_worker_init ")
    assert fetch(server, "/double").body == b"['double', 7]"
    server.signal(signal.SIGKILL, int(server.wait_for(r"^hook: dirty_post_fork (\d+)$")[1]))
    server.wait_for("^hook: dirty_worker_exit ")
    server.wait_for("^hook: dirty_worker_init ", 2)
    while (body := fetch(server, "/double").body) != b"['double', 7]":  # before its arbiter knows the new one
        assert body == b"DirtyWorkerError"
    assert fetch(server, "/hang").body == b"DirtyTimeoutError"
    # There is a thread more. (gunicorn 25 takes the late answer for that to the next request.)
    assert b"['double', 7]" in [fetch(server, "/double").body for _ in range(3)]
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
