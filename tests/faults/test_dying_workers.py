"""Workers that die under load: killed, or ended by their app. gunicorn replaces them, and nothing is lost but what was
in flight on the dead one: at most one request of each well-behaved client."""

import os
import signal
import time

import pytest

from tests.faults.regulars import ALL
from tests.support.wire import get

LOAD = 0.3  # seconds that a worker serves before it dies
DIED = r"Worker \(pid:\d+\) (was sent SIGKILL|exited with code)"


def replaced(running, number, die):
    """After some load, die(pid of a worker) for the `number`th time, and wait for the next worker."""
    time.sleep(LOAD)
    booted = running.workers + number
    die(running.server.worker(booted - running.workers + 1))
    running.server.worker(booted + 1)
    running.may_lose += ALL
    running.mortal = True


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_are_killed_are_replaced(trial, long, workers):
    with trial(f"worker killed, of {workers}", workers=workers, expected=[DIED]) as running:
        for number in range(10 if long else 3):
            replaced(running, number, lambda pid: os.kill(pid, signal.SIGKILL))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_whose_app_exits_are_replaced(trial, long, workers):
    with trial(f"os._exit() in an app, {workers} workers", workers=workers, expected=[DIED]) as running:
        for number in range(10 if long else 3):
            replaced(running, number, lambda pid: exit_by_app(running, b"/exit/7"))


def exit_by_app(running, path):
    """Somebody's worker; the connection ends, one way or the other."""
    with running.connect() as connection:
        connection.sendall(get(path))
        try:
            connection.recv(1000)
        except ConnectionResetError:
            pass


def test_exit_in_a_task_of_an_app_is_a_graceful_end(trial):
    """Even with a code that means to gunicorn that it should end, too."""
    with trial("sys.exit(3) in a task of an app", expected=["A task or callback of the app"]) as running:
        for number in range(3):
            replaced(running, number, lambda pid: exit_by_app(running, b"/exit_in_a_task/3"))
