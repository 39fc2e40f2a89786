# What Python code sees of context.pyx; the other modules see context.pxd.

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.budget import Budget
from fastsrv_ext.clock import Clock
from fastsrv_ext.counters import Counters
from fastsrv_ext.share import Share

class Settings:
    """Attributes that are settings' values."""

    def __init__(self, **values: float) -> None: ...  # of all of them, by their names

@disjoint_base
class Limits(Settings):
    """What a peer has to keep to."""

    request_line: int
    request_fields: int
    request_field_size: int
    request_head: int
    request_body: int
    drain: int
    min_rate: float
    any_method: bool
    any_version: bool
    refuse_underscores: bool

@disjoint_base
class Service(Settings):
    """How much is served, for how long, and how."""

    max_connections: int
    max_in_flight: int
    max_requests: int
    keepalive: bool
    scan_heads: bool

@disjoint_base
class Callbacks:
    """Upwards. What the callables return is not looked at. The first four are given a Call (asgi/call.pyi)."""

    def __init__(
        self,
        *,
        dispatch: Callable[[Any], object],
        gone: Callable[[Any, asyncio.Task[None]], object] | None = None,
        finished: Callable[[Any], object] | None = None,
        unserved: Callable[[Any], object] | None = None,
        forwarded: Callable[[dict[str, Any], bool], object] | None = None,
        identify: Callable[[Any], object] | None = None,
        warn: Callable[..., object] | None = None,
        crowded: Callable[[bool], object] | None = None,
        ahead: Callable[[], object] | None = None,
        exhausted: Callable[[], object] | None = None,
    ) -> None: ...

@disjoint_base
class CommonScope:
    """What the scopes of a worker have in common."""

    def __init__(
        self,
        *,
        scheme: str = "http",
        root_path: str = "",
        add_root_path: str = "missing",
        state: dict[str, Any] | None = None,
        send_after_disconnect: str = "ignore",
        tls: bool = False,
    ) -> None: ...

@disjoint_base
class CommonResponse:
    """What the responses of a worker have in common."""

    def __init__(self, *, keepalive: float = 0, keep_alive_header: bool = False) -> None: ...
    def refresh_date(self) -> None: ...

@disjoint_base
class Context:
    """What all connections of a worker share."""

    draining: bool
    forked: bool  # a child process may hold copies of its connections

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        callbacks: Callbacks,
        limits: Limits,
        service: Service,
        scope: CommonScope,
        response: CommonResponse,
        direct: bool = False,
        budget: Budget | None = None,
        counters: Counters | None = None,
        share: Share | None = None,
        upgrades: dict[bytes, Callable[..., bool]] | None = None,
        alpn: dict[str, Callable[..., Any]] | None = None,
    ) -> None: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def budget(self) -> Budget: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def response(self) -> CommonResponse: ...
    @property
    def upgrades(self) -> dict[bytes, Callable[..., bool]]: ...
    @property
    def alpn(self) -> dict[str, Callable[..., Any]]: ...
    @property
    def connections(self) -> int: ...
