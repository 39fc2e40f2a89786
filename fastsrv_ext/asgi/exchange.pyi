# What Python code sees of exchange.pyx; compiled code sees exchange.pxd.

from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.call import Call
from fastsrv_ext.clock import Timed
from fastsrv_ext.http.request import RequestHead

@disjoint_base
class Exchange(Call):
    """A request and its response. Python code sees it from its start on, when nothing of it is missing."""

    @property
    def head(self) -> RequestHead: ...
    @property
    def status(self) -> int: ...  # 0 before http.response.start
    @property
    def response_headers(self) -> Any: ...  # as the app gave them, None before http.response.start
    @property
    def sent(self) -> int: ...  # body bytes

@disjoint_base
class Hold(Timed):
    """An app that has begun its answer, and keeps the clock waiting for the body of it."""
