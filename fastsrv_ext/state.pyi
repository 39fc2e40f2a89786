# What Python code sees of state.pyx; the others see state.pxd.

from enum import IntEnum
from typing import NamedTuple

State: type[IntEnum]  # its members: state.pxd

class Move(NamedTuple):
    """States that one event moves to another."""

    before: tuple[str, ...]
    event: str
    after: str
    how: str = ""

LIVE: tuple[str, ...]
MOVES: tuple[Move, ...]
