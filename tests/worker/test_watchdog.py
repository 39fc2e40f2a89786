"""A thread of each worker tells what it is doing while its loop is blocked."""

import contextlib
import json
import os
import re
import signal

import pytest

from tests.support.asking import ask, send
from tests.support.servers import read_response
from tests.worker.gate import Gate

SOURCE = """
import asyncio, ctypes, json, os, threading

from fastsrv import board
from fastsrv.reports import stacks_of_all

crowd = []

def blocked_at_the_gate(read=os.read):
    gate = os.open("gate", os.O_RDONLY)
    read(gate, *((1,) if read is os.read else (ctypes.create_string_buffer(1), 1)))
    os.close(gate)

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    said = os.getpid()
    if scope["path"] == "/block":
        blocked_at_the_gate()
    elif scope["path"] == "/native":
        read = ctypes.PyDLL(None).read  # keeps the GIL
        print("the GIL is kept", flush=True)
        blocked_at_the_gate(read)
    elif scope["path"] == "/stacks":
        said = await asyncio.to_thread(stacks_of_all, board.current, float(scope["query_string"] or 30))
    elif scope["path"] == "/many":
        said = await asyncio.gather(*(asyncio.to_thread(stacks_of_all, board.current, 30.0) for _ in range(5)))
    elif scope["path"] == "/crowd":
        crowd.extend(asyncio.create_task(asyncio.Event().wait(), name="u" * 1000) for _ in range(200))
    elif scope["path"] == "/stalls":
        said = {slot.pid: (slot.stalls, slot.stalled) for slot in board.current.taken()}
    elif scope["path"] == "/stay":
        threading.Thread(target=blocked_at_the_gate).start()
        crowd.append(asyncio.create_task(stay()))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})

async def stay():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
"""


class Pair:
    """A gunicorn of two workers: `first` and `second` are connections, each to another one, `pids` these workers'."""

    def __init__(self, server, folder, stack):
        self.server, self.gate = server, Gate(folder)
        found = {}
        while len(found) < 2:
            connection = stack.enter_context(server.connect())
            if found.setdefault(self.asks(connection), connection) is not connection:
                connection.close()
        self.pids, (self.first, self.second) = list(found), found.values()

    def asks(self, connection, path="/"):
        return json.loads(ask(connection, path).body)

    def stacks(self, wait=""):
        """pid -> report, as the second one is told."""
        return {pid: report for _, pid, report in self.asks(self.second, f"/stacks?{wait}")}

    def blocks(self, path="/block"):
        """The first one blocks."""
        send(self.first, path)

    def lets(self):
        """It goes on."""
        self.gate.let()
        return read_response(self.first)


