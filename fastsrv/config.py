"""fastsrv's settings: one frozen dataclass, read from gunicorn's settings and fastsrv's own.

No loop and no socket here. The worker reads it once per process; docs/SETTINGS.md is made from
OWN_SETTINGS (`python -m tools.settings_document`). Whatever is misspelt or senseless raises ConfigError, whose
text names the setting; of an unknown name in the environment strangers() tells.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

UNLIMITED = sys.maxsize
LARGEST = 2**31 - 1  # seconds (68 years), bytes (2 GiB) or whatever else: more is a mistake
LARGEST_BODY = 2**40  # bytes (1 TiB)
RELOAD_TIMEOUT = 0.5  # seconds, in graceful_timeout's place with reload: a developer waits for the new code
PREFIX = "fastsrv_"
# What Kubernetes and Docker put into the environment for a service named "fastsrv", or "fastsrv-demo"; no settings.
SERVICE_LINK = re.compile("FASTSRV_(NAME|(.*_)?(SERVICE_HOST|(SERVICE_)?PORT(_.*)?))")
ALIKE = 0.7  # of difflib's ratio, 0 to 1: a name that is less like one of ours is no misspelling of it
OR = " or "  # between the words that a setting may be
SWITCH = f"on{OR}off"
WHOLE = ("bytes", "requests")  # units that have no parts
OFF = "off"  # of a limit that need not be
SWITCHED = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class ConfigError(ValueError):
    """A setting that cannot be obeyed. The text says which, and what would be right."""


@dataclass(frozen=True)
class Setting:
    """One of fastsrv's own settings.

    default: UNLIMITED for a limit that is off. unit: "seconds", "bytes", "bytes/s", "requests", "on or off" (then a
    bool), or the words that it may be: "ignore or raise". why: the reason of the default, for docs/SETTINGS.md.
    largest: the greatest value that makes sense.
    """

    name: str
    default: Any
    unit: str
    what: str
    why: str
    largest: int = LARGEST

    @property
    def words(self) -> list[str]:
        """What it may be, if that is one of some words."""
        return self.unit.split(OR) if OR in self.unit else []

    def parse(self, value: object, where: str) -> Any:
        """`value` (or its text) as a number greater than 0, as a bool or as one of its words; "off" as UNLIMITED, if
        that is the default. Raises ConfigError."""
        if self.unit == SWITCH:
            if str(value).lower() not in SWITCHED:
                raise ConfigError(f"{where} must be on or off, not {value!r}")
            return SWITCHED[str(value).lower()]
        if self.words:
            if str(value).lower() not in self.words:
                raise ConfigError(f"{where} must be {self.unit}, not {value!r}")
            return str(value).lower()
        can_be_off = self.default == UNLIMITED
        if can_be_off and str(value).lower() == OFF:
            return UNLIMITED
        number = math.nan
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                number = float(value)
            except ValueError:
                pass
        if not 0 < number <= self.largest:  # nor NaN
            or_off = ", or off" if can_be_off else ""
            raise ConfigError(
                f"{where} must be a number of {self.unit} greater than 0 and at most {self.largest}{or_off}, "
                f"not {value!r}")
        if self.unit not in WHOLE:
            return number
        if number != int(number):
            raise ConfigError(f"{where} must be a whole number of {self.unit}, not {value!r}")
        return int(number)


OWN_SETTINGS = (
    Setting("fastsrv_header_timeout", 30.0, "seconds",
            "Time for a complete request head, from the connection's first moment or the head's first byte. "
            "Nothing extends it.",
            "Load balancers open connections ahead of use and expect them to last; a slow-loris client is "
            "rid of in half a minute. nginx allows 60, Node 60."),
    Setting("fastsrv_body_timeout", 30.0, "seconds",
            "Longest pause in a request body while the app waits for it, in one receive() or in several.",
            "A mobile client changes cells within seconds; nginx allows 60."),
    Setting("fastsrv_send_timeout", 30.0, "seconds",
            "Time after which a peer that lags behind our writes must have read at fastsrv_min_rate, on average since "
            "it lags. What it has read beyond that lets it pause for three times as long.",
            "A load balancer reads at once; who reads nothing for half a minute has gone. nginx allows 60."),
    Setting("fastsrv_drain_timeout", 5.0, "seconds",
            "Longest pause in what is still on its way to us after an early answer, a 4xx of ours, or our end. Six "
            "times as long in all.",
            "Some round trips. nginx has 5 and 30 (lingering_timeout, lingering_time)."),
    Setting("fastsrv_close_timeout", 5.0, "seconds",
            "Time for a closed connection's last bytes to leave and for the peer's end to come.",
            "Some round trips; after it the connection is reset."),
    Setting("fastsrv_shutdown_keepalive", 3.0, "seconds",
            "Time that idle connections stay open when their worker is told to end (TERM, HUP, max_requests): a "
            "request that comes on one is answered, with Connection: close. At most gunicorn's keepalive, and half of "
            "the time that the end may take; none with reload.",
            "To close at once loses the request that is on its way; a client that asks every second learns from an "
            "answer. Docker kills after 10. nginx's keepalive_min_timeout is the like."),
    Setting("fastsrv_min_rate", 240.0, "bytes/s",
            "Lowest rate, averaged, at which a body may come in once fastsrv_body_timeout was waited for it, "
            "and at which a lagging peer has to read.",
            "Slower than any modem, faster than one byte now and then. Kestrel has 240, Apache 500."),
    Setting("fastsrv_limit_request_head", 65536, "bytes",
            "Size of a request line with all header fields, beside gunicorn's limits for each.",
            "Eight fields of gunicorn's largest size. Node allows 16 KiB, h11 16 KiB, Go 1 MiB."),
    Setting("fastsrv_limit_request_body", UNLIMITED, "bytes",
            "Size of a request body, by its Content-Length or as its chunks arrive. More is a 413.",
            "What is too large is the app's to know, or a proxy's in front; a body is never kept as a whole here. "
            "nginx allows 1 MiB, Node and Go any size.", LARGEST_BODY),
    Setting("fastsrv_limit_drain", 128 * 1024 * 1024, "bytes",
            "Size of what is read and thrown away after an early answer, a 4xx of ours, or our end. Behind it reading "
            "stops, and the connection stays open until the peer's end or the limit of time.",
            "Many clients read an answer only when they have sent all of their upload: Python's http.client, Java's "
            "HttpURLConnection. 100 MB take a twentieth of a second of work. nginx and Apache have no limit but of "
            "time, Go 256 KiB."),
    Setting("fastsrv_limit_concurrency", UNLIMITED, "requests",
            "Requests in flight in one worker: the app is at work on the answer, or goes on after its client has gone. "
            "One more is answered with 503 at once.",
            "How many an app can work on is the app's to know. uvicorn's limit is off, too."),
    Setting("fastsrv_keep_alive_header", False, SWITCH,
            "Tell clients with each response for how long an idle connection is kept: Keep-Alive: timeout=, with "
            "gunicorn's keepalive in seconds, and the Connection: keep-alive that belongs to it.",
            "It is 47 bytes a response, of use to clients that heed it: Node's, Apache's HttpClient, Firefox. Node's "
            "server sends it, nginx if it is asked to."),
    Setting("fastsrv_send_after_disconnect", "ignore", f"ignore{OR}raise",
            "What send() does when the client has gone. ignore: nothing, and the scope says spec_version 2.3. raise: "
            "it raises an OSError, and the scope says 2.5.",
            "Applications are written for servers that ignore it: with raise, Starlette and FastAPI run no background "
            "task of such a request, and generators stay open. docs/ASGI.md says more."),
    Setting("fastsrv_scan_heads", True, SWITCH,
            "Read request heads of the plain form without the parser. Off: httptools reads all of them; "
            "the app sees the same.",
            "A plain request costs half a microsecond less, one with a browser's fields 1.5. A way out, "
            "should the two ever differ."),
)

# gunicorn settings that a user of this worker would expect to work and that it cannot obey: silence
# would be worse than a refusal at the start.
REFUSED = {
    "proxy_protocol": ("off", "the PROXY protocol is not served"),
    "protocol": ("http", "only HTTP is served"),
    # gunicorn's TLS context would offer h2, and a client that takes it would be answered with 400
    "http_protocols": (["h1"], "only HTTP/1.1 is served"),
    "permit_obsolete_folding": (False, "folded header lines are refused (RFC 9112, 5.2)"),
    "strip_header_spaces": (False, "a space before the colon is refused (RFC 9112, 5.1)"),
    "casefold_http_method": (False, "methods are case-sensitive (RFC 9110, 9.1)"),
}

# gunicorn's own check lets any size of these pass.
NUMBERS = (
    "keepalive", "graceful_timeout", "worker_connections", "backlog", "max_requests", "max_requests_jitter",
    "limit_request_line", "limit_request_fields", "limit_request_field_size", "asgi_disconnect_grace_period",
)


@dataclass(frozen=True)
class Config:
    """All that a worker obeys. Times are seconds, sizes bytes."""

    # connections and their ends
    keepalive: float
    keep_alive_header: bool
    header_timeout: float
    body_timeout: float
    send_timeout: float
    drain_timeout: float
    close_timeout: float
    shutdown_keepalive: float
    min_rate: float
    graceful_timeout: float
    disconnect_grace_period: float
    worker_connections: int
    limit_concurrency: int
    backlog: int

    # requests
    scan_heads: bool
    limit_request_head: int
    limit_request_body: int
    limit_drain: int
    limit_request_line: int
    limit_request_fields: int
    limit_request_field_size: int
    any_method: bool
    any_version: bool
    refuse_underscores: bool

    # the app
    root_path: str
    lifespan: str
    loop: str
    send_after_disconnect: str

    @classmethod
    def from_gunicorn(cls, cfg: Any, environ: Mapping[str, str] | None = None) -> Config:
        """Read gunicorn's `cfg`, the fastsrv_* names of its config file, and FASTSRV_* of `environ`
        (os.environ), which win over the file. Raises ConfigError."""
        for name, (only, why) in REFUSED.items():
            value = getattr(cfg, name, only)
            if value not in (only, False, None):
                raise ConfigError(f"{name} = {value!r} cannot be used with fastsrv.Worker: {why}")
        for name in NUMBERS:
            if getattr(cfg, name) > LARGEST:
                raise ConfigError(f"{name} must be at most {LARGEST}, not {getattr(cfg, name)}")
        if cfg.reuse_port and any(isinstance(address, str) for address in cfg.address):
            raise ConfigError(
                "reuse_port cannot be used with a UNIX socket (bind): the system has no queue for each worker there")
        own = read_own(config_file_names(cfg), os.environ if environ is None else environ, cfg.settings)
        return cls(
            keepalive=cfg.keepalive,
            keep_alive_header=own["fastsrv_keep_alive_header"],
            header_timeout=own["fastsrv_header_timeout"],
            body_timeout=own["fastsrv_body_timeout"],
            send_timeout=own["fastsrv_send_timeout"],
            drain_timeout=own["fastsrv_drain_timeout"],
            close_timeout=own["fastsrv_close_timeout"],
            shutdown_keepalive=0.0 if cfg.reload else own["fastsrv_shutdown_keepalive"],
            min_rate=own["fastsrv_min_rate"],
            graceful_timeout=graceful_timeout(cfg),
            disconnect_grace_period=cfg.asgi_disconnect_grace_period,
            worker_connections=cfg.worker_connections or UNLIMITED,
            limit_concurrency=own["fastsrv_limit_concurrency"],
            backlog=cfg.backlog,
            scan_heads=own["fastsrv_scan_heads"],
            limit_request_head=own["fastsrv_limit_request_head"],
            limit_request_body=own["fastsrv_limit_request_body"],
            limit_drain=own["fastsrv_limit_drain"],
            limit_request_line=cfg.limit_request_line or UNLIMITED,
            limit_request_fields=cfg.limit_request_fields or UNLIMITED,
            limit_request_field_size=cfg.limit_request_field_size or UNLIMITED,
            any_method=cfg.permit_unconventional_http_method,
            any_version=cfg.permit_unconventional_http_version,
            refuse_underscores=cfg.header_map == "refuse",
            root_path=cfg.root_path,
            lifespan=cfg.asgi_lifespan,
            loop="asyncio" if cfg.asgi_loop == "asyncio" else "uvloop",
            send_after_disconnect=own["fastsrv_send_after_disconnect"],
        )


def graceful_timeout(cfg: Any) -> float:
    """Seconds that a graceful end may take. (A signal may want to know it before there is a Config.)"""
    timeout: float = cfg.graceful_timeout
    return min(timeout, RELOAD_TIMEOUT) if cfg.reload else timeout


def config_file_names(cfg: Any) -> Mapping[str, object]:
    """The names that gunicorn's config file has defined; gunicorn itself ignores those it does not know."""
    location: str = (cfg.settings["config"].get() if "config" in cfg.settings else None) or ""
    module = location[len("python:"):] if location.startswith("python:") else "__config__"
    return vars(sys.modules[module]) if module in sys.modules else {}


