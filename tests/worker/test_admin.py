"""The admin address of a real gunicorn: health, metrics and status, whatever the app and the loops are at."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from shutil import which
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.processes import held_port
from fastsrv.admin.address import Address
from fastsrv.admin.metrics import metrics_page
from fastsrv.admin.paths import Paths
from fastsrv.admin.request import answered
from fastsrv.board import Board
from tests.support.asking import ask, fetch, send
from tests.support.servers import PATIENCE, ROOT, read_response, read_to_end
from tests.worker.gate import GATED, Gate
from tests.worker.served import SOURCE

APP = """
import fastsrv.board, json, os, threading
from pathlib import Path

async def app(scope, receive, send):
    assert scope["type"] == "http"
    body = b"hello"
    if scope["path"] == "/block":
        os.close(os.open("blocks", os.O_WRONLY))  # until the test has opened it
    if scope["path"] == "/fork":
        child = os.fork()
        if not child:
            os.read(os.open("blocks", os.O_RDONLY), 1)
            os._exit(0)
        body = str(child).encode()
    if scope["path"] == "/board":
        body = json.dumps([fastsrv.board.workers(), fastsrv.board.totals()]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""
LOCAL = {"FASTSRV_ADMIN_BIND": "127.0.0.1:0"}


class Admin:
    """How a gunicorn is asked at its admin address; the last one that it has told of."""

    def __init__(self, server, path=None):
        self.server, self.path = server, path

    def connect(self):
        if self.path is not None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE)
            connection.connect(str(self.path))
            return connection
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    @property
    def port(self):
        return int(self.server.wait_for(r"Admin address: http://127\.0\.0\.1:(\d+)")[1])

    def get(self, path, method="GET"):
        with self.connect() as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return read_response(connection, head_only=method == "HEAD")

    def status(self, path):
        return self.get(path).status

    def json(self):
        return json.loads(self.get("/status.json").body)

    def metrics(self):
        """Each sample: (name, labels as pairs) -> value."""
        families = text_string_to_metric_families(self.get("/metrics").body.decode())
        samples = [sample for each in families for sample in each.samples]
        return {(sample.name, tuple(sample.labels.items())): sample.value for sample in samples}

    def until(self, condition):
        """Ask until condition(what /status.json says)."""
        for _ in range(10_000):
            if condition(shown := self.json()):
                return shown
        raise AssertionError(f"never came true: {shown}")


@pytest.fixture
def started(gunicorn):
    """started(*options, source=, config=, env=) -> (Gunicorn, Admin)"""
    def start(*options, source=APP, env=LOCAL, path=None, **more):
        server = gunicorn(source, *options, env=env, **more)
        return server, Admin(server, path)

    return start


@pytest.fixture
def blocks(tmp_path):
    """What /block waits for: let() lets one go on."""
    os.mkfifo(tmp_path / "blocks")

    def let():
        os.close(os.open(tmp_path / "blocks", os.O_RDONLY))

    return let


def wait_until_ready(server, count=1):
    server.wait_for("Ready after", count)


def block(server):
    """A request whose app blocks the loop, on a connection to be closed."""
    connection = server.connect()
    send(connection, "/block")
    return connection


# --- what is answered ---


