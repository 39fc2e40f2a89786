"""Where fastsrv's own settings are given: gunicorn's config file and the environment, which wins.

Whatever is misspelt or senseless in the file raises ConfigError, whose text names the setting; of an unknown name in
the environment strangers() tells, of another name for a setting of gunicorn's misnamed(). config.py and
fastsrv/arbiter.py call it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from fastsrv.config.setting import ConfigError
from fastsrv.config.table import OWN_SETTINGS

PREFIX = "fastsrv_"
# What Kubernetes and Docker put into the environment for a service named "fastsrv", or "fastsrv-demo"; no settings.
SERVICE_LINK = re.compile("FASTSRV_(NAME|(.*_)?(SERVICE_HOST|(SERVICE_)?PORT(_.*)?))")
ALIKE = 0.7  # of difflib's ratio, 0 to 1: a name that is less like one of ours is no misspelling of it


def config_file_names(cfg: Any) -> Mapping[str, object]:
    """The names that gunicorn's config file has defined; gunicorn itself ignores those it does not know. Of settings
    that were given by name (fastsrv/given.py), fastsrv's own."""
    given: Mapping[str, object] | None = getattr(cfg, "fastsrv_settings", None)
    if given is not None:
        return given
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


def misnamed(cfg: Any) -> list[str]:
    """What to tell of each name of gunicorn's config file that is a setting's option (keep_alive), or a setting but for
    underscores (log_level): gunicorn passes it over. Not if that setting stands there, too: then it is a helper."""
    names = config_file_names(cfg)
    meant = {name.replace("-", ""): theirs for name, theirs in by_option(cfg.settings).items()}
    meant |= {theirs.replace("_", ""): theirs for theirs in cfg.settings}
    return [
        f"{name} in gunicorn's config file is no setting of gunicorn's, and has no effect: did you mean {theirs}?"
        for name in names if "_" in name.strip("_") and name not in cfg.settings
        and (theirs := meant.get(name.replace("_", ""))) and theirs not in names]


def undecided(cfg: Any, environ: Mapping[str, str]) -> list[str]:
    """The warning of a start with root_path and without fastsrv_add_root_path: docs/PROXIES.md."""
    name = "fastsrv_add_root_path"
    if not cfg.root_path or name in config_file_names(cfg) or name.upper() in environ:
        return []
    return [
        f"root_path = {cfg.root_path!r} is put before paths that do not begin with it: behind a proxy that takes it "
        f"off, who writes it twice gets past rules that the proxy has for paths. Set {name} to always (the proxy takes "
        f"it off), never (it leaves it), or missing (it has no such rules)"]


def by_option(gunicorns: Mapping[str, Any]) -> dict[str, str]:
    """The name of gunicorn's setting by each option of it, `--keep-alive`."""
    return {option: theirs for theirs, setting in gunicorns.items() for option in setting.cli or ()}


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
