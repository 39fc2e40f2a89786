"""The access log and the request hooks: what gunicorn's logger and hooks want to know of a request.

Nothing here runs for a server without an access log, statsd and hooks. fastsrv/dispatch.py calls before() when a
request starts; fastsrv_ext/asgi/call.pyx calls finished() when its response is complete, or when the app ends
if that was lost before. Both run in the request's task, or one that sends for it. http1/pipeline.pyx calls unserved()
for a request that was refused before.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable
from functools import cached_property
from http import HTTPStatus
from typing import Any

from gunicorn.glogging import Logger

from fastsrv.log.atoms import JSON, decoded, environ, method, path, query, scheme, took, uri
from fastsrv.log.careful import CarefulLog
from fastsrv.log.line import AccessLine
from fastsrv_ext.asgi.call import Call


class Request:
    """A request as gunicorn's logger and hooks know it."""

    def __init__(self, call: Call) -> None:
        self.method = method(call)
        self.uri = uri(call)
        self.path = path(call)
        self.query = query(call)
        self.version = tuple(int(digit) for digit in call.head.protocol[5:8:2] if digit.isdigit())  # (1, 1)
        self.headers = [(name.upper(), value) for name, value in texts(call.head.headers)]
        self.remote_addr = call.client or ("", 0)
        self.scheme = scheme(call)


class Response:
    """A response as gunicorn's logger and hooks know it."""

    def __init__(self, call: Call) -> None:
        self.status_code = call.status
        try:
            self.status = f"{call.status} {HTTPStatus(call.status).phrase}"
        except ValueError:  # the app's own, or the 499 of an answer that nobody was there to get
            self.status = str(call.status)
        self.sent = call.sent
        self.headers = texts(call.response_headers)


def texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), decoded(value)) for name, value in headers]


class Access:
    """Tells gunicorn's logger and hooks of requests; `finished`, `unserved` and `before` are None where none listens.

    format: "text", as gunicorn's access_log_format has it, or "json": then that becomes the one atom of the object.
    """

    def __init__(self, worker: Any, cfg: Any, log: Any, format: str = "text") -> None:
        if format == "json":
            getattr(log, "cfg", cfg).set("access_log_format", f"%({{{JSON}}}e)s")
        self.worker = worker
        self.log = log
        self.pre_request = changed_hook(cfg, "pre_request")
        self.post_request = changed_hook(cfg, "post_request")
        # A logger with an access() of its own (statsd's) wants every request, log or not.
        self.logs = getattr(log, "access_log_enabled", True) or type(log).access is not Logger.access
        self.finished = self.tell if self.logs or self.post_request else None
        self.unserved = self.tell_unserved if self.logs else None
        self.before = self.announce if self.pre_request else None
        self.context = contextvars.copy_context()  # no request's

    def announce(self, call: Call) -> None:
        call.hook_request = Request(call)
        self.pre_request(self.worker, call.hook_request)

    @cached_property
    def line(self) -> AccessLine | None:
        """The short way to the log, if it leads to the same. Looked for when the first line is due: the app may
        set logging up, or have it patched, while it starts."""
        return None if self.post_request or not self.logs else AccessLine.find(self.log)

    def tell(self, call: Call) -> None:
        """Called in the middle of a connection's work, which goes on: a failing logger costs its line, a failing hook
        nothing, even if it raises SystemExit."""
        try:
            if self.line is not None and self.line.write(call):
                return
            request, response = call.hook_request or Request(call), Response(call)
            variables = environ(call)
            try:
                if self.logs:
                    self.log.access(response, request, variables, took(call))
            finally:
                if self.post_request:
                    self.post_request(self.worker, request, variables, response)
        except BaseException:
            CarefulLog(self.log).exception("The access log or post_request failed")

    def tell_unserved(self, call: Call) -> None:
        """The line of a request that no app has seen. The hooks are not told, as gunicorn's own workers tell them of no
        request that they refuse. The current context may be that of the request before."""
        self.context.copy().run(self.log_unserved, call)

    def log_unserved(self, call: Call) -> None:
        try:
            if self.line is None or not self.line.write(call):
                self.log.access(Response(call), Request(call), environ(call), took(call))
        except BaseException:
            CarefulLog(self.log).exception("The access log failed")


def changed_hook(cfg: Any, name: str) -> Any:
    """gunicorn's hook `name`, or None if the user has set none."""
    setting = cfg.settings[name]
    return None if setting.get() is setting.default else setting.get()
