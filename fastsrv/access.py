"""The access log and the request hooks: what gunicorn's logger and hooks want to know of a request.

Nothing here runs for a server without an access log, statsd and hooks. fastsrv_ext/http.pyx calls
finished() when a response is complete, fastsrv/dispatch.py calls before() when a request starts.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from gunicorn.glogging import Logger

from fastsrv_ext.cycle import Cycle


class Request:
    """A request as gunicorn's logger and hooks know it."""

    def __init__(self, cycle: Cycle) -> None:
        head = cycle.head
        scope = cycle.logged or cycle.scope  # the app may change its own; pre_request comes before it
        self.method = head.method
        self.uri = head.target.decode("latin-1")
        self.path = printable(scope["path"])
        self.query = scope["query_string"].decode("latin-1")
        self.version = tuple(int(part) for part in head.version.split("."))
        self.headers = [(name.upper(), value) for name, value in decoded(head.headers)]
        self.remote_addr = cycle.client or ("", 0)
        self.scheme = scope["scheme"]

    def environ(self) -> dict[str, str]:
        """The WSGI names that access log formats may ask for."""
        environ = {
            "REQUEST_METHOD": self.method,
            "RAW_URI": self.uri,
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_PROTOCOL": "HTTP/{}.{}".format(*self.version),
            "REMOTE_ADDR": self.remote_addr[0] or "-",
            "REMOTE_PORT": str(self.remote_addr[1]),
            "wsgi.url_scheme": self.scheme,
        }
        for name, value in self.headers:
            key = name.replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = "HTTP_" + key
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        if not names_printable_user(environ.get("HTTP_AUTHORIZATION", "")):
            del environ["HTTP_AUTHORIZATION"]
        return environ


class Response:
    """A response as gunicorn's logger and hooks know it."""

    def __init__(self, cycle: Cycle) -> None:
        self.status_code = cycle.status
        try:
            self.status = f"{cycle.status} {HTTPStatus(cycle.status).phrase}"
        except ValueError:
            self.status = str(cycle.status)
        self.sent = cycle.sent
        self.headers = decoded(cycle.response_headers)


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), printable(value.decode("latin-1"))) for name, value in headers]


def printable(text: str) -> str:
    """`text` with escapes for what would forge a line of the log or drive a terminal (CVE-2020-7694)."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def names_printable_user(authorization: str) -> bool:
    """gunicorn logs the user of basic credentials as it decodes it: in this way."""
    scheme, _, credentials = authorization.partition(" ")
    if not scheme.lower().startswith("basic"):
        return True
    try:
        return base64.b64decode(credentials.encode()).partition(b":")[0].decode().isprintable()
    except ValueError:
        return True  # nor can gunicorn decode it


class Access:
    """Tells gunicorn's logger and hooks of requests; `finished` and `before` are None where none listens."""

    def __init__(self, worker: Any, cfg: Any, log: Any) -> None:
        self.worker = worker
        self.log = log
        self.pre_request = changed_hook(cfg, "pre_request")
        self.post_request = changed_hook(cfg, "post_request")
        # A logger with an access() of its own (statsd's) wants every request, log or not.
        self.logs = getattr(log, "access_log_enabled", True) or type(log).access is not Logger.access
        self.finished = self.tell if self.logs or self.post_request else None
        self.before = self.announce if self.pre_request else None

    def announce(self, cycle: Cycle) -> None:
        self.pre_request(self.worker, Request(cycle))

    def tell(self, cycle: Cycle) -> None:
        """A failing logger or hook costs its line, never the connection."""
        try:
            request, response = Request(cycle), Response(cycle)
            environ = request.environ()
            if self.logs:
                took = timedelta(seconds=time.monotonic() - cycle.started)
                self.log.access(response, request, environ, took)
            if self.post_request:
                self.post_request(self.worker, request, environ, response)
        except Exception:
            self.log.exception("The access log or post_request failed")


def changed_hook(cfg: Any, name: str) -> Any:
    """gunicorn's hook `name`, or None if the user has set none."""
    setting = cfg.settings[name]
    return None if setting.get() is setting.default else setting.get()