@pytest.fixture
def pair(gunicorn, tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda *options, source=SOURCE, **more: Pair(
            gunicorn(source, "--workers", "2", "--keep-alive", "60", *options, **more), tmp_path, stack)


# --- the stacks of all ---


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_blocked_worker_tells_another_one_its_stacks(pair, loop):
    it = pair("--asgi-loop", loop)
    it.blocks()
    while "in blocked_at_the_gate" not in (report := it.stacks()[it.pids[0]]):
        pass  # the request was on its way
    assert re.search(r"Thread MainThread:(\n .*)*, in blocked_at_the_gate\n", report)
    assert re.search(r"In flight \(RESPOND\): GET /block of 127.0.0.1:\d+\n", report)
    assert re.search(r"Task .*:(\n .*)*, in heartbeat\n", report)
    assert re.search(r"Thread .*:(\n .*)*, in stacks_of_all\n", it.stacks()[it.pids[1]])
    assert it.lets().status == 200


def test_several_ask_at_once_and_a_long_report_is_cut(pair):
    it = pair()
    it.asks(it.first, "/crowd")
    for answer in it.asks(it.second, "/many"):
        reports = {pid: report for _, pid, report in answer}
        assert reports.keys() == set(it.pids)
        first = reports[it.pids[0]]
        assert first.startswith("Thread ") and first.endswith("there is no room for the rest)")
        assert len(first) == 64 * 1024


def test_it_is_said_who_does_not_answer(pair):
    """One that is stopped, and one that keeps the GIL."""
    it = pair()
    os.kill(it.pids[0], signal.SIGSTOP)
    assert it.stacks("0.5")[it.pids[0]].startswith("No answer in 0.5 s")
    os.kill(it.pids[0], signal.SIGCONT)
    assert it.stacks()[it.pids[0]].startswith("Thread ")
    it.blocks("/native")
    it.server.wait_for("the GIL is kept")  # in a moment
    while (report := it.stacks("0.5")[it.pids[0]]).startswith("Thread "):
        pass
    assert report.startswith("No answer in 0.5 s")
    assert it.lets().status == 200
    assert it.stacks()[it.pids[0]].startswith("Thread ")


# --- a loop that is blocked ---


@pytest.fixture
def strict(pair):
    """A pair whose loops may be blocked for less than the default."""
    env = {"FASTSRV_SLOW_CALLBACK": "0.3", "FASTSRV_SHUTDOWN_KEEPALIVE": "0.1"}
    return lambda *options, **more: pair(*options, env=env, **more)


BLOCKED = r"\[(\d+)\] \[WARNING\] The event loop has been blocked for [\d.]+ s; it runs:\n"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_stall_is_told_of_while_it_lasts_and_counted(pair, loop):
    it = pair("--asgi-loop", loop)
    it.blocks()
    assert int(it.server.wait_for(BLOCKED)[1]) == it.pids[0]
    it.server.wait_for(r"In flight \(RESPOND\): GET /block of 127.0.0.1:\d+\n")
    stack = it.server.output.partition("it runs:\n")[2]
    assert re.match(r'(  .*\n)*  File .*, in blocked_at_the_gate\n    read\(.*\nIn flight', stack)
    assert it.lets().status == 200
    seconds = float(it.server.wait_for(r"The event loop was blocked for ([\d.]+) s\n")[1])
    stalls = it.asks(it.second, "/stalls")
    assert stalls[str(it.pids[1])] == [0, 0]
    count, nanoseconds = stalls[str(it.pids[0])]
    assert count == 1 and round(nanoseconds / 1e9, 2) == seconds >= 0.5
    os.kill(it.pids[0], signal.SIGKILL)
    third = it.server.worker(3)
    it.server.wait_for("Ready after", 3)
    assert it.asks(it.second, "/stalls")[str(third)] == [count, nanoseconds]
    assert it.server.output.count("blocked for") == 2


def test_process_that_was_stopped_was_not_blocked(strict):
    it = strict()
    it.stacks()  # each watchdog has looked
    os.kill(it.pids[0], signal.SIGSTOP)
    it.stacks("1")
    os.kill(it.pids[0], signal.SIGCONT)
    it.server.wait_for(r"The process did not run for [\d.]+ s")
    assert it.asks(it.second, "/stalls")[str(it.pids[0])] == [0, 0]


def test_worker_that_boots_tells_what_it_does_and_is_not_said_to_be_blocked(strict):
    it = strict(source=SOURCE.replace("    await receive()\n", """\
    await receive()
    if os.path.exists("closed"):
        blocked_at_the_gate()
""", 1))
    (it.server.folder / "closed").touch()
    os.kill(it.pids[0], signal.SIGKILL)
    third = it.server.worker(3)
    for _ in range(4):  # each takes until the watchdog's next look
        while "in blocked_at_the_gate" not in it.stacks().get(third, ""):
            pass
    it.gate.let()
    it.server.wait_for("Ready after", 3)
    assert not re.search(rf"\[{third}\] .* blocked for", it.server.output)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGABRT])
def test_what_goes_on_behind_the_loops_end_is_no_stall(strict, how):
    """A task that takes no cancellation, for which the loop's end waits a second; a thread that keeps the process."""
    it = strict()
    it.asks(it.first, "/stay")
    os.kill(it.pids[0], how)
    it.server.wait_for(rf"Worker exiting \(pid: {it.pids[0]}\)")
    for _ in range(4):  # each takes until the watchdog's next look
        while "in _shutdown\n" not in (report := it.stacks()[it.pids[0]]):
            pass
        assert "in blocked_at_the_gate" in report
    assert not re.search(rf"\[{it.pids[0]}\] .* blocked for", it.server.output)
    it.gate.let()


def test_lifespan_shutdown_that_blocks_is_told_of(strict):
    it = strict(source=SOURCE.replace('    await send({"type": "lifespan.shutdown', """\
    blocked_at_the_gate()
    await send({"type": "lifespan.shutdown"""))
    it.first.close()
    os.kill(it.pids[0], signal.SIGTERM)
    it.server.wait_for(BLOCKED)
    assert re.search(r"in lifespan\n.*\n.*, in blocked_at_the_gate\n", it.server.output)
    it.gate.let(2)
    it.server.wait_for(rf"Worker exiting \(pid: {it.pids[0]}\)")
