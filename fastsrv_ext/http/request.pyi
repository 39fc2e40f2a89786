# What Python code sees of request.pyx; compiled code sees request.pxd.

from typing_extensions import disjoint_base

@disjoint_base
class RequestHead:
    """One request head. Python code sees it when nothing of it is missing, or "-" stands for what is."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> bytes: ...  # as received
    @property
    def protocol(self) -> str: ...  # "HTTP/1.0", "HTTP/1.1", or up to "HTTP/1.9"
    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...  # (name in lower case, value), in their order
    def values(self, wanted: bytes) -> list[bytes]: ...  # of the fields of this name, in lower case

