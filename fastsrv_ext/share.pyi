# What Python code sees of share.pyx; context.pyx sees share.pxd.

from typing import Any, Final, final

PEERS: Final[int]  # workers

@final
class Share:
    """Whether this worker has clearly more connections than another one."""

    def __init__(self, ready: int) -> None: ...
    def look_at(self, peers: list[Any]) -> None: ...  # of pairs of buffers
    def is_exceeded(self, connected: int) -> bool: ...
    def least(self) -> int | None: ...
