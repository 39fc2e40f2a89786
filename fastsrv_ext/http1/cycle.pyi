# What Python code sees of cycle.pyx; protocol.pyx sees cycle.pxd.

import asyncio
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn

from typing_extensions import Self, disjoint_base

from fastsrv_ext.clock import Timed
from fastsrv_ext.context import Context
from fastsrv_ext.http.request import RequestHead

class ClientDisconnected(OSError):
    """Raised by send() after the client has gone (ASGI http 2.4), if fastsrv_send_after_disconnect is "raise"."""

@disjoint_base
class Connection(Timed):
    """What a cycle may ask of its connection; all of it is for Cython code alone."""

    @property
    def context(self) -> Context: ...

class Done:
    """An awaitable that is done, registered as a collections.abc.Coroutine."""

    def __await__(self) -> Self: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> NoReturn: ...
    def send(self, value: object) -> NoReturn: ...
    def throw(
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> NoReturn: ...
    def close(self) -> None: ...

@disjoint_base
class Ready(Done):
    """A Done with a value."""

@disjoint_base
class Elsewhere(Done):
    """A send() called in another thread than the loop's."""

@disjoint_base
class Turn:
    """An awaitable: a turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None: ...
    def __await__(self) -> Generator[Any]: ...

@disjoint_base
class Cycle:
    """One request and its response. Python code sees it from its start on, when nothing of it is missing."""

    task: asyncio.Task[None] | None  # of an app that had to wait, until Context.gone was given it
    def __new__(cls, connection: Connection, head: RequestHead) -> Self: ...
    @property
    def head(self) -> RequestHead: ...
    @property
    def scope(self) -> dict[str, Any]: ...
    @property
    def client(self) -> tuple[str, int] | None: ...  # the peer, whatever a proxy says
    @property
    def status(self) -> int: ...  # 0 before http.response.start
    @property
    def response_headers(self) -> Any: ...  # as the app gave them, None before http.response.start
    @property
    def sent(self) -> int: ...  # body bytes
    @property
    def logged(self) -> dict[str, Any] | None: ...  # the scope as the app got it; None with the log off
    @property
    def took(self) -> float: ...  # seconds from the app's start to the response's end or loss; 0.0 with the log off
    request: Any  # None, or what gunicorn's pre_request was given, for its post_request
    def receive(self) -> Coroutine[Any, Any, dict[str, Any]]: ...
    async def wait_for_turn(self) -> dict[str, Any]: ...
    async def wait_for_event(self) -> dict[str, Any]: ...
    def send(self, message: dict[str, Any]) -> Coroutine[Any, Any, None]: ...
    async def wait_for_peer(self) -> None: ...
    def waits(self) -> None: ...
    def answered(self) -> bool: ...
    def abandoned(self) -> bool: ...
    def may_be_gone(self) -> bool: ...
    def unaware(self) -> bool: ...
    def tell_disconnect(self) -> None: ...
    def begun(self) -> bool: ...
    def complete(self) -> bool: ...
    def delivered(self) -> bool: ...
    def lost(self) -> bool: ...
    def taken(self) -> int: ...
    def fail(self, owed: bool) -> None: ...

@disjoint_base
class Hold(Timed):
    """An app that has begun its answer, and keeps the clock waiting for the body of it."""
