"""Children that the app forks (os.fork, multiprocessing): what they have from the worker is not their own.

docs/ENDS.md says why each step. fastsrv/worker.py makes one in its process, before the app is loaded.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any


class Forks:
    """owner: whose methods handle `signals`. forked(): in the worker, behind a fork. let_go(): in the child, of sockets
    and the like."""

    def __init__(
        self, owner: object, signals: Iterable[int], forked: Callable[[], None], let_go: Callable[[], None],
    ) -> None:
        self.owner = owner
        self.signals = signals
        self.forked = forked
        self.let_go = let_go
        self.forking = threading.local()  # .mask: the signals that were blocked before
        os.register_at_fork(before=self.before, after_in_parent=self.in_parent, after_in_child=self.in_child)

    def before(self) -> None:
        """A signal that reaches the child before it has let go would run our handler, and not end it."""
        self.forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)

    def in_parent(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.forking.mask)
        self.forked()

    def in_child(self) -> None:
        """(An exec closes all of it.)"""
        for number in self.signals:
            handler: Any = signal.getsignal(number)
            if getattr(handler, "__self__", None) is self.owner:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.set_wakeup_fd(-1)  # a signal of the child's would wake our loop
        signal.pthread_sigmask(signal.SIG_SETMASK, self.forking.mask)
        self.let_go()
