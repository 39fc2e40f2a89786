"""The listening sockets of one event loop: accepts connections while there is room for them.

Knows no HTTP: a connection is whatever protocol() makes. fastsrv/server.py opens and ends it; what finds
no room waits in the kernel's queue, where another worker may fetch it.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

RETRY = 1.0  # seconds until the next attempt when the system has run out of file descriptors or memory
RETRY_FOR_ROOM = 0.05  # seconds between two looks whether there is room for who waits
GIVE_WAY = 0.005  # seconds, at most, for which a connection is left to another worker
MOST_IN_VAIN = 10  # times: 1023 connections then follow without a question
LAST_CALL = 1.0  # seconds in which the last connections have to be made


class Listeners:
    """Accepts on `sockets` and hands each connection to a new protocol().

    limit: connections at a time; connected(): how many protocols have one. least(): how many the process has that has
    the fewest, None where there is no other. The sockets are closed in the end.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sockets: list[socket.socket],
        protocol: Callable[[], asyncio.BaseProtocol], log: Any, *,
        limit: int, connected: Callable[[], int], least: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.loop = loop
        self.sockets = list(sockets)
        self.protocol = protocol
        self.log = log
        self.limit = limit
        self.connected = connected
        self.least = least
        self.gives_way = False
        self.in_vain = 0  # how often it did, one time after another, and nobody took what came
        self.unasked = 0  # connections to take before it does so again
        self.wanted = False
        self.accepting = False
        self.adopting: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Accept from now on, whenever there is room."""
        self.wanted = True
        self.room_changed()

    def hold(self) -> None:
        """Accept nothing until open() is called again, or end(): who comes waits in the kernel's queue."""
        self.wanted = False
        self.room_changed()

    def room_changed(self) -> None:
        """A connection was made or has ended: accept if there is room for one more."""
        room = self.wanted and self.has_room() and not self.gives_way
        if room != self.accepting:
            self.accepting = room
            if room:
                self.resume()
            else:
                self.pause()

    def give_way(self) -> None:
        """Leave the next connection to another process, for a moment. If nobody takes it, take it, and then more of
        them each time: that process may be busy for a while, or hang."""
        if self.unasked > 0:
            self.unasked -= 1
        elif self.accepting:
            self.gives_way = True
            self.room_changed()
            self.loop.call_later(GIVE_WAY, self.give_way_no_more, self.least())

    def give_way_no_more(self, least: int | None) -> None:
        """least: what least() was before."""
        now_least = self.least()
        if least is not None and now_least is not None and now_least > least:
            self.in_vain = 0
        elif any(map(has_queue, self.sockets)):
            self.unasked = 2 ** self.in_vain - 1
            self.in_vain = min(self.in_vain + 1, MOST_IN_VAIN)
        self.gives_way = False
        self.room_changed()

    async def empty(self, until: Callable[[], float]) -> None:
        """Accept what waits in the queues: if nobody else listens it would be lost with them. until(): the moment of
        time.monotonic() by which it is given up; it may become an earlier one meanwhile."""
        bound = monotonic() + LAST_CALL
        self.unasked = self.limit
        while self.wanted and monotonic() < min(bound, until()) and any(map(has_queue, self.sockets)):
            await asyncio.sleep(0 if self.accepting else RETRY_FOR_ROOM)

    def end(self) -> None:
        """Accept no more: who comes now finds another process that listens, or is refused. A connection that is
        being made gets a moment."""
        opened, self.wanted = self.wanted, False
        self.room_changed()
        self.loop.call_later(LAST_CALL, self.drop)
        while self.sockets:
            listening = self.sockets.pop()
            if opened:
                self.accept_the_last(listening)
            listening.close()  # no shutdown(): it would end the other processes' copies, too

    def let_go(self) -> None:
        """In a forked child: close its copies. The loop's poll is the parent's, too: nothing may be taken from it."""
        for listening in self.sockets:
            listening.close()

    def drop(self) -> None:
        """Give up the connections that are not made yet."""
        for task in self.adopting:
            task.cancel()

    # --- within ---

    def resume(self) -> None:
        for listening in self.sockets:
            listening.setblocking(False)
            self.loop.add_reader(listening, self.accept, listening)

    def pause(self) -> None:
        for listening in self.sockets:
            self.loop.remove_reader(listening)

    def has_room(self) -> bool:
        return self.connected() + len(self.adopting) < self.limit

    def accept(self, listening: socket.socket) -> bool:
        """One connection: the next one's room depends on it. Was there one?"""
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # another worker was faster, or the peer has gone
        except OSError as error:
            self.try_again_later(error)
            return False
        connection.setblocking(False)
        task = asyncio.Task(self.adopt(connection), loop=self.loop)
        self.adopting.add(task)
        task.add_done_callback(self.adopted)
        self.room_changed()
        return True

    def accept_the_last(self, listening: socket.socket) -> None:
        """To the very end: who is in the queue when it is closed is reset."""
        listening.setblocking(False)
        while self.has_room() and self.accept(listening):
            pass

    async def adopt(self, connection: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(self.protocol, connection)
        except OSError as error:
            self.log.debug("A connection failed before its first request: %s", error)
            connection.close()

    def adopted(self, task: asyncio.Task[None]) -> None:
        self.adopting.discard(task)
        self.room_changed()

    def try_again_later(self, error: OSError) -> None:
        self.log.error("Cannot accept connections (trying again in %s s): %s", RETRY, error)
        self.pause()
        self.loop.call_later(RETRY, self.try_again)

    def try_again(self) -> None:
        if not self.wanted:
            return  # it has ended in between, and closed the sockets that are ours
        self.pause()  # there may have been room again in between
        self.accepting = False
        self.room_changed()


class UvloopListeners(Listeners):
    """uvloop accepts by itself, which saves a tenth of a plain connection's cost (38 us against 50).

    It closes its socket when it stops listening, hence the duplicates. Without file descriptors it would accept
    and drop all who come: it has to stop before.
    """

    def __init__(self, *args: Any, backlog: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.backlog = backlog
        self.descriptor = self.sockets[0].fileno()
        self.servers: list[asyncio.Server] = []
        self.opening: asyncio.Task[None] | None = None

    def resume(self) -> None:
        self.opening = asyncio.Task(self.listen(), loop=self.loop)

    async def listen(self) -> None:
        try:
            self.check_descriptors(len(self.sockets) + 1)  # and a connection's
            for listening in self.sockets:
                options: dict[str, Any] = {"sock": listening.dup(), "backlog": self.backlog}
                if listening.family == socket.AF_UNIX:
                    options["cleanup_socket"] = False  # the socket's file is the arbiter's to remove
                    server = await self.loop.create_unix_server(self.accepted, **options)
                else:
                    server = await self.loop.create_server(self.accepted, **options)
                self.servers.append(server)
        except OSError as error:
            self.try_again_later(error)

    def accepted(self) -> asyncio.BaseProtocol:
        """For a connection that uvloop has accepted. Will the next one find a descriptor?"""
        try:
            self.check_descriptors(1)
        except OSError as error:
            self.loop.call_soon(self.ran_short, error)  # before uvloop accepts again
        return self.protocol()

    def check_descriptors(self, count: int) -> None:
        """Raise OSError unless so many can be opened."""
        opened = []
        try:
            for _ in range(count):
                opened.append(os.dup(self.descriptor))
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def ran_short(self, error: OSError) -> None:
        if self.servers:  # several connections may have found out at once
            self.try_again_later(error)

    def let_go(self) -> None:
        super().let_go()
        # The duplicates are uvloop's to close: their numbers stay taken, by nothing.
        nothing = os.open(os.devnull, os.O_RDONLY)
        for server in self.servers:
            for listening in server.sockets:
                os.dup2(nothing, listening.fileno(), inheritable=False)
        os.close(nothing)

    def pause(self) -> None:
        if self.opening is not None:
            self.opening.cancel()
            self.opening = None
        for server in self.servers:
            server.close()
        self.servers.clear()


def make_listeners(loop: asyncio.AbstractEventLoop, *args: Any, backlog: int, **options: Any) -> Listeners:
    """The Listeners that suit the loop."""
    if type(loop).__module__.startswith("uvloop"):
        return UvloopListeners(loop, *args, backlog=backlog, **options)
    return Listeners(loop, *args, **options)


def has_queue(listening: socket.socket) -> bool:
    """Do connections wait to be accepted?"""
    poll = select.poll()
    poll.register(listening, select.POLLIN)
    return bool(poll.poll(0))
