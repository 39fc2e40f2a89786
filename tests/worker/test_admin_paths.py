"""The admin address of a real gunicorn: what is answered there, and health, whatever the app, the loops and the clients
are at. Elsewhere: metrics (test_admin_metrics.py), where it listens (test_admin_address.py)."""

import contextlib
import signal
import subprocess
import sys

import pytest

from fastsrv.admin.paths import Paths
from fastsrv.admin.request import answered
from fastsrv.board import Board
from tests.support.asking import fetch, send
from tests.support.servers import ROOT, read_response, read_to_end
from tests.worker.admin import LOCAL, block, wait_until_ready
from tests.worker.gate import GATED, Gate
from tests.worker.served import SOURCE


def test_off_by_default(started):
    server, _ = started(env={})
    wait_until_ready(server)
    assert "Admin address" not in server.output


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


# --- health, while the loops do not turn and as workers come and go ---


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
        from tests.worker.test_admin_paths import Bound
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
