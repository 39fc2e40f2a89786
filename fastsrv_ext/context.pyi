# What Python code sees of context.pyx; the other modules see context.pxd.

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.budget import Budget
from fastsrv_ext.clock import Clock
from fastsrv_ext.counters import Counters
from fastsrv_ext.http1.cycle import Cycle

@disjoint_base
class Limits:
    """What a peer has to keep to."""

    def __init__(
        self,
        *,
        request_line: int,
        request_fields: int,
        request_field_size: int,
        request_head: int,
        min_rate: float,
        request_body: int = ...,
        drain: int = ...,
        any_method: bool = False,
        any_version: bool = False,
        refuse_underscores: bool = False,
    ) -> None: ...
    @property
    def request_line(self) -> int: ...
    @property
    def request_fields(self) -> int: ...
    @property
    def request_field_size(self) -> int: ...
    @property
    def request_head(self) -> int: ...
    @property
    def request_body(self) -> int: ...
    @property
    def drain(self) -> int: ...
    @property
    def min_rate(self) -> float: ...
    @property
    def any_method(self) -> bool: ...
    @property
    def any_version(self) -> bool: ...
    @property
    def refuse_underscores(self) -> bool: ...

@disjoint_base
class Context:
    """What all connections of a worker share. What the callables return is not looked at."""

    draining: bool
    forked: bool  # a child process may hold copies of its connections

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        dispatch: Callable[[Cycle], object],
        gone: Callable[[Cycle, asyncio.Task[None]], object] | None = None,
        finished: Callable[[Cycle], object] | None = None,
        forwarded: Callable[[dict[str, Any], bool], object] | None = None,
        refused: Callable[[tuple[str, int] | None, int, str], object] | None = None,
        crowded: Callable[[bool], object] | None = None,
        exhausted: Callable[[], object] | None = None,
        scheme: str = "http",
        root_path: str = "",
        state: dict[str, Any] | None = None,
        keepalive: bool = True,
        scan_heads: bool = True,
        direct: bool = False,
        max_connections: int,
        announced_keepalive: int = 0,
        max_requests: int = 0,
        max_in_flight: int = ...,
        counters: Counters | None = None,
        budget: Budget | None = None,
        send_raises: bool = False,
    ) -> None: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def budget(self) -> Budget: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def connections(self) -> int: ...
    def refresh_date(self) -> None: ...
    def next_turn(self) -> None: ...  # called by the loop
