# What Python code sees of counters.pyx; the other modules see counters.pxd.

from enum import IntEnum
from typing import Any, Final

from typing_extensions import Buffer, Self, disjoint_base

SIZE: Final[int]  # bytes
KINDS: dict[str, str | None]  # of a refusal -> the setting that decides it
CLOSE_CODES: tuple[int, ...]  # of WebSockets
BOUNDS: tuple[float, ...]  # seconds: the upper ends of a histogram's buckets, but the last

ENDING_NAMES: tuple[str | None, ...]  # by Ending; PERSISTS has none

Count: type[IntEnum]  # its members: counters.pxd
Ending: type[IntEnum]

@disjoint_base
class Counters:
    """What has happened in a worker process since it began."""

    def __new__(cls, memory: Buffer | None = None) -> Self: ...
    def count(self, name: str) -> int: ...
    def tick_was_late(self, seconds: float) -> None: ...
    def note_states(self, census: dict[str, int]) -> None: ...
    def snapshot(self) -> dict[str, Any]: ...  # its shape: counters.pyx

def read(*memories: Buffer) -> dict[str, Any]: ...
def clear_gauges(memory: Buffer) -> None: ...
