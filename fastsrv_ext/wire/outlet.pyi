# What Python code sees of outlet.pyx; compiled code sees outlet.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.clock import Timed
from fastsrv_ext.context import Context

@disjoint_base
class Outlet(Timed):
    """What leaves for a peer; all of it is for Cython code alone."""

    @property
    def context(self) -> Context: ...
