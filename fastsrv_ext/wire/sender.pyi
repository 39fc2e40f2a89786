# What Python code sees of sender.pyx; connection.pyx sees sender.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.context import Context
from fastsrv_ext.wire.outlet import Outlet

@disjoint_base
class Backlog:
    """What a peer that lags behind has to take."""

@disjoint_base
class Sender(Outlet):
    """What leaves through a transport."""

def uncork(context: Context) -> None: ...  # called by the loop
