# What Python code sees of pipeline.pyx; protocol.pyx sees pipeline.pxd.

from collections.abc import Iterable

from typing_extensions import disjoint_base

from fastsrv_ext.http1.cycle import Carrier, Cycle
from fastsrv_ext.wire.connection import Connection

@disjoint_base
class Pipeline(Carrier):
    """Half of the protocol class: requests get their turn."""

    # for another protocol
    def switch(self, cycle: Cycle, successor: Connection, headers: Iterable[tuple[bytes, bytes]]) -> bool: ...
    def decline(self, cycle: Cycle) -> None: ...
