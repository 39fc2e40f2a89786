# What Python code sees of exchange.pyx; compiled code sees exchange.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.call import Call
from fastsrv_ext.clock import Timed

@disjoint_base
class Exchange(Call):
    """A request and its response. Python code sees it from its start on, when nothing of it is missing."""

@disjoint_base
class Hold(Timed):
    """An app that has begun its answer, and keeps the clock waiting for the body of it."""