def test_paths_and_their_fields(started):
    server, admin = started()
    wait_until_ready(server)
    for path in "/", "/livez", "/readyz", "/metrics", "/status", "/status.json", "/stacks", "/livez?verbose":
        answer = admin.get(path)
        assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff" and "default-src 'none'" in (
            answer.headers["content-security-policy"])
        head = admin.get(path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
    assert admin.status("/nothing") == 404
    assert admin.get("/livez", method="POST").status == 405
    assert "hello" not in server.output


@pytest.mark.parametrize(("target", "status"), [
    ("http://localhost/livez", 200), ("HTTP://localhost:9000/livez?verbose", 200), ("http://127.0.0.1", 200),
    ("http://localhost/nothing", 404), ("http://evil.example/livez", 421), ("http://localhost@evil.example/livez", 421),
    ("https://localhost/livez", 200), ("http:///livez", 421), ("ftp://localhost/livez", 404), ("//livez", 200),
])
def test_target_in_absolute_form(target, status):
    """RFC 9112, 3.2.2: it is to be understood, and what Host says is not heeded."""
    asked = f"GET {target} HTTP/1.1\r\nHost: {'localhost' if status == 421 else 'evil.example'}\r\n\r\n".encode()
    if not target.lower().startswith("http"):
        asked = asked.replace(b"evil.example", b"localhost")
    paths = Paths(Board(), 5, "asyncio")
    assert answered(asked, paths.answer, frozenset({"localhost"})).split()[1] == str(status).encode()


def test_page_of_another_name_gets_nothing(started):
    _, admin = started()
    for host, status in (("localhost:9000", 200), ("127.0.0.1", 200), ("[::1]:9000", 200), ("evil.example", 421),
                         ("evil.example:80", 421)):
        with admin.connect() as connection:
            connection.sendall(f"GET /status.json HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert read_response(connection).status == status


def test_metrics_are_as_prometheus_has_them(started):
    server, admin = started("--workers", "2")
    wait_until_ready(server, 2)
    for _ in range(5):
        fetch(server)
    with server.connect() as connection:
        connection.sendall(b"no request\r\n\r\n")
        assert read_response(connection).status == 400
    text = admin.get("/metrics").body
    if which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    found = admin.metrics()
    assert found["fastsrv_requests_total", ()] == 5
    assert found["fastsrv_responses_total", (("class", "2xx"),)] == 5
    assert found["fastsrv_responses_total", (("class", "4xx"),)] == 1
    assert found["fastsrv_response_duration_seconds_count", ()] == 5
    assert found["fastsrv_first_byte_seconds_bucket", (("le", "+Inf"),)] == 5
    assert found["fastsrv_workers", (("state", "ready"),)] == 2
    assert sum(found["fastsrv_worker_requests_total", (("worker", number),)] for number in "12") == 5
    assert found["fastsrv_received_bytes_total", ()] > 0
    assert found["fastsrv_websockets_closed_total", (("code", "1006"),)] == 0  # there before the first one


@pytest.mark.parametrize("accept", [
    "application/openmetrics-text; version=abc", "application/openmetrics-text; version=1.x, */*;q=0.1",
    "text/plain; version=2.y; escaping=z", "application/openmetrics-text; version=9.9.9; escaping=z", "\xff",
])
def test_metrics_are_told_whatever_the_scraper_wants(accept):
    body, _ = metrics_page(Board(), "asyncio", 5, accept)
    assert b"fastsrv_workers_serving 0.0" in body


def test_scrape_needs_no_file():
    """As when there are no descriptors left but the client's."""
    source = """if True:
        import resource
        from fastsrv.admin.paths import Paths
        from fastsrv.board import Board
        paths = Paths(Board(), 5, "uvloop")
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        for path in "/livez", "/readyz", "/metrics", "/status", "/status.json":
            for accept in "", "application/openmetrics-text; version=1.0.0", "text/plain; version=1.0.0":
                print(path, int(paths.answer(path, accept).status))
    """
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == "" and "/metrics 200\n" * 3 in done.stdout and done.stdout.count(" 200\n") == 4 * 3


def test_connections_are_told_by_state(started):
    server, admin = started(source=SOURCE)
    wait_until_ready(server)
    with server.connect() as idle, server.connect() as waits, server.connect():
        assert ask(idle).status == 200
        send(waits, "/wait", "Content-Length: 2", method="POST")
        expected = {"HEAD": 1, "IDLE": 1, "BODY": 1}

        def told(states):
            return {state: count for state, count in states.items() if count} == expected

        shown = admin.until(lambda shown: told(shown["totals"]["states"]))
        assert told(shown["workers"][0]["states"])
        found = admin.metrics()
        assert all(
            found["fastsrv_connection_states", (("state", state),)] ==
            found["fastsrv_worker_connection_states", (("state", state), ("worker", "1"))] == expected.get(state, 0)
            for state in shown["totals"]["states"])
    server.signal(signal.SIGKILL, server.worker())
    wait_until_ready(server, 2)
    assert not any(admin.json()["totals"]["states"].values())


def test_metrics_without_the_package_say_what_is_missing(started, tmp_path):
    (tmp_path / "prometheus_client.py").write_text("raise ImportError")
    _, admin = started()
    answer = admin.get("/metrics")
    assert answer.status == 501 and b"pip install fastsrv[metrics]" in answer.body
    assert admin.status("/livez") == 200


def test_app_reads_the_board(started):
    server, _ = started()
    wait_until_ready(server)
    workers, totals = json.loads(fetch(server, "/board").body)
    assert (workers[0]["state"], workers[0]["in_flight"], totals["requests"], totals["starts"]) == ("ready", 1, 1, 1)
    assert workers[0]["pid"] == server.worker()


def test_off_by_default(started):
    server, _ = started(env={})
    wait_until_ready(server)
    assert "Admin address" not in server.output


# --- while the loops do not turn ---


def test_blocked_loops(started, blocks):
    server, admin = started("--workers", "2", env={**LOCAL, "FASTSRV_ADMIN_BLOCKED_AFTER": "0.6"})
    wait_until_ready(server, 2)
    with block(server):
        shown = admin.until(lambda shown: shown["summary"] == "1 blocked, 1 ready")
        assert shown["health"] == "fair" and admin.status("/livez") == 200
        stacks = admin.get("/stacks").body.decode()
        assert stacks.count("Thread MainThread:") == 2 and stacks.count("In flight (RESPOND): GET /block") == 1
        with contextlib.ExitStack() as stack:
            while admin.json()["summary"] != "2 blocked":  # whom a connection comes to is the kernel's to say
                stack.enter_context(block(server))
                admin.until(lambda shown: all(
                    worker["silent_seconds"] > 0.6 for worker in shown["workers"] if worker["in_flight"]))
            assert (admin.json()["health"], admin.status("/livez"), admin.status("/readyz")) == ("bad", 503, 503)
            found = admin.metrics()
            assert (found["fastsrv_workers_blocked", ()], found["fastsrv_workers_serving", ()]) == (2, 0)
            for pid in {worker["pid"] for worker in admin.json()["workers"]}:
                server.signal(signal.SIGKILL, pid)


def test_loop_that_is_silent_for_two_seconds_is_told(started, blocks):
    server, admin = started("--workers", "2", env={**LOCAL, "FASTSRV_ADMIN_BLOCKED_AFTER": "60"})
    wait_until_ready(server, 2)
    assert admin.json()["health"] == "good"
    with block(server):
        shown = admin.until(lambda shown: shown["summary"] == "1 silent, 1 ready")
        assert shown["health"] == "fair" and [each["serves"] for each in shown["workers"]] == [True, True]
        assert max(each["silent_seconds"] for each in shown["workers"]) >= 2
        blocks()
    shown = admin.until(lambda shown: shown["summary"] == "2 ready")
    assert shown["totals"]["stalls"] == sum(worker["stalls"] for worker in shown["workers"]) > 0
    assert shown["totals"]["stalled_seconds"] > 0.5
    found = admin.metrics()
    assert found["fastsrv_loop_stalls_total", ()] > 0 and found["fastsrv_loop_stalled_seconds_total", ()] > 0.5
    of_each = [found["fastsrv_worker_stalled_seconds_total", (("worker", number),)] for number in "12"]
    assert max(of_each) > 0.5 and sum(of_each) == pytest.approx(found["fastsrv_loop_stalled_seconds_total", ()])


def test_boot_is_not_ready_and_not_blocked(started, tmp_path):
    gate = Gate(tmp_path)
    server, admin = started(source=GATED)
    admin.until(lambda shown: shown["summary"] == "1 booting")
    assert (admin.status("/livez"), admin.status("/readyz")) == (200, 503)
    gate.let()
    wait_until_ready(server)
    assert admin.status("/readyz") == 200
    server.signal(signal.SIGHUP)
    server.worker(2)
    admin.until(lambda shown: shown["summary"] == "1 retiring, 1 booting")
    assert admin.status("/readyz") == 200
    gate.let()
    server.wait_for("Worker exiting")
    assert admin.status("/readyz") == 200


def test_only_worker_serves_while_it_ends_and_accepts(started):
    server, admin = started("--max-requests", "1", source=SOURCE)
    wait_until_ready(server)
    with server.connect() as connection:
        send(connection, "/wait", "Content-Length: 2", method="POST")
        shown = admin.until(lambda shown: shown["summary"] == "1 draining")
        assert (shown["health"], shown["workers"][0]["serves"]) == ("fair", True)
        assert admin.status("/readyz") == 200 and fetch(server, "/").status == 200
        connection.sendall(b"ok")
        assert read_response(connection).body == b"waited"
    wait_until_ready(server, 2)


def test_stop_is_not_ready(started):
    server, admin = started(source=GATED.replace("gate = os.open", "0 and os.open").replace(
        "word = os.read(gate, 1)", "word = b''").replace("os.close(gate)", ""))
    wait_until_ready(server)
    with server.connect() as connection:
        send(connection, "/wait", "Content-Length: 2", method="POST")
        server.wait_for("a request waits")
        server.signal(signal.SIGTERM)
        shown = admin.until(lambda shown: shown["workers"][0]["state"] == "draining")
        assert shown["summary"] == "The service stops: 1 draining" and shown["stopping"]
        assert admin.metrics()["fastsrv_stopping", ()] == 1
        answer = admin.get("/readyz")
        assert (admin.status("/livez"), answer.status, answer.body) == (200, 503, b"the service stops\n")
        connection.sendall(b"ok")
        assert read_response(connection).body == b"waited"
    assert server.wait() == 0


# --- what becomes of workers ---


def test_no_sum_falls_when_workers_are_killed_under_load(started):
    server, admin = started("--workers", "2")
    wait_until_ready(server, 2)
    over = threading.Event()

    def load():
        while not over.is_set():
            with contextlib.suppress(OSError, AssertionError):  # of who is with a worker that dies
                fetch(server)

    last = {}

    def scrape():
        while True:
            with contextlib.suppress(OSError, AssertionError):
                now = admin.metrics()
                break
        fallen = {key: (value, now[key]) for key, value in last.items() if not_a_gauge(key[0]) and now[key] < value}
        last.update(now)
        return now if not fallen else pytest.fail(f"fell: {fallen}")

    loaders = [threading.Thread(target=load) for _ in range(3)]
    for each in loaders:
        each.start()
    try:
        for killed in range(1, 5):
            scrape()
            server.signal(signal.SIGKILL, server.worker(killed))
            while scrape()["fastsrv_worker_exits_total", (("reason", "killed"),)] < killed:
                pass
            wait_until_ready(server, 2 + killed)
    finally:
        over.set()
        for each in loaders:
            each.join()
    now = scrape()
    assert now["fastsrv_worker_starts_total", ()] == 6 and now["fastsrv_workers", (("state", "ready"),)] == 2


def not_a_gauge(name):
    return name.endswith(("_total", "_bucket", "_count", "_sum"))


def test_exits_are_told_apart(started, blocks):
    server, admin = started("--timeout", "1")
    wait_until_ready(server)
    with block(server):
        server.wait_for("WORKER TIMEOUT")
        wait_until_ready(server, 2)
    server.signal(signal.SIGKILL, server.worker(2))
    wait_until_ready(server, 3)
    server.signal(signal.SIGTERM, server.worker(3))
    wait_until_ready(server, 4)
    assert admin.json()["totals"]["exits"] == {"clean": 1, "failed_boot": 0, "killed": 1, "timeout": 1}
    assert admin.json()["totals"]["starts"] == 4


def test_death_of_a_worker_that_ends_is_no_clean_exit(started):
    server, admin = started("--workers", "2", source=SOURCE)
    wait_until_ready(server, 2)
    with server.connect() as waits:
        send(waits, "/wait", "Content-Length: 2", method="POST")
        server.wait_for("a request waits")
        busy = next(each["pid"] for each in admin.json()["workers"] if each["in_flight"])
        server.signal(signal.SIGTERM, busy)
        admin.until(lambda shown: any(each["state"] == "draining" for each in shown["workers"]))
        server.signal(signal.SIGKILL, busy)
        assert read_to_end(waits) == b""
    exits = admin.until(lambda shown: any(shown["totals"]["exits"].values()))["totals"]["exits"]
    assert exits == {"clean": 0, "failed_boot": 0, "killed": 1, "timeout": 0}


def test_child_that_the_app_forks_keeps_nothing(started, blocks):
    server, admin = started()
    port, child = admin.port, int(fetch(server, "/fork").body)
    try:
        server.signal(signal.SIGKILL)
        server.wait_for("The arbiter has gone")
        server.process.wait(PATIENCE)
        for _ in range(10_000):
            with socket.socket() as other, contextlib.suppress(OSError):
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", port))
                other.listen()
                return
        raise AssertionError("the child still has the address")
    finally:
        os.kill(child, signal.SIGKILL)


# --- the address ---


def test_busy_address_is_refused_at_the_start(started):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        server, _ = started(env={"FASTSRV_ADMIN_BIND": address})
        assert server.wait() == 1
        assert f"fastsrv_admin_bind = '{address}' cannot be listened on: Address already in use" in server.output


def test_public_address_is_warned_about_once(started):
    server, _ = started("--workers", "2", env={"FASTSRV_ADMIN_BIND": "0.0.0.0:0"})
    wait_until_ready(server, 2)
    assert server.output.count("whoever reaches it can read it") == 1


def test_unix_socket_is_there_for_as_long_as_gunicorn(started, tmp_path):
    path = tmp_path / "admin"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))  # of an arbiter that was killed
    server, admin = started(env={"FASTSRV_ADMIN_BIND": f"unix:{path}"}, path=path)
    wait_until_ready(server)
    assert admin.status("/readyz") == 200 and path.stat().st_mode & 0o777 == 0o660
    server.signal(signal.SIGKILL, server.worker())
    wait_until_ready(server, 2)
    assert admin.status("/readyz") == 200
    server.signal(signal.SIGTERM)
    assert server.wait() == 0 and not path.exists()


