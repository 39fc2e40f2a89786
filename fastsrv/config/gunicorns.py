"""gunicorn's settings: those that a worker obeys and where they go, those that stop the start, those without effect.

fastsrv's own are in table.py. What gunicorn or its logger obeys by itself is not here; docs/GUNICORN.md has all, with
tables made from REFUSED and WITHOUT_EFFECT (`python -m tools.gunicorn_document`).
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gunicorn.glogging import SafeAtoms

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
    Obeyed("root_path", "scope.root_path", lambda path: (path or "").rstrip("/")),  # None: gunicorn lets it pass
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

LARGEST_OF_A_FIELD = "\xff"  # character

ATOMS = SafeAtoms(dict.fromkeys("BTDM", 0))  # of a request, by their types: all others are texts
OF_LOGGERS = ("access", "atoms", "atoms_wrapper_class")  # what makes a line of the access log

HTTP_2 = "only HTTP/1.1 is served"
OF_OTHERS = "it is for workers that read a socket by themselves: asyncio has rules of its own"
# Those without which an app is served all the same: who sets one is told why it does nothing.
WITHOUT_EFFECT = {
    "threads": "a worker is one event loop; an app may have threads of its own (asyncio.to_thread)",
    "http_parser": "the parser is llhttp",
    "uwsgi_allow_ips": "only HTTP is served",
    "http2_cleartext": HTTP_2,
    "http2_max_concurrent_streams": HTTP_2,
    "http2_initial_window_size": HTTP_2,
    "http2_max_frame_size": HTTP_2,
    "http2_max_header_list_size": HTTP_2,
    "sendfile": "ASGI applications send bytes, no files",
    "tmp_upload_dir": "the body of a request is not stored: the app reads it as it comes",
    "ssl_version": "gunicorn ignores it for all workers, and the best version that both sides know is taken; the "
                   "ssl_context hook can narrow it",
    "suppress_ragged_eofs": OF_OTHERS,
    "do_handshake_on_connect": "handshakes are made when a connection is accepted, and hold up nobody",
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
    check_fields(cfg)
    if cfg.reuse_port and any(isinstance(address, str) for address in cfg.address):
        raise ConfigError(
            "reuse_port cannot be used with a UNIX socket (bind): the system has no queue for each worker there")
    if cfg.reuse_port and any(isinstance(address, int) for address in cfg.address):
        raise ConfigError("reuse_port cannot be used with an inherited socket (bind): each worker needs one of its own")


def check_fields(cfg: Any) -> None:
    """Raise ConfigError for names and values that no header field can have: gunicorn's own check lets all pass."""
    secure = cfg.secure_scheme_headers
    for name, texts in (
        ("secure_scheme_headers", [*secure, *secure.values()]), ("forwarder_headers", cfg.forwarder_headers)
    ):
        for text in texts:
            if not isinstance(text, str) or max(text, default="") > LARGEST_OF_A_FIELD:
                raise ConfigError(f"{name} takes texts of ISO 8859-1, as header fields have them, not {text!r}")


def check_access_log_format(cfg: Any) -> None:
    """Raise ConfigError for one with which no line could be written. A logger class of the user's may have other
    atoms, or another way to write them."""
    try:
        cfg.access_log_format % ATOMS
    except (TypeError, ValueError, OverflowError) as error:
        made_by = (getattr(getattr(cfg.logger_class, name, None), "__module__", "") for name in OF_LOGGERS)
        if all(module.startswith("gunicorn.") for module in made_by):
            raise ConfigError(
                f"access_log_format = {cfg.access_log_format!r} cannot be written ({error}): it takes gunicorn's "
                "atoms, as %(name)s, and %% for a percent sign") from error


def is_changed(cfg: Any, name: str) -> bool:
    """Has this setting another value than its default? That is made by its class alone, as another's may raise: chdir's
    does in a folder that is not the worker's to read."""
    setting = cfg.settings[name]
    changed: bool = setting.get() != type(setting)().get()
    return changed


def without_effect(cfg: Any) -> list[str]:
    """A sentence for each setting of gunicorn's `cfg` that was changed and does nothing."""
    sentences = [
        f"{name} = {cfg.settings[name].get()!r} has no effect with fastsrv.Worker: {why}"
        for name, why in WITHOUT_EFFECT.items()
        if name in cfg.settings and is_changed(cfg, name)
    ]
    levels = getattr(cfg.logger_class, "LOG_LEVELS", (cfg.loglevel.lower(),))  # of a class of the user's, any
    no_json = cfg.logconfig_json and not os.path.exists(cfg.logconfig_json)
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for is_so, sentence in (  # of which gunicorn says nothing
        (cfg.reload and cfg.preload_app,
         "reload has no effect on what preload_app has loaded: leave out one of the two"),
        (cfg.enable_backlog_metric and cfg.reuse_port,
         "enable_backlog_metric has no effect with reuse_port: the arbiter, which measures, has no queue then"),
        (cfg.capture_output and cfg.errorlog == "-",
         "capture_output has no effect without a file in errorlog"),
        (cfg.dirty_apps and not cfg.dirty_workers, "dirty_apps has no effect without dirty_workers"),
        (cfg.max_requests_jitter and not cfg.max_requests, "max_requests_jitter has no effect without max_requests"),
        (not cfg.workers, "workers = 0 serves nobody, until the signal TTIN adds a worker"),
        (descriptors != resource.RLIM_INFINITY and cfg.worker_connections >= descriptors,
         f"worker_connections = {cfg.worker_connections} cannot be reached: each connection is a file descriptor, of "
         f"which a worker may have {descriptors} (ulimit -n, systemd's LimitNOFILE)"),
        (cfg.loglevel.lower() not in levels,
         f"loglevel = {cfg.loglevel!r} has no effect: it is one of {', '.join(levels)}, and info holds"),
        (no_json, f"logconfig_json = {cfg.logconfig_json!r} has no effect: there is no such file"),
    ):
        if is_so:
            sentences.append(sentence)
    return sentences


def graceful_timeout(cfg: Any) -> float:
    """Seconds that a graceful end may take. (A signal may want to know it before there is a Config.)"""
    timeout: float = cfg.graceful_timeout
    return min(timeout, RELOAD_TIMEOUT) if cfg.reload else timeout
