"""What `--reload` serves while an app cannot be loaded, or does not start: a page that says why.

Knows no loop: fastsrv/worker.py loads the app, and asks for the page.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any


def app_of(failure: BaseException, reloader: Any, log: Any) -> Callable[..., Any]:
    """The page in the place of an app that cannot be loaded. reloader: gunicorn's, or None; told of what may have to be
    mended."""
    log.error("The app cannot be loaded; a page shows why", exc_info=failure)
    if reloader is not None:
        for name in files_of(failure):
            reloader.add_extra_file(name)
    return failed_app("".join(traceback.format_exception(failure)))


def failed_app(reason: str) -> Callable[..., Any]:
    """An app that answers 500 with `reason`."""
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 500,
                        "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
            await send({"type": "http.response.body", "body": reason.encode(errors="backslashreplace")})

    return app


def shown_if_it_fails(app: Callable[..., Any], log: Any) -> Callable[..., Any]:
    """`app`, until it says lifespan.startup.failed: from then on a failed_app() with its message."""
    serving = app

    async def shown(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def starting(message: dict[str, Any]) -> None:
            nonlocal serving
            if message["type"] == "lifespan.startup.failed":
                reason = message.get("message") or "lifespan.startup.failed"
                log.error("The app failed to start: %s", reason)
                serving = failed_app(reason)
                message = {"type": "lifespan.startup.complete"}
            await send(message)

        await serving(scope, receive, starting if scope["type"] == "lifespan" else send)

    return shown


def files_of(failure: BaseException | None) -> set[str]:
    """The files that may have to be mended: those of the code that raised `failure`, or that led to it. A module whose
    import has failed is not among those that have been imported, which the reloader watches by itself."""
    names: set[str | None] = set()
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:
        seen.add(id(failure))
        names.update(frame.filename for frame in traceback.extract_tb(failure.__traceback__))
        if isinstance(failure, SyntaxError):
            names.add(failure.filename)
        failure = failure.__cause__ or failure.__context__
    return {name for name in names if name is not None and os.path.isfile(name)}