def test_reload_keeps_the_address_and_says_so(started, tmp_path):
    server, admin = started("--workers", "2", env={}, config="fastsrv_admin_bind = '127.0.0.1:0'")
    wait_until_ready(server, 2)
    (tmp_path / "gunicorn.conf.py").write_text("fastsrv_admin_bind = 'off'")
    server.signal(signal.SIGHUP)
    wait_until_ready(server, 4)
    for pid in server.worker(1), server.worker(2):
        server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    assert admin.status("/readyz") == 200
    assert server.output.count("fastsrv_admin_bind is 'off' now, and stays '127.0.0.1:0'") == 1


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_new_arbiter_has_the_address_when_the_old_one_ends(started, tmp_path, kind):
    path = tmp_path / "admin" if kind == "unix" else None
    with held_port() as port:
        address = f"127.0.0.1:{port}" if path is None else f"unix:{path}"
        server, admin = started(env={"FASTSRV_ADMIN_BIND": address}, path=path, module=("fastsrv",))
        wait_until_ready(server)
        old = server.worker()
        server.signal(signal.SIGUSR2)
        wait_until_ready(server, 2)
        new = server.worker(2)
        assert [worker["pid"] for worker in admin.json()["workers"]] == [old]
        assert server.output.count("is still the old arbiter's; it is tried again each second") == 1
        arbiter = int(re.search(r"\[(\d+)\] \[WARNING\] fastsrv_admin_bind", server.output)[1])
        try:
            server.signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE) == 0
            server.wait_for("Admin address: ", 2)
            assert [worker["pid"] for worker in admin.json()["workers"]] == [new]
        finally:
            os.kill(arbiter, signal.SIGTERM)
        server.reader.join(PATIENCE)
    assert path is None or not path.exists()


