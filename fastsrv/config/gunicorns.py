"""gunicorn's settings: those that a worker obeys and where they go, and those that stop the start.

fastsrv's own are in table.py. What gunicorn or its logger obeys by itself is not here; docs/SETTINGS.md has all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastsrv.config.setting import LARGEST, UNLIMITED, ConfigError
from fastsrv.timetable import LAST_WORD
from fastsrv_ext.clock import TICK

RELOAD_TIMEOUT = 0.5  # seconds, in graceful_timeout's place with reload: a developer waits for the new code


@dataclass(frozen=True)
class Obeyed:
    """A setting of gunicorn's, in one of the places that its value goes to.

    goes: a topic of Config, and what it is called there: "limits.request_line". meaning(value): what it is there.
    missing: its value with a gunicorn that does not have it.
    """

    name: str
    goes: str
    meaning: Callable[[Any], Any] = lambda value: value
    missing: Any = None

    def of(self, cfg: Any) -> Any:
        """Its value in gunicorn's `cfg`."""
        return getattr(cfg, self.name, self.missing)


def or_unlimited(number: int) -> int:
    """gunicorn's 0 is no limit."""
    return number or UNLIMITED


OBEYED = (
    Obeyed("keepalive", "service.keepalive", bool),
    Obeyed("keepalive", "clock.IDLE", lambda seconds: seconds or TICK),  # with 0 nobody comes there
    Obeyed("keepalive", "response.keepalive"),
    Obeyed("asgi_disconnect_grace_period", "dispatch.grace_period"),
    Obeyed("asgi_disconnect_grace_period", "clock.GRACE", lambda seconds: seconds or LAST_WORD),
    Obeyed("graceful_timeout", "end.graceful_timeout"),
    Obeyed("worker_connections", "service.max_connections", or_unlimited),
    Obeyed("worker_connections", "listeners.limit", or_unlimited),
    Obeyed("backlog", "listeners.backlog"),
    Obeyed("limit_request_line", "limits.request_line", or_unlimited),
    Obeyed("limit_request_fields", "limits.request_fields", or_unlimited),
    Obeyed("limit_request_field_size", "limits.request_field_size", or_unlimited),
    Obeyed("permit_unconventional_http_method", "limits.any_method"),
    Obeyed("permit_unconventional_http_version", "limits.any_version"),
    Obeyed("header_map", "limits.refuse_underscores", lambda choice: choice == "refuse"),
    Obeyed("root_path", "scope.root_path", lambda path: path.rstrip("/")),
    Obeyed("proxy_protocol", "preface.versions"),
    Obeyed("proxy_allow_ips", "preface.proxies"),
    Obeyed("websocket_max_message_size", "websocket.max_message_size", or_unlimited, missing=16 * 1024 * 1024),
    Obeyed("asgi_lifespan", "lifespan.mode"),
    Obeyed("asgi_loop", "loop.kind", lambda choice: "asyncio" if choice == "asyncio" else "uvloop"),
)
BASES = ("max_requests", "max_requests_jitter")  # obeyed by gunicorn's class of all workers

# gunicorn settings that a user of this worker would expect to work and that it cannot obey: silence
# would be worse than a refusal at the start.
REFUSED = {
    "protocol": ("http", "only HTTP is served"),
    # gunicorn's TLS context would offer h2, and a client that takes it would be answered with 400
    "http_protocols": (["h1"], "only HTTP/1.1 is served"),
    "permit_obsolete_folding": (False, "folded header lines are refused (RFC 9112, 5.2)"),
    "strip_header_spaces": (False, "a space before the colon is refused (RFC 9112, 5.1)"),
    "casefold_http_method": (False, "methods are case-sensitive (RFC 9110, 9.1)"),
}


def check(cfg: Any) -> None:
    """Raise ConfigError for what cannot be obeyed in gunicorn's `cfg`."""
    for name, (only, why) in REFUSED.items():
        value = getattr(cfg, name, only)
        if value not in (only, False, None):
            raise ConfigError(f"{name} = {value!r} cannot be used with fastsrv.Worker: {why}")
    for name, value in (*((row.name, row.of(cfg)) for row in OBEYED), *((name, getattr(cfg, name)) for name in BASES)):
        if isinstance(value, int) and value > LARGEST:  # gunicorn's own check lets any size pass
            raise ConfigError(f"{name} must be at most {LARGEST}, not {value}")
    if cfg.root_path and not cfg.root_path.startswith("/"):
        raise ConfigError(f"root_path must begin with a slash, not {cfg.root_path!r}")
    if cfg.reuse_port and any(isinstance(address, str) for address in cfg.address):
        raise ConfigError(
            "reuse_port cannot be used with a UNIX socket (bind): the system has no queue for each worker there")


def graceful_timeout(cfg: Any) -> float:
    """Seconds that a graceful end may take. (A signal may want to know it before there is a Config.)"""
    timeout: float = cfg.graceful_timeout
    return min(timeout, RELOAD_TIMEOUT) if cfg.reload else timeout
