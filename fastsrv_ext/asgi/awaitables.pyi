# What Python code sees of awaitables.pyx; compiled code sees awaitables.pxd.

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from types import TracebackType
from typing import Any, NoReturn

from typing_extensions import Self, disjoint_base

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
class Elsewhere(Done):
    """A send() called in another thread than the loop's."""

@disjoint_base
class Waiter(Done):
    """A wait that ends in the turn of the loop in which it is over. To asyncio.Task it is a future."""

    def get_loop(self) -> asyncio.AbstractEventLoop: ...
    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context | None = None) -> None: ...
    def cancel(self, msg: Any | None = None) -> bool: ...
    def done(self) -> bool: ...
    def result(self) -> None: ...

def raise_it(failure: BaseException) -> NoReturn: ...  # called by the loop

@disjoint_base
class Turn:
    """An awaitable: a turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None: ...
    def __await__(self) -> Generator[Any]: ...