@pytest.mark.parametrize("timeout", ["30", "0"])
def test_new_arbiter_has_the_address_when_the_old_one_was_killed(started, tmp_path, timeout):
    """The old one leaves the file of its UNIX socket behind. It is the arbiter who removes it and binds, as workers may
    not be allowed to."""
    path = tmp_path / "admin"
    server, admin = started(
        "--timeout", timeout, env={"FASTSRV_ADMIN_BIND": f"unix:{path}"}, path=path, module=("fastsrv",))
    wait_until_ready(server)
    server.signal(signal.SIGUSR2)
    wait_until_ready(server, 2)
    arbiter = int(re.search(r"\[(\d+)\] \[WARNING\] fastsrv_admin_bind", server.output)[1])
    try:
        server.signal(signal.SIGKILL)
        assert int(server.wait_for(r"\[(\d+)\] \[INFO\] Admin address: ", 2)[1]) == arbiter
        assert [worker["pid"] for worker in admin.json()["workers"]] == [server.worker(2)]
        assert "Traceback" not in server.output
    finally:
        os.kill(arbiter, signal.SIGTERM)


def test_address_that_cannot_be_had_is_told_once_by_its_error(tmp_path):
    told = []
    log = SimpleNamespace(info=lambda *said: told.append(said), warning=lambda text, *said: told.append(text % said))
    it = Address(f"unix:{tmp_path}/folder/admin", (os.getuid(), os.getgid()))
    for _ in range(3):
        it.try_again(log)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/admin").write_text("")
    for _ in range(3):
        it.try_again(log)
    assert [text.partition("cannot be listened on: ")[2].partition(";")[0] for text in told] == [
        "No such file or directory", "there is a file, which is no socket"]
    (tmp_path / "folder/admin").unlink()
    it.try_again(log)
    it.try_again(log)
    with it.socket:
        assert it.is_bound() and told[2:] == [("Admin address: %s", it)]


