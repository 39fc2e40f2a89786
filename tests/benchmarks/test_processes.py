"""A server's process tree: waited for, paused, resumed, read and stopped."""

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.processes import Failed, ServerProcess

# A server in a child of the process that is started, as with gunicorn.
PARENT = """
import http.server, os, signal, sys
if os.fork():
    os.wait()
else:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

# A server that answers first and works afterwards.
BUSY = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
        end = time.process_time() + 0.3
        while time.process_time() < end:
            pass
        print("done", flush=True)
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def start(tmp_path):
    """start(source) -> ServerProcess that runs this source; its first argument is the port."""
    running, held = [], ExitStack()

    def start(source):
        port = held.enter_context(processes.held_port())
        running.append(ServerProcess(
            [sys.executable, "-c", source, str(port)], port, tmp_path / "log", tmp_path,
            processes.os.sched_getaffinity(0)))
        return running[-1]

    yield start
    for each in running:
        each.stop()
    held.close()


def states(tree):
    """The state letters of processes, as ps shows them."""
    return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in tree]


def test_answer_is_waited_for(start):
    answer, seconds = start(PARENT).wait_for(processes.ask)
    assert answer == (200, b"hello")
    assert 0 < seconds < processes.START_PATIENCE


def test_server_that_ends_is_told_with_its_last_words(start):
    with pytest.raises(Failed, match="ended with status 3; no such app"):
        start("import sys; print('no such app'); sys.exit(3)").wait_for(processes.ask)


def test_server_that_cannot_be_started_is_told(tmp_path):
    with pytest.raises(Failed, match="/no/such/program cannot be started: No such file"):
        ServerProcess(["/no/such/program"], 8000, tmp_path / "log", tmp_path, processes.os.sched_getaffinity(0))


def test_pause_holds_and_resume_frees_the_whole_tree(start):
    server = start(PARENT)
    server.wait_for(processes.ask)
    tree = processes.process_tree(server.process.pid)
    server.pause()
    while set(states(tree)) != {"T"}:  # a signal is delivered when the kernel comes to it
        pass
    server.resume()
    assert len(tree) == 2
    assert processes.ask(server) == (200, b"hello")


def test_cpu_and_memory_are_those_of_the_tree(start):
    server = start(PARENT)
    server.wait_for(processes.ask)
    before = server.cpu()
    for _ in range(20):
        processes.ask(server)
    assert 0 < before < server.cpu()
    assert server.memory() > processes.memory_of(server.process.pid) > 0


def test_tree_that_has_lost_a_process_is_told(start):
    """As when a worker dies under load: what CPU time it used is not to be had any more."""
    server = start(PARENT.replace("os.wait()", "signal.sigwait([signal.SIGTERM])"))
    server.wait_for(processes.ask)
    tree = processes.process_tree(server.process.pid)
    server.expect_whole(tree)
    processes.os.kill(tree[1], signal.SIGKILL)
    while processes.is_alive(tree[1]):
        pass
    with pytest.raises(Failed, match="a process of the server has ended"):
        server.expect_whole(tree)


def test_settled_is_who_has_done_what_was_in_hand(start):
    server = start(BUSY)
    server.wait_for(processes.ask)
    server.settle()
    assert server.log.read_text().endswith("done\n")


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_stop_leaves_no_process(start, paused):
    server = start(PARENT)
    server.wait_for(processes.ask)
    tree = processes.process_tree(server.process.pid)
    if paused:
        server.pause()
    server.stop()
    assert not any(map(processes.is_alive, tree))


def test_cores_are_those_given_and_ours_come_back(start):
    own = processes.os.sched_getaffinity(0)
    with processes.on_cores({min(own)}):
        assert processes.os.sched_getaffinity(0) == {min(own)}
    assert processes.os.sched_getaffinity(0) == own


def test_load_that_is_being_started_when_the_suite_is_to_end_is_ended():
    """Found under heavy load: a TERM between the fork and the first line behind it left a generator running."""
    class Interrupted(Exception):
        pass

    def interrupt(number, frame):
        raise Interrupted

    reader, writer = os.pipe()

    def signal_the_parent():
        os.write(writer, str(os.getpid()).encode())
        os.kill(os.getppid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(Interrupted), processes.load(["sleep", "60"], preexec_fn=signal_the_parent):
            pytest.fail("the signal was lost")
    finally:
        signal.signal(signal.SIGTERM, before)
    started = int(os.read(reader, 100))
    os.close(reader)
    os.close(writer)
    assert not processes.is_alive(started)


def test_load_that_is_waited_for_in_vain_has_failed_and_is_ended():
    with pytest.raises(Failed, match="the load did not end within 0 s"), processes.load(["sleep", "60"]) as process:
        process.communicate(timeout=0.01)
    assert process.returncode == -signal.SIGKILL
