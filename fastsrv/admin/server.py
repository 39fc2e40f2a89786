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
from enum import Enum
from http import HTTPStatus
from typing import Any

from fastsrv.admin.address import Address
from fastsrv.admin.request import Answer, Answers, answered, text

CLIENTS = 8  # at a time: for whoever comes behind them one goes that is silent
LIMIT = 5.0  # seconds for a request and its answer
LAST_WORDS = 1.0  # seconds in which a client has to end its side behind the answer
LAST_ANSWERS = 0.25  # seconds for what was accepted when the process ends
LARGEST_HEAD = 16 * 1024  # bytes
RETRY = 1.0  # seconds between two looks for the address, or when there are no file descriptors or threads
MOMENT = 0.01  # seconds between two looks for a client that is silent


class Stage(Enum):
    """Of a client."""

    ASKS = 1  # its request has not come, or not all of it
    IS_OWED = 2
    IS_ANSWERED = 3  # its end of the connection is waited for


class AdminServer:
    """answers(path, accept) -> Answer, called in any thread; what it raises is logged."""

    def __init__(self, address: Address, answers: Answers, log: Any) -> None:
        self.address = address
        self.answers = answers
        self.log = log
        names = {"localhost", address.setting.rpartition(":")[0].strip("[]").lower()}
        self.hosts = frozenset(names) if address.is_loopback() else None
        self.clients: dict[socket.socket, Stage] = {}  # the oldest first
        self.ended = False
        self.changed = threading.Condition()  # of the two: who holds it may look, and change them

    def start(self) -> None:
        threading.Thread(target=self.run, name="fastsrv-admin", daemon=True).start()

    def end(self) -> None:
        """The process ends: answer what was accepted, and accept no more."""
        with self.changed:
            self.ended = True
            self.changed.wait_for(lambda: {*self.clients.values()} <= {Stage.IS_ANSWERED}, LAST_ANSWERS)

    def let_go(self) -> None:
        """In a forked child: its copy of the address keeps that from whoever wants it next."""
        self.address.socket.close()

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are the main thread's, to wake it up
        while not self.address.is_bound():  # behind USR2, while the old arbiter has it
            time.sleep(RETRY)
        poll = select.poll()
        poll.register(self.address.socket, select.POLLIN)
        while not self.ended:
            with self.changed:
                self.changed.wait_for(lambda: len(self.clients) < CLIENTS or any(map(self.waits, self.clients)))
            poll.poll()
            try:
                self.accept()
            except (BlockingIOError, ConnectionAbortedError):
                pass  # another worker was faster, or the client has gone
            except (OSError, RuntimeError):  # there are no descriptors, or no threads
                time.sleep(RETRY)

    def accept(self) -> None:
        """Raises OSError or RuntimeError."""
        with self.changed:
            if self.ended:
                return
            connection, _ = self.address.socket.accept()
            try:
                while len(self.clients) >= CLIENTS and not self.send_one_away():
                    self.changed.wait(MOMENT)
                threading.Thread(
                    target=self.serve, args=(connection,), name="fastsrv-admin-client", daemon=True).start()
            except RuntimeError:
                connection.close()
                raise
            self.clients[connection] = Stage.ASKS

    def waits(self, client: socket.socket) -> bool:
        """Is it the client's turn to do something?"""
        return self.clients[client] is not Stage.IS_OWED

    def send_one_away(self) -> bool:
        """A client that is silent keeps nobody else waiting: the one that has been here longest goes."""
        poll = select.poll()
        for client in filter(self.waits, self.clients):
            poll.register(client, select.POLLIN)
        heard = {descriptor for descriptor, _ in poll.poll(0)}
        for client in filter(self.waits, self.clients):
            if client.fileno() not in heard:
                del self.clients[client]
                try:
                    client.shutdown(socket.SHUT_RDWR)  # its thread closes it
                except OSError:
                    pass  # it has just gone by itself
                return True
        return False

    def serve(self, connection: socket.socket) -> None:
        until = time.monotonic() + LIMIT
        try:
            head = read_head(connection, until)
            if head:
                self.is_at(connection, Stage.IS_OWED)
                connection.settimeout(left(until))
                connection.sendall(self.answer(head))
                self.is_at(connection, Stage.IS_ANSWERED)
                say_goodbye(connection)
        except OSError:
            pass  # it has gone, is too slow, or was sent away
        finally:
            with self.changed:
                self.clients.pop(connection, None)
                self.changed.notify_all()
                connection.close()

    def is_at(self, connection: socket.socket, stage: Stage) -> None:
        """Raises ConnectionAbortedError if it was sent away."""
        with self.changed:
            if connection not in self.clients:
                raise ConnectionAbortedError
            self.clients[connection] = stage
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