@pytest.mark.parametrize("make", [Path.write_bytes, lambda path, _: path.mkdir()], ids=["file", "folder"])
def test_what_is_no_socket_is_told_and_left(tmp_path, make):
    make(tmp_path / "admin", b"")
    it = Address(f"unix:{tmp_path}/admin", (0, 0))
    with it.socket, pytest.raises(FileExistsError, match=r"there is a (file|folder), which is no socket"):
        it.bind()
    assert (tmp_path / "admin").exists()


@pytest.mark.parametrize("host", ["*", ""])
def test_every_address_of_the_host(host):
    it = Address(f"{host}:0", (0, 0))
    with it.socket:
        it.bind()
        assert it.socket.getsockname()[0] == "0.0.0.0" and it.is_public()


# --- clients that do their worst ---


def test_app_and_health_are_served_beside_hostile_clients(started):
    server, admin = started("--workers", "2")
    wait_until_ready(server, 2)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(admin.connect()) for _ in range(40)]
        for each in crowd:
            each.sendall(b"GET /status HTTP/1.1\r\nHost: loc")  # and no more
        for _ in range(20):
            assert fetch(server).body == b"hello"
        for each in crowd[:16]:
            assert read_to_end(each) == b""  # after some seconds
        for each in crowd[16:]:
            each.close()
        assert admin.status("/readyz") == 200


