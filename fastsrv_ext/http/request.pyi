# What Python code sees of request.pyx; compiled code sees request.pxd.

from typing_extensions import disjoint_base

@disjoint_base
class RequestHead:
    """One parsed request head. Python code sees it when nothing of it is missing."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> bytes: ...  # as received
    @property
    def version(self) -> str: ...  # "1.0", "1.1", or up to "1.9"
    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...  # (name in lower case, value), in their order
    def values(self, wanted: bytes) -> list[bytes]: ...  # of the fields of this name, in lower case

