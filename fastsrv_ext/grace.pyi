# What Python code sees of grace.pyx.

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from fastsrv_ext.clock import Clock, Timed

@disjoint_base
class Grace(Timed):
    """The time that an app has to end by itself when its client has gone."""

    def __init__(
        self, clock: Clock, task: asyncio.Task[Any], on_expiry: Callable[[asyncio.Task[Any]], object]
    ) -> None: ...
    def end(self, task: asyncio.Task[Any]) -> None: ...
