"""The metrics and sums of a real gunicorn, as its admin address and its app are told of them."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from shutil import which

import pytest

from fastsrv.admin.metrics import metrics_page
from fastsrv.board import Board
from tests.support.asking import ask, fetch, send
from tests.support.servers import ROOT, read_response, read_to_end
from tests.worker.admin import block, wait_until_ready
from tests.worker.served import SOURCE

TIMEOUT = 5  # seconds: the arbiter is to kill who blocks, and nobody whom a busy machine does not run for a while


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
    found = admin.metrics_until(lambda found: (
        found["fastsrv_first_byte_seconds_bucket", (("le", "+Inf"),)] == 5 and
        found["fastsrv_responses_total", (("class", "4xx"),)] == 1))
    assert found["fastsrv_requests_total", ()] == 5
    assert found["fastsrv_responses_total", (("class", "2xx"),)] == 5
    assert found["fastsrv_response_duration_seconds_count", ()] == 5
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


def test_metrics_without_the_package_say_what_is_missing(started, tmp_path):
    (tmp_path / "prometheus_client.py").write_text("raise ImportError")
    _, admin = started()
    answer = admin.get("/metrics")
    assert answer.status == 501 and b"pip install fastsrv[metrics]" in answer.body
    assert admin.status("/livez") == 200


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


def test_app_reads_the_board(started):
    server, _ = started()
    wait_until_ready(server)
    workers, totals = json.loads(fetch(server, "/board").body)
    assert (workers[0]["state"], workers[0]["in_flight"], totals["requests"], totals["starts"]) == ("ready", 1, 1, 1)
    assert workers[0]["pid"] == server.worker()


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
    server, admin = started("--timeout", str(TIMEOUT))
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
