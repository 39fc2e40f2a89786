"""One HTTP request to the admin address, in memory: its head, and the bytes of the answer.

http.server parses it. Knows no socket (server.py does) and no path (paths.py does).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

TEXT = "text/plain; charset=utf-8"
SECURITY = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# A target with a host, which is the one that counts (RFC 9112, 3.2.2); and its path.
ABSOLUTE = re.compile("https?://([^/?]*)(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    status: HTTPStatus
    body: bytes
    kind: str = TEXT  # Content-Type
    policy: str = "default-src 'none'; frame-ancestors 'none'"  # Content-Security-Policy


Answers = Callable[[str, str], Answer]  # (path, value of Accept)


def text(status: HTTPStatus, body: str) -> Answer:
    return Answer(status, f"{body}\n".encode())


def answered(head: bytes, answers: Answers, hosts: frozenset[str] | None) -> bytes:
    """The whole answer to the request that begins with `head`. hosts: the names that a Host field may have beside an
    address; None: any."""
    return Request(head, answers, hosts).wfile.getvalue()


class Request(BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
    wfile: BytesIO

    def __init__(self, head: bytes, answers: Answers, hosts: frozenset[str] | None) -> None:
        self.head, self.answers, self.hosts = head, answers, hosts
        super().__init__(None, ("", 0), None)  # type: ignore[arg-type]  # setup() needs no connection

    def setup(self) -> None:
        self.rfile, self.wfile = BytesIO(self.head), BytesIO()

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline.strip() or not self.parse_request():
            return  # parse_request() has answered
        absolute = ABSOLUTE.match(self.path)
        host, path = absolute.groups() if absolute else (self.headers.get("Host"), self.path)
        if self.command not in ("GET", "HEAD"):
            self.write(text(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD"), {"Allow": "GET, HEAD"})
        elif not self.is_meant(host):
            self.write(text(HTTPStatus.MISDIRECTED_REQUEST, "ask by address, or by the name in fastsrv_admin_bind"))
        else:
            self.write(self.answers(path.partition("?")[0] or "/", self.headers.get("Accept", "")))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server says of a head that is none."""
        self.write(text(HTTPStatus(code), message or HTTPStatus(code).phrase))

    def is_meant(self, host: str | None) -> bool:
        """A page that somebody looks at can ask an address of the same host, by a name of its own that leads there (DNS
        rebinding); the name stands in Host."""
        return host is None or self.hosts is None or is_one_of(host, self.hosts)

    def write(self, answer: Answer, more: dict[str, str] | None = None) -> None:
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": answer.kind, "Content-Length": str(len(answer.body)), "Connection": "close",
            "Content-Security-Policy": answer.policy, **SECURITY, **(more or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "fastsrv"

    def finish(self) -> None:
        """The answer stays in wfile."""

    def log_message(self, *args: Any) -> None:
        """A probe each second is no news."""


def is_one_of(host: str, names: frozenset[str]) -> bool:
    """host: the value of a Host field."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    name = name.strip("[]").rstrip(".").lower()
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
