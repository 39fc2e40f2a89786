"""One worker follows another: whoever ends is replaced first, and one that cannot start harms nobody else."""

import os
import signal

import pytest

from tests.support.asking import ask, send
from tests.support.servers import read_response, read_to_end
from tests.worker.gate import Service

FAILURES = {"import": "x", "lifespan": "l", "crash": "k"}


@pytest.fixture
def service(gunicorn, tmp_path):
    return lambda *options, **more: Service(gunicorn, tmp_path, *options, **more)


# --- HUP ---


def test_old_workers_leave_one_by_one_as_new_ones_are_ready(service):
    it = service()
    with it.server.connect() as connection:
        it.hup()
        assert ask(connection).headers.get("connection") is None  # it has heard nothing of an end
        assert it.asked() <= set(it.pids)
        it.gate.let()
        third = it.ready(3)[-1]
        it.exits(it.pids[0])
        assert it.asked() <= {it.pids[1], third} and not it.has_exited(it.pids[1])
        it.gate.let()
        it.ready(4)
        it.exits(it.pids[1])
    assert not it.asked() & set(it.pids)
    it.stop()


@pytest.mark.parametrize("how", FAILURES)
def test_old_workers_serve_on_if_no_new_one_can_start(service, how):
    it = service()
    it.hup()
    it.gate.break_(2, FAILURES[how])
    it.server.wait_for("this one serves on with the old code. Mend it, and send HUP again", 2)
    assert it.asked() <= set(it.pids)
    it.hup()  # it is mended: nothing waits for the time that failures take
    it.gate.let(2)
    it.ready(4)
    for pid in it.pids:
        it.exits(pid)
    it.stop()


def test_new_code_is_served_if_but_one_new_worker_can_start(service):
    it = service()
    it.hup()
    it.gate.break_()
    it.gate.let()
    it.server.wait_for(r"exited with code 1")
    for pid in it.pids:
        it.exits(pid)
    it.server.worker(5)
    assert it.asked() <= {it.ready(3)[-1]}
    it.gate.let()
    it.ready(4)
    it.stop()


def test_second_hup_replaces_the_workers_of_the_first(service):
    it = service("--graceful-timeout", "2")
    it.hup()
    it.server.signal(signal.SIGHUP)  # gunicorn hears it when it has waited for graceful_timeout
    it.server.worker(6)
    assert it.asked() <= set(it.pids)
    it.gate.let(4)  # two have been told to end before they were ready
    it.ready(4)
    for pid in it.pids:
        it.exits(pid)
    assert len(it.asked()) <= 2
    it.stop()


def test_workers_that_are_added_and_taken_away_while_others_start(service):
    it = service("--graceful-timeout", "2")
    it.hup()
    it.server.signal(signal.SIGTTIN)
    it.server.signal(signal.SIGTTOU)
    assert it.asked() <= set(it.pids)
    it.gate.let(2)
    it.ready(4)
    for pid in it.pids:
        it.exits(pid)
    it.server.worker(5)
    it.gate.let()
    assert it.asked()
    it.stop()


def test_fewer_workers_are_wanted(service):
    """No younger one boots: the one that is told to end does so at once."""
    it = service()
    it.server.signal(signal.SIGTTOU)
    it.exits(it.pids[0])
    assert it.asked() == {it.pids[1]}


@pytest.mark.parametrize("lets", [0, 2], ids=["that never come", "that come"])
def test_stop_while_new_workers_start(service, lets):
    it = service("--graceful-timeout", "5")
    it.hup()
    it.server.signal(signal.SIGTERM)  # which gunicorn hears when that time has passed
    assert it.asked() <= set(it.pids)
    it.gate.let(lets)
    assert it.server.wait() == 0


def test_arbiter_dies_while_new_workers_start(service):
    it = service()
    it.hup()
    it.server.signal(signal.SIGKILL)
    it.gate.let(2)
    it.server.wait()


# --- boots that fail ---


@pytest.mark.parametrize("how", FAILURES)
def test_replacement_that_cannot_start_harms_nobody(service, how):
    it = service()
    os.kill(it.pids[0], signal.SIGKILL)
    it.server.worker(3)
    it.gate.break_(2, FAILURES[how])  # and the next one, which comes later
    it.server.worker(5)
    assert it.asked() == {it.pids[1]}
    it.gate.let()
    third = it.ready(3)[-1]
    while third not in it.asked():
        pass
    it.stop()


def test_failure_ends_gunicorn_when_nobody_serves(service):
    it = service(count=1)
    os.kill(it.pids[0], signal.SIGKILL)
    it.server.worker(2)
    it.gate.break_()
    assert it.server.wait() == 3


def test_worker_that_waits_to_boot_heeds_a_stop(service):
    it = service()
    os.kill(it.pids[0], signal.SIGKILL)
    it.server.worker(3)
    it.gate.break_(2)
    it.server.worker(5)  # it waits, as two have failed
    it.stop()


# --- max_requests ---


def test_others_are_served_while_a_long_answer_ends(service):
    it = service("--max-requests", "3", count=1)
    with it.server.connect() as busy:
        send(busy, "/wait", "Content-Length: 2", method="POST")
        it.server.wait_for("a request waits")
        assert it.asked(2) == set(it.pids)
        it.server.wait_for("max_requests reached")
        for _ in range(5):
            with it.server.connect() as connection:
                response = ask(connection)
                assert (int(response.body), response.headers["connection"]) == (it.pids[0], "close")
        busy.sendall(b"ok")
        assert read_response(busy).body == b"waited"
        assert read_to_end(busy) == b""
    it.exits(it.pids[0])
    it.server.worker(2)
    it.gate.let()
    assert it.asked(1) == {it.ready(2)[-1]}


def test_others_are_served_while_a_long_answer_is_taken(service):
    it = service("--max-requests", "2", count=1)
    with it.server.connect() as slow:
        send(slow, "/large")
        assert slow.recv(1)
        assert it.asked(1) == set(it.pids)
        it.server.wait_for("max_requests reached")
        for _ in range(5):
            assert it.asked(1) == set(it.pids)
        while slow.recv(1_000_000):
            pass
    it.exits(it.pids[0])
    it.server.worker(2)
    it.gate.let()
    assert it.asked(1) == {it.ready(2)[-1]}


def test_one_worker_after_another_is_recycled(service):
    it = service("--max-requests", "10")
    while it.server.output.count("max_requests reached") < 2:
        it.asked(1)
    it.server.worker(3)  # one has ended, and the next one is not ready yet
    assert len(it.asked(5)) == 1 and [it.has_exited(pid) for pid in it.pids].count(True) == 1
    it.gate.let()
    it.ready(3)
    for pid in it.pids:
        it.exits(pid)
    assert it.asked(5) == {it.ready(3)[-1]}
