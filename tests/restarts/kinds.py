"""The kinds of restart, as data: what an operator does, and by what it is seen to be done."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.processes import is_alive, state_of
from tests.restarts.service import WORKERS
from tests.restarts.ways import DIRECT, HAPROXY, NGINX, SOCKET, TWO, UNIT, UNIX

MAX_REQUESTS = 1500  # of a worker
PID = "pid"  # a file


def hup(service):
    """New workers take the place of all."""
    old = service.workers
    os.kill(service.arbiter, signal.SIGHUP)
    service.replaced(old)


def one_more_and_one_less(service):
    arbiter = service.arbiter
    os.kill(arbiter, signal.SIGTTIN)
    service.until(lambda: len(service.workers) == WORKERS + 1)
    os.kill(arbiter, signal.SIGTTOU)
    service.until(lambda: len(service.workers) == WORKERS)


def another_arbiter(service):
    """A second one with workers of its own, then the end of the first, whose place it takes: its pid file says so."""
    old, arbiter, file = service.workers, service.arbiter, service.folder / PID
    os.kill(arbiter, signal.SIGUSR2)
    service.until(lambda: len(service.workers - old) == WORKERS)
    os.kill(arbiter, signal.SIGTERM)
    service.replaced(old)
    service.until(lambda: not is_alive(arbiter))
    service.until(lambda: file.exists() and int(file.read_text()) == service.arbiter)


def workers_are_full(service):
    """max_requests has all of them end, some time, and others follow."""
    enough = len(service.started) + WORKERS
    service.until(lambda: len(service.started) >= enough)


def kill(service):
    """A worker dies. Returns how many connections it had, with a request each: it is stopped, to be counted."""
    victim = min(service.workers)
    os.kill(victim, signal.SIGSTOP)
    service.until(lambda: state_of(victim, victim) in "tT")
    in_hand = service.connections_of(victim)
    os.kill(victim, signal.SIGKILL)
    service.replaced({victim})
    return in_hand


def stop_and_start(service):
    """The service ends, and is started by who holds its socket."""
    old = service.workers
    os.kill(service.arbiter, signal.SIGTERM)
    service.replaced(old)


def one_after_the_other(machines):
    """The service of each is stopped and started, when both serve."""
    for service in machines.services:
        machines.both_serve()
        service.ends()
        service.__enter__()
    machines.both_serve()


@dataclass(frozen=True)
class Kind:
    """restart(service) returns when it is done, and how many requests may be lost by it, if any.

    ways: those in which it is tried; short: those of the short form. words: further ones of gunicorn's command;
    granian: of granian's, None: it knows no such restart.
    """

    name: str
    restart: Callable
    ways: tuple[str, ...] = (DIRECT, HAPROXY, NGINX, UNIX)
    short: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    granian: tuple[str, ...] | None = None


# Not USR2 where systemd holds the socket: gunicorn's second arbiter looks for it where the first has closed it.
KINDS = {kind.name: kind for kind in (
    Kind("HUP", hup, (DIRECT, HAPROXY, NGINX, UNIX, SOCKET), (DIRECT, HAPROXY, NGINX, UNIX, SOCKET), granian=()),
    Kind("TTIN, TTOU", one_more_and_one_less, short=(HAPROXY, NGINX)),
    Kind("USR2, TERM", another_arbiter, short=(DIRECT, HAPROXY, UNIX), words=("--pid", PID)),
    Kind("max_requests", workers_are_full, short=(DIRECT, NGINX), words=("--max-requests", str(MAX_REQUESTS))),
    Kind("KILL", kill, short=(DIRECT, UNIX), granian=("--respawn-failed-workers",)),
    Kind("stop, start", stop_and_start, (UNIT,), (UNIT,)),
    Kind("rolling", one_after_the_other, (TWO,), (TWO,), granian=()),
)}
