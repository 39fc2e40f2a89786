# What Python code sees of connection.pyx; reader.pyx and protocol.pyx see connection.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.clock import Timed
from fastsrv_ext.http1.cycle import Connection

@disjoint_base
class Stream(Connection):
    """A stream to the peer. The only class that touches a transport."""

    def uncork(self) -> None: ...  # called by the loop
    def abort(self) -> None: ...

@disjoint_base
class Watch(Timed):
    """A look, now and then, at a peer that the loop does not listen to."""
