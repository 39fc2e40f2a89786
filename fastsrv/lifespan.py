"""ASGI lifespan (lifespan 2.0): tells the app when the worker starts and stops serving.

No sockets and no HTTP here. fastsrv/server.py calls startup() before it listens and shutdown() when
all connections are closed; both run in the loop that serves the requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class LifespanFailed(Exception):
    """The app cannot serve. The text is its own message, or says what went wrong."""


class Lifespan:
    """mode: "auto" (an app that does not know lifespan is served without), "on" (it must know it) or "off".

    `state`, after startup(): the dict that the app filled, or None if the app has no lifespan.
    """

    def __init__(self, app: Callable[..., Any], mode: str, log: Any) -> None:
        self.app = app
        self.mode = mode
        self.log = log
        self.state: dict[str, Any] | None = None
        self.events: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        self.answers: dict[str, asyncio.Future[None]] = {}

    async def startup(self) -> None:
        """Wait, for as long as it takes, until the app is ready. Raises LifespanFailed."""
        if self.mode == "off":
            return
        loop = asyncio.get_running_loop()
        self.answers = {"startup": loop.create_future(), "shutdown": loop.create_future()}
        state: dict[str, Any] = {}
        self.task = loop.create_task(self.run(state))
        try:
            await self.tell("startup")
        except LifespanFailed:
            await self.end_task()
            raise
        except AppHasNoLifespan as reason:
            if self.mode == "on":
                raise LifespanFailed(f"the app has no lifespan (asgi_lifespan is 'on'): {reason}") from reason.__cause__
            self.log.debug("The app is served without lifespan: %s", reason)
            await self.end_task()
            self.task = None
        else:
            self.state = state

    async def shutdown(self) -> None:
        """Wait until the app has shut down. Raises LifespanFailed."""
        if self.task is None:
            return
        if self.task.done():  # it returned early, which asks for nothing more
            return
        try:
            await self.tell("shutdown")
        except AppHasNoLifespan as reason:
            raise LifespanFailed(str(reason)) from reason.__cause__
        finally:
            await self.end_task()

    async def tell(self, phase: str) -> None:
        """Send lifespan.<phase> and wait for its answer, or for the app's end."""
        assert self.task is not None
        answer = self.answers[phase]
        self.events.put_nowait({"type": f"lifespan.{phase}"})
        await asyncio.wait({answer, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            failure = None if self.task.cancelled() else self.task.exception()
            if failure is not None:
                raise AppHasNoLifespan(f"it raised {failure!r} during {phase}") from failure
            raise AppHasNoLifespan(f"it returned before lifespan.{phase}.complete")
        answer.result()

    async def run(self, state: dict[str, Any]) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        await self.app(scope, self.events.get, self.send)

    async def send(self, message: dict[str, Any]) -> None:
        """The app's send()."""
        _, _, event = message["type"].partition("lifespan.")
        phase, _, outcome = event.partition(".")
        if phase not in self.answers or outcome not in ("complete", "failed"):
            raise RuntimeError(f"send() got an event of type {message['type']!r} on a lifespan scope")
        answer = self.answers[phase]
        if answer.done():
            raise RuntimeError(f"send() got a second answer to lifespan.{phase}: {message['type']!r}")
        if outcome == "complete":
            answer.set_result(None)
        else:
            answer.set_exception(LifespanFailed(message.get("message", "") or f"lifespan.{phase}.failed"))

    async def end_task(self) -> None:
        """An app that goes on after its last event is ended; its own end is waited for."""
        assert self.task is not None
        await asyncio.sleep(0)
        self.task.cancel()
        await asyncio.wait({self.task})


class AppHasNoLifespan(Exception):
    """The app ended instead of answering an event."""