def test_silent_clients_starve_no_health_check(started):
    """More than there is room for have asked nothing, or do not go when they are answered."""
    server, admin = started()
    wait_until_ready(server)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(admin.connect())
            client.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
            assert read_response(client).status == 200
        silent = [stack.enter_context(admin.connect()) for _ in range(70)]  # of whom the kernel keeps 64 waiting
        assert admin.status("/livez") == 200
        assert read_to_end(silent[0]) == b""
        silent[-1].sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert read_response(silent[-1]).status == 200


class Bound:
    """An address, as a server has it."""

    def __init__(self, listener):
        self.setting, self.socket = "127.0.0.1:0", listener

    def is_loopback(self):
        return True

    def is_bound(self):
        return True


def test_no_thread_to_be_had_ends_nothing():
    """At the limit of processes: the client is closed, and the next one answered when there is room again."""
    source = """if True:
        import logging, os, resource, socket, sys, threading
        from fastsrv.admin.server import AdminServer
        from fastsrv.admin.request import text
        from tests.worker.test_admin import Bound
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        it = AdminServer(Bound(listener), lambda *asked: text(200, "ok"), logging.getLogger())
        it.start()
        limits = resource.getrlimit(resource.RLIMIT_AS)

        def ask():
            with socket.create_connection(listener.getsockname(), timeout=30) as client:
                client.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
                return client.recv(12)

        print(ask())
        threading.stack_size(1 << 30)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, limits[1]))
        try:
            print(ask())
        except ConnectionError:
            print(b"")
        resource.setrlimit(resource.RLIMIT_AS, limits)
        threading.stack_size(0)
        print(ask(), threading.active_count())
    """
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout.splitlines()[:2], done.stderr) == (["b'HTTP/1.1 200'", "b''"], "")
    assert done.stdout.splitlines()[2].startswith("b'HTTP/1.1 200'")


def test_no_request_makes_a_traceback(started):
    server, admin = started()
    wait_until_ready(server)
    for sent, status in (
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", b"431"), (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"\x00\xff\r\n\r\n", b"400"), (b"GET\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\n: x\r\n\r\n", b"200"),
        (b"GET http://[::1/ HTTP/1.1\r\nHost: [x\r\n\r\n", b"421"),
    ):
        with admin.connect() as connection:
            connection.sendall(sent)
            answer = read_to_end(connection)
            assert answer.split()[1] == status and b"Cache-Control: no-store" in answer and b"Traceback" not in answer
    with admin.connect() as connection:
        connection.sendall(b"\r\n\r\n")
        assert read_to_end(connection) == b""
    assert "Traceback" not in server.output and admin.status("/livez") == 200
