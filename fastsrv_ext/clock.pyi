# What Python code sees of clock.pyx; protocol.pyx sees clock.pxd.

from typing import Any, Final

from typing_extensions import disjoint_base

from fastsrv_ext.budget import Budget

TICK: Final = 0.25  # seconds
WATCH_EVERY: Final = 1  # seconds

@disjoint_base
class Link:
    """A place in a ring."""

@disjoint_base
class Queue(Link):
    """Waits in order of deadline, of one state or with one deadline."""

    def __init__(self, limit: int) -> None: ...
    @property
    def limit(self) -> int: ...  # ticks; 0: no deadline

@disjoint_base
class Timed(Link):
    """Base class of a connection."""

    def __init__(self, clock: Clock) -> None: ...

@disjoint_base
class Clock:
    """The waits of one worker."""

    def __init__(self, **limits: float) -> None: ...  # seconds, by the states' names
    @property
    def now(self) -> int: ...  # ticks since the clock was made
    def advance(self) -> None: ...
    def judge(self, budget: Budget | None = None) -> bool: ...
    def cap(self, state: str, seconds: float) -> None: ...
    # Any, not Timed: whoever made the connections of a clock knows their class, the clock does not.
    def waiting(self, state: str) -> list[Any]: ...
    def connections(self) -> list[Any]: ...
    def census(self) -> dict[str, int]: ...

def ticks(seconds: float) -> int: ...
