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
        except AppHasNoLifespan as reason:
            if self.mode == "on":
                raise LifespanFailed(f"{reason} (asgi_lifespan is 'on')") from reason.__cause__
            self.log.info("Serving without lifespan: %s", reason)
        else:
            self.state = state
            self.task.add_done_callback(self.ended_early)

    async def shutdown(self) -> None:
        """Wait until the app has shut down. Raises LifespanFailed."""
        if self.task is None or self.state is None or self.task.done():
            return
        self.task.remove_done_callback(self.ended_early)
        try:
            await self.tell("shutdown")
        except AppHasNoLifespan as reason:
            raise LifespanFailed(str(reason)) from reason.__cause__

    async def end(self) -> None:
        """An app that goes on after its last event is cancelled. Waits for its end."""
        if self.task is not None:
            await asyncio.sleep(0)
            self.task.cancel()
            await asyncio.wait({self.task})
            if self.task.done() and not self.task.cancelled():
                self.task.exception()  # it was told, or does not matter any more

    def ended_early(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # by the app: end() has nobody to tell any more
            self.log.error("The app has cancelled its lifespan; requests are still served")
        elif task.exception() is not None:
            self.log.error("The app's lifespan has failed; requests are still served",
                           exc_info=task.exception())

    async def tell(self, phase: str) -> None:
        """Send lifespan.<phase> and wait for its answer, or for the app's end."""
        assert self.task is not None
        answer = self.answers[phase]
        self.events.put_nowait({"type": f"lifespan.{phase}"})
        await asyncio.wait({answer, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            failure = None if self.task.cancelled() else self.task.exception()
            if isinstance(failure, LifespanFailed):
                raise failure
            if failure is not None:
                raise AppHasNoLifespan(f"the app raised {failure!r} during lifespan.{phase}") from failure
            did = "was cancelled" if self.task.cancelled() else "returned"
            raise AppHasNoLifespan(f"the app {did} before lifespan.{phase}.complete")
        answer.result()

    async def run(self, state: dict[str, Any]) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        try:
            await self.app(scope, self.events.get, self.send)
        except SystemExit as exit:  # would end the loop, and the worker without a word
            raise LifespanFailed(f"the app called sys.exit({exit.code!r})") from exit

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


class AppHasNoLifespan(Exception):
    """The app ended instead of answering an event."""
