"""ASGI dispatch: runs the app, turns its failure into a 500 or a closed connection, and cancels it when its client has
gone.

Knows no sockets. start() is called for each request (http1/pipeline.pyx) and each handshake of a WebSocket; tasks
that are not done at once are kept in `tasks` until they are.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from fastsrv_ext.asgi.call import Call, ClientDisconnected
from fastsrv_ext.clock import Clock
from fastsrv_ext.grace import Grace

EAGER = sys.version_info >= (3, 12)
NAMES_OF_DISCONNECT = ("ClientDisconnect", "WebSocketDisconnect")  # Starlette's, FastAPI's and Litestar's errors


class Dispatch:
    """Starts `app` for each call, in a task with a context of its own.

    before(call): called first, unless None (gunicorn's pre_request).
    clock: its GRACE is what an app has when its client has gone. grace_period: the seconds that were asked for; with 0
    it is cancelled then, and has GRACE for its end alone.
    """

    def __init__(
        self, app: Callable[..., Any], loop: asyncio.AbstractEventLoop, log: Any,
        before: Callable[[Call], None] | None = None, *, clock: Clock, grace_period: float,
    ) -> None:
        self.app = app
        self.loop = loop
        self.log = log
        self.pre_request = before
        self.clock = clock
        self.grace_period = grace_period
        self.ended = False
        self.draining = False  # the worker ends, and streams that look for should_exit end themselves
        self.tasks: dict[asyncio.Task[None], Call] = {}
        self.is_done = self.tasks.pop  # a method of its own for each task would take memory for as long as that waits
        self.cancelled: set[Call] = set()  # by us; their tasks are not done
        # Each request starts from this context. The current one may be another request's, where asyncio
        # has resumed reading on behalf of an app: its variables must not leak.
        self.context = contextvars.copy_context()
        self.refresh()

    def refresh(self) -> None:
        """With each tick: has the app set a task factory, or taken it back? To ask with each request cost 1 % of it.

        In debug mode the loop logs each of its steps that is slow, and what an eager task does is no step of the loop.
        """
        debug = self.loop.get_debug()
        self.eager = EAGER and not debug and self.loop.get_task_factory() is None
        self.before = self.name_task if debug else self.pre_request

    def name_task(self, call: Call) -> None:
        """By its request: the loop names the task of a slow step."""
        asyncio.current_task().set_name(call.describe())  # type: ignore[union-attr]
        if self.pre_request is not None:
            self.pre_request(call)

    def start(self, call: Call) -> None:
        """Run the app up to its first wait; most are done then. A task factory of the app's own, the loop's debug mode,
        and Python up to 3.11, let the loop run it in its next turn."""
        if self.eager:
            task = asyncio.Task(  # type: ignore[call-arg]  # mypy looks with the eyes of 3.10
                self.run(call), loop=self.loop, eager_start=True, context=self.context.copy())
        else:
            running = self.run(call)
            try:
                task = self.context.copy().run(self.loop.create_task, running)
            except BaseException as failure:  # of the app's factory
                running.close()
                self.fail(call, failure)
                return
        if not task.done():
            self.keep(call, task)

    def keep(self, call: Call, task: asyncio.Task[None]) -> None:
        self.tasks[task] = call
        task.add_done_callback(self.is_done, context=self.context)
        if call.may_be_gone():  # its client had ended its side before its turn came, or has all that it can get
            self.gone(call, task)
        else:
            call.task = task
        call.waits()

    async def run(self, call: Call) -> None:
        try:
            if self.before is not None:
                self.before(call)
            await self.app(call.scope, call.receive, call.send)
        except BaseException as failure:
            self.fail(call, failure)
            # An app's SystemExit must not end the loop, which serves others, too.
            if isinstance(failure, asyncio.CancelledError):
                call.task = None  # it keeps this error, whose traceback leads here
                raise
        else:
            if not call.is_complete():
                self.returned(call)

    def returned(self, call: Call) -> None:
        """The app has returned, and has not said that its answer is complete."""
        if call.is_answered():
            call.ended()
        else:
            self.fail(call, None)

    def fail(self, call: Call, failure: BaseException | None) -> None:
        """The app will not answer; None: it returned early."""
        owed = True
        try:
            owed = self.report(call, failure)
        finally:  # also if a handler or filter of the log raises
            call.fail(owed)

    def report(self, call: Call, failure: BaseException | None) -> bool:
        """Log why the app did not do its work. Returns False if it was the client's going."""
        if call.is_abandoned() and (failure is None or comes_of_disconnect(failure, set())):
            self.log.debug("The client has gone during %s", call.describe(), exc_info=failure)
            return False
        if failure is None and self.draining and call.has_begun():
            self.log.debug("The app ended its answer short, as the worker ends: %s", call.describe())
        elif failure is None:
            self.log.error("The app returned without completing its response to %s", call.describe())
        elif isinstance(failure, asyncio.CancelledError):
            if self.ended or call in self.cancelled:
                self.log.debug("The app was cancelled during %s", call.describe())
            else:  # by itself, or what it awaited was by somebody else: nobody but the log tells
                self.log.error(
                    "The app was cancelled during %s, and not by the server", call.describe(), exc_info=failure)
        elif isinstance(failure, TypeError) and failure.__traceback__.tb_next is None:  # type: ignore[union-attr]
            self.log.error("%r is no ASGI 3 application, called as `await app(scope, receive, send)`: %s",
                           self.app, failure)
        else:
            self.log.error("The app raised during %s", call.describe(), exc_info=failure)
        return True

    # --- an app whose client has gone ---

    def gone(self, call: Call, task: asyncio.Task[None]) -> None:
        """The client has gone, and receive() says so; or it may have: it has ended its side, or has all that it can
        get of this answer. The app has a grace period to end by itself."""
        if self.ended:
            return
        if self.grace_period == 0 and call.is_unreachable():
            self.cancel(call, task)
        else:
            self.wait(call, task)

    def wait(self, call: Call, task: asyncio.Task[None]) -> None:
        Grace(self.clock, task, partial(self.judge, call, call.is_unaware(), call.taken()))

    def judge(self, call: Call, unaware: bool, taken: int, task: asyncio.Task[None]) -> None:
        """A grace period is over, at whose beginning the app did not know (`unaware`), and `taken` was that.

        A client that has ended its side and takes what is sent is there, and waits; an app that takes what had come is
        at work. Of one that takes nothing the app is told, and has another grace period; then it is cancelled, unless
        the client has got the whole body."""
        if call.is_complete() or self.ended:
            return
        if call.goes_on(taken):
            self.wait(call, task)
        elif unaware or call.is_unaware():
            call.tell_disconnect()
            self.wait(call, task)
        elif not call.is_delivered():
            self.cancel(call, task)

    def cancel(self, call: Call, task: asyncio.Task[None]) -> None:
        """Once: an app that goes on all the same may have a reason."""
        # Not here: what it awaits may be anybody's, and raise; the caller is the clock, or a connection.
        self.loop.call_soon(self.cancel_now, call, task)
        Grace(self.clock, task, partial(self.outlasted, call))

    def cancel_now(self, call: Call, task: asyncio.Task[None]) -> None:
        if not call.is_complete() and not self.ended:  # the app may have had its turn first, or end() may
            self.cancelled.add(call)
            task.add_done_callback(lambda task: self.cancelled.discard(call))
            task.cancel()

    def outlasted(self, call: Call, task: asyncio.Task[None]) -> None:
        if not call.is_complete():
            self.log.warning(
                "The app goes on with %s after its client has gone and it was cancelled", call.describe())

    def answering(self) -> dict[asyncio.Task[None], float]:
        """The tasks that are at work on requests, but for WebSockets: since which moment of time.monotonic()."""
        return {task: call.started for task, call in self.tasks.items() if not call.is_websocket()}

    def give_notice(self) -> None:
        """The worker ends soon: tell all that are at work, as of a client that goes."""
        for call in list(self.tasks.values()):
            call.tell_disconnect()

    def end(self) -> list[asyncio.Task[None]]:
        """Cancel what is left, whatever becomes of its client from now on. Returns the tasks."""
        self.ended = True
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        return tasks


def comes_of_disconnect(failure: object, seen: set[int]) -> bool:
    """Is it our ClientDisconnected, or what a framework made of it or of http.disconnect?

    That is one of NAMES_OF_DISCONNECT, something raised from one of the two, or a group of nothing else.
    seen: the ids of what is known to be none; a group may be the context of its own members.
    """
    while isinstance(failure, BaseException) and id(failure) not in seen:
        seen.add(id(failure))
        if isinstance(failure, ClientDisconnected) or type(failure).__name__ in NAMES_OF_DISCONNECT:
            return True
        members = getattr(failure, "exceptions", None)
        if isinstance(members, (list, tuple)) and members:
            return all(comes_of_disconnect(member, seen) for member in members)
        failure = failure.__cause__ or failure.__context__
    return False