def read_own(
    file_names: Mapping[str, object], environ: Mapping[str, str], gunicorns: Mapping[str, Any],
) -> dict[str, Any]:
    """The value of every own setting. gunicorns: gunicorn's settings, by name. Raises ConfigError for a value that a
    setting cannot have, and for a name of the config file that is none of ours; of the environment see strangers()."""
    values = {setting.name: setting.default for setting in OWN_SETTINGS}
    for source, given, spelled in (
        ("gunicorn's config file", file_names, str.lower), ("the environment", environ, str.upper),
    ):
        settings = {spelled(setting.name): setting for setting in OWN_SETTINGS}
        for name, value in given.items():
            if name in settings:
                values[settings[name].name] = settings[name].parse(value, f"{name} in {source}")
            elif given is file_names and begins_as_ours(name) and not isinstance(value, ModuleType):
                raise ConfigError(f"{name} in {source} is no setting of fastsrv: {hint(name, spelled, gunicorns)}")
    return values


def strangers(environ: Mapping[str, str], gunicorns: Mapping[str, Any]) -> list[str]:
    """What to tell of each name of the environment that begins as ours and is none. No more than that: FASTSRV_VERSION
    or FASTSRV_HOME may be anybody's."""
    known = {setting.name.upper() for setting in OWN_SETTINGS}
    return [
        f"{name} in the environment is no setting of fastsrv, and has no effect: {hint(name, str.upper, gunicorns)}"
        for name in environ if begins_as_ours(name) and name not in known
    ]


def begins_as_ours(name: str) -> bool:
    return name.lower().startswith(PREFIX) and not SERVICE_LINK.fullmatch(name)


def hint(name: str, spelled: Callable[[str], str], gunicorns: Mapping[str, Any]) -> str:
    """What was meant by `name`, most likely, or where to look."""
    short = name.lower().removeprefix(PREFIX)
    for theirs, setting in gunicorns.items():
        if theirs.replace("_", "") == short.replace("_", ""):
            or_so = f", or with {setting.cli[-1]} in GUNICORN_CMD_ARGS" if setting.cli else ""
            return f"{theirs} is gunicorn's, set it in gunicorn.conf.py{or_so}"
    close = get_close_matches(short, [setting.name.removeprefix(PREFIX) for setting in OWN_SETTINGS], 1, ALIKE)
    return f"did you mean {spelled(PREFIX + close[0])}?" if close else "docs/SETTINGS.md lists them"
