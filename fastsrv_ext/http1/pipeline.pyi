# What Python code sees of pipeline.pyx; protocol.pyx sees pipeline.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.http1.cycle import Carrier
from fastsrv_ext.wire.connection import Connection

@disjoint_base
class Pipeline(Carrier):
    """Half of the protocol class: requests get their turn."""

    # for another protocol
    def switch(self, successor: Connection, fields: list[tuple[bytes, bytes]]) -> bool: ...
