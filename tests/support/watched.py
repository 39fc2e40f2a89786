"""A watchdog that is told by hand when the loop has ticked, and when it has looked itself."""

import logging
import os

from fastsrv.place import SECOND, Place
from fastsrv.watchdog import EVERY, Watchdog
from tests.support.servers import PATIENCE

START = 1000.0  # seconds: the tick that the watchdog has seen


class Watched:
    """A worker's watchdog, whose slow_callback is half a second. Times are seconds since START."""

    def __init__(self, caplog, requests=lambda: iter(["In flight: GET /"]), slow_callback=0.5):
        caplog.set_level(logging.INFO)
        self.caplog = caplog
        self.slot = (place := Place(None, 1)).slot
        place.begin(os.getpid())
        self.dog = Watchdog(
            place, logging.getLogger("watched"), report=lambda: iter(()), requests=requests,
            slow_callback=slow_callback)
        self.ticks(0)
        self.looks(0.1)

    def ticks(self, at):
        self.slot.ticked = int((START + at) * SECOND)

    def looks(self, at, late=0.0, kept=0.0):
        """late: the thread was woken so late; kept: and has waited so long for the GIL."""
        moments = (START + at - kept - late, kept, START + at)
        self.dog.look(*(int(moment * SECOND) for moment in moments))

    def looks_until(self, at):
        for number in range(int(at / EVERY) + 1):
            self.looks(0.1 + number * EVERY)

    @property
    def records(self):
        self.dog.log.finish(PATIENCE)
        return self.caplog.records

    @property
    def told(self):
        return [record.getMessage().partition("\n")[0] for record in self.records]

    @property
    def counted(self):
        return self.slot.stalls, round(self.slot.stalled / SECOND, 2)
