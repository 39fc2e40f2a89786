# What Python code sees of closing.pyx; protocol.pyx sees closing.pxd.

from typing_extensions import disjoint_base

from fastsrv_ext.http1.reader import Reader

@disjoint_base
class Closing(Reader):
    """The end of a connection."""

    def shut(self, since: int) -> None: ...  # for fastsrv/server.py
