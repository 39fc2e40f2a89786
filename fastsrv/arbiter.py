"""What is ours in gunicorn's arbiter: it has the board and the admin address, warns of settings, and learns which
workers have died and that it stops.

Runs in the arbiter alone, where an exception of ours would end gunicorn: it is logged instead.
fastsrv/worker.py calls it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from gunicorn.systemd import listen_fds

import fastsrv.admin.address as address
from fastsrv import board
from fastsrv.config.gunicorns import without_effect
from fastsrv.config.setting import ConfigError
from fastsrv.config.sources import config_file_names, misnamed, read_own, strangers, undecided
from fastsrv.place import Place
from fastsrv.readiness import Readiness

readiness = Readiness()
handed_over = 0  # sockets by systemd, of which gunicorn's arbiter leaves no trace in the environment
told: tuple[bool, list[Any]] | None = None  # the reuse_port and bind that were last told of
warned: list[str] = []  # what was last said of settings that are obeyed, and may not be what was meant


def take_place(worker: Any) -> Place:
    """The place of `worker`, a gunicorn worker that is about to be forked."""
    tend_address(worker)
    guarded(lambda: tend_sockets(worker), worker.log)
    guarded(lambda: warn(worker.cfg, worker.log), worker.log)  # a reload may have changed them
    try:
        if board.current is None or board.current.arbiter != os.getpid():
            board.current = board.Board()
        place = Place(board.current, worker.age, shares_sockets=bool(worker.sockets))
        hear_of_death(worker, place)
        hear_of_stop(worker.sockets, board.current, worker.log)
        return place
    except Exception:
        worker.log.exception("This worker will know nothing of the others")
        return Place(None, worker.age)


def tend_address(worker: Any) -> None:
    """A worker is about to be forked: is the admin address still the one that is wanted?"""
    try:
        wanted = read_own(config_file_names(worker.cfg), os.environ, worker.cfg.settings)["fastsrv_admin_bind"]
        address.tend(wanted, worker.log)
    except ConfigError:
        pass  # the worker tells of it
    except Exception:
        worker.log.exception("The admin address may not be what the settings say")


def tend_sockets(worker: Any) -> None:
    """A worker is about to be forked: has the arbiter listening sockets, as it has without reuse_port alone? gunicorn
    has made them at its start, or for another bind, and says nothing of workers that get none, or of its own among
    theirs, to which the kernel deals connections out."""
    global told
    wanted = (worker.cfg.reuse_port, worker.cfg.address)
    if bool(worker.sockets) == worker.cfg.reuse_port and worker.cfg.address and wanted != told:
        told = wanted
        worker.log.error(
            "reuse_port = %r, bind = %r: a reload cannot change reuse_port, nor bind beside it, and clients may wait "
            "in vain. Stop gunicorn, and start it anew", worker.cfg.reuse_port, worker.cfg.settings["bind"].get())


def warn(cfg: Any, log: Any) -> None:
    """Of settings that have no effect, or may not be what was meant: each sentence once, for as long as it holds."""
    global warned
    environ = {**os.environ, **cfg.env}
    sentences = [*without_effect(cfg), *misnamed(cfg), *strangers(environ, cfg.settings), *undecided(cfg, environ)]
    for sentence in sentences:
        if sentence not in warned:
            log.warning("%s", sentence)
    warned = sentences


def begin() -> None:
    """The arbiter starts; or it reloads, and what could not start before may be mended."""
    global handed_over
    handed_over = handed_over or listen_fds(unset_environment=False)
    readiness.hide()
    if board.current is not None and board.current.arbiter == os.getpid():
        board.current.failures = 0


def check_sockets(cfg: Any) -> None:
    """The arbiter has what it will listen on. Raises ConfigError."""
    if cfg.reuse_port and handed_over:
        raise ConfigError(
            "reuse_port cannot be used with a socket of systemd's (LISTEN_FDS): gunicorn would not serve it")


def started() -> None:
    """The arbiter listens, and has said so."""
    readiness.show()


def ended() -> None:
    """The arbiter has ended, and its process goes on: another arbiter may follow in it."""
    global readiness, handed_over, told, warned
    handed_over, told, warned = 0, None, []
    board.current = None
    address.close_address()
    readiness.show()
    readiness = Readiness()


def each_second(log: Any) -> None:
    """gunicorn asks its workers for their ages that often, when it has started those that are missing: the only moment
    that the arbiter has for us."""
    def looked() -> None:
        if board.current is not None:
            board.current.lacking = 0  # who is not started by now is not wanted any more
        if address.current is not None:
            address.current.try_again(log)
        if board.current is not None and board.current.readied:
            readiness.tell(log)

    guarded(looked, log)


def hear_of_death(worker: Any, place: Place) -> None:
    """gunicorn closes this file of a worker's when that is dead, and also in each child that it forks."""
    have_called_before(worker.tmp, "close", lambda: place.give_back(worker.aborted), worker.log)


def hear_of_stop(listeners: list[Any], of: board.Board, log: Any) -> None:
    """gunicorn closes its listening sockets before it tells its workers to stop; not for a HUP, unless the address has
    changed: then it starts new workers next."""
    def closed() -> None:
        of.stopping = time.monotonic_ns()

    for listener in listeners:
        if "close" not in vars(listener):
            have_called_before(listener, "close", closed, log)


def have_called_before(owner: Any, name: str, act: Callable[[], None], log: Any) -> None:
    """Call act() before owner.name(), in this process, and in none that it forks."""
    arbiter, method = os.getpid(), getattr(owner, name)

    def called() -> Any:
        if os.getpid() == arbiter:
            guarded(act, log)
        return method()

    setattr(owner, name, called)


def guarded(act: Callable[[], None], log: Any) -> None:
    try:
        act()
    except Exception:
        log.exception("What the workers know of each other may be wrong until gunicorn is started anew")
