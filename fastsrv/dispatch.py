"""ASGI dispatch: calls the app for a cycle, turns its failure into a 500 or a closed connection, and cancels it when
its client has gone.

Knows no sockets. fastsrv_ext/http1/protocol.pyx calls start() for each request; tasks that are not done at once
are kept in `tasks` until they are.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from fastsrv_ext.clock import Clock
from fastsrv_ext.grace import Grace
from fastsrv_ext.http1.cycle import ClientDisconnected, Cycle

EAGER = sys.version_info >= (3, 12)


class NotASGI(TypeError):
    """An app that cannot be an ASGI 3 application. The text says what it looks like and what to do."""


def check_app(app: Any) -> None:
    """Raise NotASGI unless `app` can be called as app(scope, receive, send)."""
    wanted = "fastsrv serves ASGI 3 applications, called as `await app(scope, receive, send)`"
    if not callable(app):
        raise NotASGI(f"{app!r} is not callable; {wanted}")
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return  # some callables do not tell; the first request will
    if accepts(signature, 3):
        return
    if accepts(signature, 2):
        raise NotASGI(
            f"{app!r} takes two arguments, as a WSGI application does; {wanted}. "
            "Serve it with gunicorn's own workers, or wrap it in a2wsgi.WSGIMiddleware.")
    if accepts(signature, 1):
        raise NotASGI(
            f"{app!r} takes one argument, as an ASGI 2 application or a factory does; {wanted}. "
            "Wrap an ASGI 2 application in asgiref.compatibility.guarantee_single_callable; "
            "name a factory with parentheses: 'module:create_app()'.")
    raise NotASGI(f"{app!r} cannot be called with three arguments; {wanted}")


def accepts(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


class Dispatch:
    """Starts `app` for each cycle, in a task with a context of its own.

    before(cycle): called first, unless None (gunicorn's pre_request).
    clock: its GRACE is what an app has when its client has gone. grace_period: the seconds that were asked for; with 0
    it is cancelled then, and has GRACE for its end alone.
    """

    def __init__(
        self, app: Callable[..., Any], loop: asyncio.AbstractEventLoop, log: Any,
        before: Callable[[Cycle], None] | None = None, *, clock: Clock, grace_period: float,
    ) -> None:
        self.app = app
        self.loop = loop
        self.log = log
        self.before = before
        self.clock = clock
        self.at_once = grace_period == 0
        self.ended = False
        self.draining = False  # the worker ends, and streams that look for should_exit end themselves
        self.tasks: dict[asyncio.Task[None], Cycle] = {}
        self.cancelled: set[Cycle] = set()  # by us; their tasks are not done
        # Each request starts from this context. The current one may be another request's, where asyncio
        # has resumed reading on behalf of an app: its variables must not leak.
        self.context = contextvars.copy_context()
        self.refresh()

    def refresh(self) -> None:
        """With each tick: has the app set a task factory, or taken it back? To ask with each request cost 1 % of it."""
        self.eager = EAGER and self.loop.get_task_factory() is None

    def start(self, cycle: Cycle) -> None:
        """Run the app up to its first wait; most are done then. A task factory of the app's own, and Python up to 3.11,
        let the loop run it in its next turn."""
        if self.eager:
            task = asyncio.Task(  # type: ignore[call-arg]  # mypy looks with the eyes of 3.10
                self.run(cycle), loop=self.loop, eager_start=True, context=self.context.copy())
        else:
            running = self.run(cycle)
            try:
                task = self.context.copy().run(self.loop.create_task, running)
            except BaseException as failure:  # of the app's factory
                running.close()
                self.fail(cycle, failure)
                return
        if not task.done():
            self.keep(cycle, task)

    def keep(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        self.tasks[task] = cycle
        task.add_done_callback(self.tasks.pop)
        if cycle.may_be_gone():  # its client had ended its side before its turn came, or has all that it can get
            self.gone(cycle, task)
        else:
            cycle.task = task
        cycle.waits()

    async def run(self, cycle: Cycle) -> None:
        try:
            if self.before is not None:
                self.before(cycle)
            await self.app(cycle.scope, cycle.receive, cycle.send)
        except BaseException as failure:
            self.fail(cycle, failure)
            # An app's SystemExit must not end the loop, which serves others, too.
            if isinstance(failure, asyncio.CancelledError):
                cycle.task = None  # it keeps this error, whose traceback leads here
                raise
        else:
            if not cycle.answered():
                self.fail(cycle, None)

    def fail(self, cycle: Cycle, failure: BaseException | None) -> None:
        """The app will not answer; None: it returned early."""
        owed = True
        try:
            owed = self.report(cycle, failure)
        finally:  # also if a handler or filter of the log raises
            cycle.fail(owed)

    def report(self, cycle: Cycle, failure: BaseException | None) -> bool:
        """Log why the app did not do its work. Returns False if it was the client's going."""
        if cycle.abandoned() and (failure is None or comes_of_disconnect(failure, set())):
            self.log.debug("The client has gone during %s", title(cycle), exc_info=failure)
            return False
        if failure is None and self.draining and cycle.begun():
            self.log.debug("The app ended its answer short, as the worker ends: %s", title(cycle))
        elif failure is None:
            self.log.error("The app returned without completing its response to %s", title(cycle))
        elif isinstance(failure, asyncio.CancelledError):
            if self.ended or cycle in self.cancelled:
                self.log.debug("The app was cancelled during %s", title(cycle))
            else:  # by itself, or what it awaited was by somebody else: nobody but the log tells
                self.log.error("The app was cancelled during %s, and not by the server", title(cycle), exc_info=failure)
        elif isinstance(failure, TypeError) and failure.__traceback__.tb_next is None:  # type: ignore[union-attr]
            self.log.error("%r is no ASGI 3 application, called as `await app(scope, receive, send)`: %s",
                           self.app, failure)
        else:
            self.log.error("The app raised during %s", title(cycle), exc_info=failure)
        return True

    # --- an app whose client has gone ---

    def gone(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        """The client has gone, and receive() says so; or it may have: it has ended its side, or has all that it can
        get of this answer. The app has a grace period to end by itself."""
        if self.ended:
            return
        if self.at_once and cycle.lost():
            self.cancel(cycle, task)
        else:
            self.wait(cycle, task)

    def wait(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        Grace(self.clock, task, partial(self.judge, cycle, cycle.unaware(), cycle.taken()))

    def judge(self, cycle: Cycle, unaware: bool, taken: int, task: asyncio.Task[None]) -> None:
        """A grace period is over, at whose beginning the app did not know (`unaware`), and the client had `taken` that.

        A client that has ended its side and takes what is sent is there, and waits. Of one that takes nothing the app
        is told, and has another grace period; then it is cancelled, unless the client has got the whole body."""
        if cycle.complete() or self.ended:
            return
        now = cycle.taken()
        if not cycle.lost() and (now != taken or now == -1):
            self.wait(cycle, task)
        elif unaware or cycle.unaware():
            cycle.tell_disconnect()
            self.wait(cycle, task)
        elif not cycle.delivered():
            self.cancel(cycle, task)

    def cancel(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        """Once: an app that goes on all the same may have a reason."""
        # Not here: what it awaits may be anybody's, and raise; the caller is the clock, or a connection.
        self.loop.call_soon(self.cancel_now, cycle, task)
        Grace(self.clock, task, partial(self.outlasted, cycle))

    def cancel_now(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        if not cycle.complete():  # the app may have had its turn first
            self.cancelled.add(cycle)
            task.add_done_callback(lambda task: self.cancelled.discard(cycle))
            task.cancel()

    def outlasted(self, cycle: Cycle, task: asyncio.Task[None]) -> None:
        if not cycle.complete():
            self.log.warning("The app goes on with %s after its client has gone and it was cancelled", title(cycle))

    def give_notice(self) -> None:
        """The worker ends soon: tell all that are at work, as of a client that goes."""
        for cycle in list(self.tasks.values()):
            cycle.tell_disconnect()

    def end(self) -> list[asyncio.Task[None]]:
        """Cancel what is left, whatever becomes of its client from now on. Returns the tasks."""
        self.ended = True
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        return tasks


def title(cycle: Cycle) -> str:
    """"GET /path" for the log; the target holds no control characters (the parser refuses them)."""
    return f"{cycle.head.method} {cycle.head.target.decode('ascii', 'replace')}"


def comes_of_disconnect(failure: object, seen: set[int]) -> bool:
    """Is it our ClientDisconnected, or what a framework made of it or of http.disconnect?

    That is Starlette's ClientDisconnect, something raised from one of the two, or a group of nothing else.
    seen: the ids of what is known to be none; a group may be the context of its own members.
    """
    while isinstance(failure, BaseException) and id(failure) not in seen:
        seen.add(id(failure))
        if isinstance(failure, ClientDisconnected) or type(failure).__name__ == "ClientDisconnect":
            return True
        members = getattr(failure, "exceptions", None)
        if isinstance(members, (list, tuple)) and members:
            return all(comes_of_disconnect(member, seen) for member in members)
        failure = failure.__cause__ or failure.__context__
    return False
