"""The keep-alive race, against servers of a few lines that lose what they are made to lose."""

import asyncio
import os
import socket

import pytest

from benchmarks.load.client import Failure, Target, until_failure
from benchmarks.load.race import is_open, run_race

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
LIMIT = 0.1  # seconds


class Fair(asyncio.Protocol):
    """Answers whatever has come, and ends after LIMIT without a request, if none has come by then."""

    timer = None

    def __init__(self, connected):
        self.connected = connected

    def connection_made(self, transport):
        self.transport = transport
        self.connected.add(self)

    def data_received(self, data):
        self.transport.write(ANSWER)
        self.rest()

    def rest(self):
        if self.timer is not None:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(LIMIT, self.end)

    def end(self):
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        with socket.socket(fileno=descriptor) as ours:
            if is_open(ours):
                self.transport.write_eof()  # at once; close() would wait for a turn of the loop

    def connection_lost(self, error):
        self.connected.discard(self)
        if self.timer is not None:
            self.timer.cancel()


class Careless(Fair):
    """Answers a first request alone: a second is never seen, and the timer goes on."""

    asked = False

    def data_received(self, data):
        if not self.asked:
            self.asked = True
            super().data_received(data)

    def end(self):
        self.transport.close()


class Abrupt(Fair):
    """Closes a new connection when it is asked."""

    def data_received(self, data):
        self.transport.close()


class Patient(Fair):
    """Never closes."""

    def rest(self):
        pass


def race(protocol, requests=50):
    async def run():
        connected = set()
        server = await asyncio.get_running_loop().create_server(lambda: protocol(connected), "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        target = Target(f"http://{host}:{port}/")
        try:
            return await until_failure(run_race(target, requests, LIMIT, connections=100))
        finally:
            server.close()
            while connected:
                for each in connected:
                    each.transport.abort()
                await asyncio.sleep(0)

    return asyncio.run(run())


def test_fair_server():
    figures = race(Fair)
    assert figures["sent"] >= 50
    assert figures["closed"] > 0
    # Its loop is ours: nothing comes between a look and what follows.
    assert figures["lost"] == 0
    assert figures["seconds"] > LIMIT
    assert figures["lag"] < figures["seconds"]


def test_careless_server_loses_all_that_was_sent():
    figures = race(Careless)
    assert figures["lost"] == figures["sent"] >= 50


def test_server_that_does_not_answer():
    with pytest.raises(Failure, match="closed a new connection"):
        race(Abrupt)


def test_server_that_never_closes(monkeypatch):
    monkeypatch.setattr("benchmarks.load.race.PATIENCE", 0.1)
    with pytest.raises(Failure, match="does not close"):
        race(Patient)


def test_a_look_at_a_socket():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert is_open(ours)
        theirs.send(b"x")
        assert not is_open(ours)
        ours.recv(1)
        assert is_open(ours)
        theirs.close()
        assert not is_open(ours)
