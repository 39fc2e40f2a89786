# What Python code sees of call.pyx; compiled code sees call.pxd.

import asyncio
from collections.abc import Coroutine
from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.awaitables import Done, Waiter
from fastsrv_ext.counters import ENDING_NAMES as ENDING_NAMES
from fastsrv_ext.http.request import RequestHead

class ClientDisconnected(OSError):
    """Raised by send() after the client has gone (ASGI http and websocket 2.4): always by a WebSocket's, by that of a
    request if fastsrv_send_after_disconnect is "raise"."""

@disjoint_base
class Call:
    """One run of the app. Python code sees it from its start on, when nothing of it is missing; or, refused, when there
    will be none."""

    task: asyncio.Task[None] | None  # of an app that had to wait, until Callbacks.gone was given it
    request_id: str | None  # what it goes by: fastsrv/log/identity.py
    trace_id: str | None
    hook_request: Any  # None, or what gunicorn's pre_request was given, for its post_request
    @property
    def head(self) -> RequestHead: ...
    @property
    def status(self) -> int: ...  # of the response, 0 before it has one
    @property
    def response_headers(self) -> Any: ...  # as the app gave them, all of an answer of ours; None before
    @property
    def sent(self) -> int: ...  # body bytes
    @property
    def scope(self) -> dict[str, Any]: ...
    @property
    def client(self) -> tuple[str, int] | None: ...  # the peer, whatever a proxy says
    @property
    def logged(self) -> dict[str, Any] | None: ...  # the scope as the app got it; None with the log off
    @property
    def started(self) -> float: ...  # a moment of time.monotonic(); 0.0 before the app was called
    @property
    def received(self) -> int: ...  # body bytes, or those of messages
    @property
    def took(self) -> float: ...  # seconds from the app's start to its work's end or loss; 0.0 with the log off
    @property
    def first_byte(self) -> float: ...  # seconds from the app's start to the head of its answer; 0.0 without one
    def receive(self) -> Coroutine[Any, Any, dict[str, Any]]: ...
    async def wait_for_turn(self) -> dict[str, Any]: ...
    async def wait_for_peer(self) -> None: ...
    def send(self, message: dict[str, Any]) -> Coroutine[Any, Any, None]: ...

    # for fastsrv/log/
    def details(self) -> dict[str, int | None]: ...
    @property
    def connection_ended(self) -> str | None: ...  # why, as Counters.snapshot() names it; None: it goes on
    def waited_for_client(self) -> float: ...  # seconds
    def identified(self) -> str: ...
    def answers_with(self, lines: bytes) -> None: ...

    # for fastsrv/dispatch.py
    def is_websocket(self) -> bool: ...
    def waits(self) -> None: ...
    def is_complete(self) -> bool: ...
    def is_answered(self) -> bool: ...
    def has_begun(self) -> bool: ...
    def is_delivered(self) -> bool: ...
    def is_abandoned(self) -> bool: ...
    def is_unaware(self) -> bool: ...
    def is_unreachable(self) -> bool: ...
    def may_be_gone(self) -> bool: ...
    def taken(self) -> int: ...
    def goes_on(self, taken: int) -> bool: ...
    def tell_disconnect(self) -> None: ...
    def ended(self) -> None: ...
    def fail(self, owed: bool) -> None: ...
    def describe(self) -> str: ...

@disjoint_base
class Ready(Done):
    """A Done with a value."""

@disjoint_base
class Receiving(Waiter):
    """A receive() whose event has not come."""
