"""A worker's thread at the admin address: accepts what no other worker is faster at, and gives each client a thread and
some seconds. The loop may be blocked meanwhile, or not there yet.

What is answered: paths.py. fastsrv/worker.py starts and ends it.
"""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from http import HTTPStatus
from typing import Any

from fastsrv.admin.address import Address
from fastsrv.admin.request import Answer, Answers, answered, text

CLIENTS = 8  # at a time: whoever comes behind them waits, or is another worker's
LIMIT = 5.0  # seconds for a request and its answer
LAST_WORDS = 1.0  # seconds in which a client has to end its side behind the answer
LAST_ANSWERS = 0.25  # seconds for what was accepted when the process ends
LARGEST_HEAD = 16 * 1024  # bytes
RETRY = 1.0  # seconds between two tries to have the address, or when there are no file descriptors


class AdminServer:
    """answers(path, accept) -> Answer, called in any thread; what it raises is logged."""

    def __init__(self, address: Address, answers: Answers, log: Any) -> None:
        self.address = address
        self.answers = answers
        self.log = log
        names = {"localhost", address.setting.rpartition(":")[0].strip("[]").lower()}
        self.hosts = frozenset(names) if address.is_loopback() else None
        self.room = threading.Semaphore(CLIENTS)
        self.clients = 0
        self.ended = False
        self.changed = threading.Condition()  # of the two

    def start(self) -> None:
        threading.Thread(target=self.run, name="fastsrv-admin", daemon=True).start()

    def end(self) -> None:
        """The process ends: answer what was accepted, and accept no more."""
        with self.changed:
            self.ended = True
            self.changed.wait_for(lambda: self.clients == 0, LAST_ANSWERS)

    def let_go(self) -> None:
        """In a forked child: its copy of the address keeps that from whoever wants it next."""
        self.address.socket.close()

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are the main thread's, to wake it up
        self.listen()
        poll = select.poll()
        poll.register(self.address.socket, select.POLLIN)
        while not self.ended:
            self.room.acquire()
            poll.poll()
            if not self.accept():
                self.room.release()

    def listen(self) -> None:
        while True:
            try:
                if self.address.bind():
                    self.log.info("Admin address: %s", self.address)
                return
            except OSError:  # the old arbiter still has it
                time.sleep(RETRY)

    def accept(self) -> bool:
        with self.changed:
            if self.ended:
                return False
            try:
                connection, _ = self.address.socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False  # another worker was faster, or the client has gone
            except OSError:
                connection = None
            else:
                self.clients += 1
        if connection is None:
            time.sleep(RETRY)
            return False
        threading.Thread(target=self.serve, args=(connection,), name="fastsrv-admin-client", daemon=True).start()
        return True

    def serve(self, connection: socket.socket) -> None:
        until = time.monotonic() + LIMIT
        try:
            with connection:
                try:
                    head = read_head(connection, until)
                    if head:
                        connection.settimeout(left(until))
                        connection.sendall(self.answer(head))
                finally:
                    self.done()
                say_goodbye(connection)
        except OSError:
            pass  # it has gone, or is too slow
        finally:
            self.room.release()

    def done(self) -> None:
        with self.changed:
            self.clients -= 1
            self.changed.notify_all()

    def answer(self, head: bytes) -> bytes:
        if len(head) > LARGEST_HEAD:
            return answered(b"GET / HTTP/1.1\r\n\r\n", lambda *_: TOO_LARGE, None)
        return answered(head, self.safely, self.hosts)

    def safely(self, path: str, accept: str) -> Answer:
        try:
            return self.answers(path, accept)
        except Exception:
            self.log.exception("The admin address could not answer %s", path)
            return text(HTTPStatus.INTERNAL_SERVER_ERROR, "the log says why")


TOO_LARGE = text(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a request may have {LARGEST_HEAD} bytes here")


def left(until: float) -> float:
    """Seconds. Raises TimeoutError if there are none."""
    rest = until - time.monotonic()
    if rest <= 0:
        raise TimeoutError
    return rest


def read_head(connection: socket.socket, until: float) -> bytes:
    """A request's head, and what has come with it; as much as has come of one that is too large. b"": there is none.
    Raises OSError."""
    head = b""
    while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) <= LARGEST_HEAD:
        connection.settimeout(left(until))
        data = connection.recv(LARGEST_HEAD)
        if not data:
            return b""
        head += data
    return head


def say_goodbye(connection: socket.socket) -> None:
    """End our side, also for copies of it in forked children, and let what is on its way come: a close would be a
    reset, which may overtake the answer. Raises OSError."""
    connection.shutdown(socket.SHUT_WR)
    until = time.monotonic() + LAST_WORDS
    while True:
        connection.settimeout(left(until))
        if not connection.recv(LARGEST_HEAD):
            break
