# What Python code sees of deflate.pyx; compiled code sees deflate.pxd.

from re import Pattern
from typing import Final

from typing_extensions import disjoint_base

TOKEN: Final[bytes]
EXTENSION: Final[Pattern[bytes]]
PARAMETER: Final[Pattern[bytes]]
WINDOW: Final[Pattern[bytes]]

@disjoint_base
class Deflate:
    """What was agreed with a client."""

    def __init__(self, parameters: dict[bytes, bytes | None]) -> None: ...
    @property
    def answer(self) -> bytes: ...  # the value of Sec-WebSocket-Extensions

def negotiate(offers: list[bytes]) -> Deflate | None: ...
def may_be_taken(name: bytes, value: bytes | None) -> bool: ...
