# What Python code sees of call.pyx; compiled code sees call.pxd.

import asyncio
from collections.abc import Coroutine
from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.asgi.awaitables import Done

class ClientDisconnected(OSError):
    """Raised by send() after the client has gone (ASGI http 2.4), if fastsrv_send_after_disconnect is "raise"."""

@disjoint_base
class Call:
    """One run of the app. Python code sees it from its start on, when nothing of it is missing."""

    task: asyncio.Task[None] | None  # of an app that had to wait, until Context.gone was given it
    request: Any  # None, or what gunicorn's pre_request was given, for its post_request
    @property
    def scope(self) -> dict[str, Any]: ...
    @property
    def client(self) -> tuple[str, int] | None: ...  # the peer, whatever a proxy says
    @property
    def logged(self) -> dict[str, Any] | None: ...  # the scope as the app got it; None with the log off
    @property
    def took(self) -> float: ...  # seconds from the app's start to its work's end or loss; 0.0 with the log off
    def receive(self) -> Coroutine[Any, Any, dict[str, Any]]: ...
    async def wait_for_turn(self) -> dict[str, Any]: ...
    async def wait_for_event(self) -> dict[str, Any]: ...
    async def wait_for_peer(self) -> None: ...
    def waits(self) -> None: ...
    def ended(self) -> None: ...
    def unaware(self) -> bool: ...
    def tell_disconnect(self) -> None: ...
    def lost(self) -> bool: ...

@disjoint_base
class Ready(Done):
    """A Done with a value."""
