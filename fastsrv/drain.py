"""The graceful drain: answers what is owed, and accepts for as long as nobody else serves.

Of a Server that was told to stop, which calls run() once, and ends what is left then (docs/ENDS.md, The end of a
worker).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any

from fastsrv.place import Successor

if TYPE_CHECKING:
    from fastsrv.server import Server

POLL = 0.05  # seconds between two looks at what is still open
LONG = 1.0  # seconds after which what is in hand may take long, and nobody else should have to wait for it
MOMENT = 0.08  # seconds for which nobody accepts, so that what is left may end
POLL_OF_A_MOMENT = 0.01  # seconds
MORE = 1 / 4  # of the time that answers have taken: what is accepted last may take longer
SHUT = ("HEAD", "DRAIN", "CLOSE", "CLOSING")  # states whose time is up sooner while the worker drains
STANDING = ("OPEN", "PONG", "SEND")  # those of connections that may have no end of their own
SHUT_AT_ONCE = 32  # connections: 20 to 60 us each, and others are still served
# WebSockets that are closed in a second: their clients connect again, and whoever gets them has a handshake and an
# app's start to do for each.
SHUT_A_SECOND = 200


class Drain:
    """Of one `server`; it looks at the timetable time and again, as an earlier end may be asked for meanwhile."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = server.clock
        self.dispatch = server.dispatch
        self.listeners = server.listeners
        self.place = server.place
        self.since = self.clock.now
        self.leaving: set[Any] = set()  # WebSockets that were told so
        self.in_hand: dict[Any, float] = {}  # what holds up the end, and since when
        self.answering: dict[Any, float] = {}  # the requests of it, and when they began
        self.longest = 0.0  # seconds that one of them took

    async def run(self) -> None:
        """Each answer is the last of its connection from now on; then what else is asked on connections that stand
        idle is answered."""
        self.place.leave()
        self.server.context.draining = self.dispatch.draining = True
        now = monotonic()
        self.look_at_hand(now - LONG)
        if self.place.successor() is Successor.SERVES:
            await self.accept_no_more()
        # At most half of the time: what an idle connection asks for is to be answered, too.
        window = min(self.server.config.end["shutdown_keepalive"], max(0.0, self.disconnect - now) / 2)
        self.clock.cap("IDLE", window)
        while self.clock.waiting("IDLE") and monotonic() < min(now + window, self.disconnect):
            await self.look_round()
        await self.outlast()
        await self.accept_no_more()
        # Not before: who connects again comes to another worker now.
        spread_until = monotonic() + max(0.0, self.disconnect - monotonic()) / 2
        while self.server.context.connections or self.listeners.adopting or self.dispatch.tasks:
            now = monotonic()
            if now >= self.server.timetable.cancel:
                break
            if now >= self.disconnect:
                self.dispatch.give_notice()
            await self.look_round(self.sent_away(spread_until - now))

    @property
    def disconnect(self) -> float:
        """When those are told that are still at work."""
        return self.server.timetable.disconnect

    # --- the only worker, which the next one follows when it has ended ---

    async def outlast(self) -> None:
        """Accept until all that is in hand is done, or what is accepted last has just the time to be. It may never all
        be done at once while clients come, so nobody accepts for a moment now and then: who comes waits in the kernel's
        queue, for this worker or the next. (With reuse_port the queue would be lost with this worker.)"""
        begun, pause, next_moment = monotonic(), LONG, 0.0
        while self.place.successor() is Successor.TO_COME:
            now = monotonic()
            self.look_at_hand(now)
            if now >= self.last_call(begun):
                if self.place.shares_sockets:
                    await self.ends_within(self.disconnect - now)
                return
            if now < next_moment or any(now - since >= LONG for since in self.in_hand.values()):
                await self.look_round()
            elif not self.place.shares_sockets or await self.ends_within(MOMENT):
                return
            else:
                self.listeners.open()
                next_moment = monotonic() + pause
                pause *= 2

    def last_call(self, begun: float) -> float:
        """When nobody is accepted any more: what is in hand then has as long as answers have taken here, and a part
        more, until it is cut off."""
        return max(self.disconnect - self.longest * (1 + MORE) - MOMENT, begun + (self.disconnect - begun) / 4)

    async def ends_within(self, seconds: float) -> bool:
        """Does all that is left end in that time if nobody comes? WebSockets are told to leave: a client that connects
        again has to wait for the next worker. Nobody is accepted behind it, unless there is another one than it."""
        self.listeners.hold()
        await self.look_round(self.sent_away(0.0), seconds=0.0)
        end = monotonic() + seconds
        while self.is_at_work() and monotonic() < end and self.place.successor() is Successor.TO_COME:
            await self.look_round(self.leaving, seconds=POLL_OF_A_MOMENT)
        if self.place.successor() is not Successor.TO_COME:
            self.listeners.open()
        elif not self.is_at_work():
            for connection in self.clock.connections():
                connection.abort()
            return True
        return False

    def look_at_hand(self, now: float) -> None:
        """What holds up the end: requests at work, and connections; from `now` on, unless it did before. And how long
        answers take: not those that took longer than there is."""
        answering = self.dispatch.answering()
        took = (now - begun for task, begun in self.answering.items() if task not in answering)
        room = self.disconnect - now
        self.longest = max([self.longest, *(seconds for seconds in took if seconds < room)])
        self.answering = answering
        # Not those for whose end nobody has to wait: the peer's is all that they lack, or they are WebSockets, which
        # are told to leave.
        connections = (each for each in self.clock.connections() if not (each.is_lingering() or each.is_standing()))
        self.in_hand = {each: self.in_hand.get(each, now) for each in (*answering, *connections)}

    def is_at_work(self) -> bool:
        """Is there more left than connections that wait for their peer's end?"""
        return bool(self.listeners.adopting or self.dispatch.tasks or not all(
            each.is_lingering() for each in self.clock.connections()))

    # --- what is left ---

    async def accept_no_more(self) -> None:
        """What waits in the queues of the listening sockets may be lost with them."""
        await self.listeners.empty(lambda: self.disconnect)
        self.listeners.end()
        self.place.accept_no_more()

    def sent_away(self, left: float) -> list[Any]:
        """The WebSockets that have to leave by now: some more with each look, all of them in `left` seconds."""
        standing = [
            each for state in STANDING for each in self.clock.waiting(state) if each.is_standing()]
        others = [connection for connection in standing if connection not in self.leaving]
        rate = max(SHUT_A_SECOND, len(others) / max(left, POLL))
        self.leaving.update(others[:ceil(rate * POLL)])
        return [connection for connection in standing if connection in self.leaving]

    async def look_round(self, more: Iterable[Any] = (), seconds: float = POLL) -> None:
        """Have those end to which nothing is owed, and `more`; thousands of them in more turns of the loop than one.
        Then sleep for some `seconds`."""
        found = [*more, *(connection for state in SHUT for connection in self.clock.waiting(state))]
        for number, connection in enumerate(found, 1):
            connection.shut(self.since)
            if number % SHUT_AT_ONCE == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(seconds)
