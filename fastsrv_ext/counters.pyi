# What Python code sees of counters.pyx; the other modules see counters.pxd.

from enum import IntEnum
from typing import Any

from typing_extensions import disjoint_base

Count: type[IntEnum]  # its members: counters.pxd
Ending: type[IntEnum]

@disjoint_base
class Counters:
    """What has happened in a worker process since it began."""

    def count(self, name: str) -> int: ...
    def snapshot(self) -> dict[str, Any]: ...  # its shape: counters.pyx
