"""All that a worker obeys, by topic: each topic is handed as it is to whom it is for, `Clock(**config.clock)`.

The rows of table.py and gunicorns.py say what goes where; none of it is named here but what reload changes. No loop
and no socket here. fastsrv/worker.py reads it once a process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from fastsrv.config.gunicorns import OBEYED, check, check_access_log_format, graceful_timeout
from fastsrv.config.setting import ConfigError
from fastsrv.config.sources import config_file_names, read_own
from fastsrv.config.table import OWN_SETTINGS
from fastsrv.timetable import reserve

Topic = Mapping[str, Any]  # the values by the names that they have for whom they are for


def check_end(end: Topic) -> None:
    """Raise ConfigError if the steps of a worker's end do not fit into its time."""
    delay, timeout = end["shutdown_delay"], end["graceful_timeout"]
    room = timeout - reserve(timeout) - end["shutdown_keepalive"]
    if delay and delay >= room:
        raise ConfigError(
            f"fastsrv_shutdown_delay must be less than {max(room, 0):g} seconds with graceful_timeout = {timeout:g}, "
            f"behind which gunicorn kills, and fastsrv_shutdown_keepalive = {end['shutdown_keepalive']:g}, "
            f"not {delay:g}")


@dataclass(frozen=True)
class Config:
    """Times are seconds, sizes bytes."""

    clock: Topic  # for Clock
    limits: Topic  # for Limits
    service: Topic  # for Service
    scope: Topic  # for CommonScope
    response: Topic  # for CommonResponse
    upgrades: Topic  # whether each protocol beside HTTP/1.1 is served
    websocket: Topic  # for what takes a request for one
    dispatch: Topic  # for Dispatch
    lifespan: Topic  # for Lifespan
    listeners: Topic  # for make_listeners()
    loop: Topic  # for new_loop()
    end: Topic  # of a worker
    watchdog: Topic  # for Watchdog
    log: Topic  # what is told of requests
    tls: Topic  # for Renewal
    admin: Topic  # for what is told at an address of its own
    forwarded: Topic  # for Forwarded
    preface: Topic  # for what a proxy says before the first request

    @classmethod
    def from_gunicorn(cls, cfg: Any, environ: Mapping[str, str] | None = None) -> Config:
        """Read gunicorn's `cfg`, the fastsrv_* names of its config file, and FASTSRV_* of `environ`
        (os.environ), which win over the file. Raises ConfigError."""
        check(cfg)
        own = read_own(config_file_names(cfg), os.environ if environ is None else environ, cfg.settings)
        config = cls.of(cfg, own)
        check_end(config.end)
        if config.log["access_format"] == "text":
            check_access_log_format(cfg)
        return config

    @classmethod
    def of(cls, cfg: Any, own: Mapping[str, Any]) -> Config:
        """Of values that are known to be good. cfg: has gunicorn's as attributes; own: fastsrv's by their names."""
        topics: dict[str, dict[str, Any]] = {topic.name: {} for topic in fields(cls)}
        placed = [(row.goes, row.meaning(row.of(cfg))) for row in OBEYED]
        placed += [(row.goes, own[row.name]) for row in OWN_SETTINGS]
        for goes, value in placed:
            topic, name = goes.split(".")
            topics[topic][name] = value
        if cfg.reload:  # nobody's next request is worth a window
            topics["end"] |= {
                "shutdown_keepalive": 0.0, "shutdown_delay": 0.0, "graceful_timeout": graceful_timeout(cfg)}
        return cls(**topics)
