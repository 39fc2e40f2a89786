# What Python code sees of pipeline.pyx; protocol.pyx sees pipeline.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.http1.cycle import Carrier

@disjoint_base
class Pipeline(Carrier):
    """Half of the protocol class: requests get their turn."""
