"""Every setting in force, gunicorn's and fastsrv's, with its value and where that comes from: what
`python -m fastsrv --settings` prints.

Decides nothing: gunicorn and sources.py do, in the order that is repeated here. fastsrv/cli.py calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastsrv.config.gunicorns import is_changed
from fastsrv.config.setting import OFF, SWITCH, Setting
from fastsrv.config.sources import config_file_names, read_own
from fastsrv.config.table import OWN_SETTINGS

# What gunicorn takes its defaults from.
VARIABLES = {"bind": "PORT", "workers": "WEB_CONCURRENCY", "forwarded_allow_ips": "FORWARDED_ALLOW_IPS"}
VALUE = 30  # columns for a value: most are shorter
DEFAULT, ENVIRONMENT, APPLICATION = "default", "{} in the environment", "the application"


def settings_in_force(
    cfg: Any, environ: Mapping[str, str], given: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """A line for each setting of gunicorn's `cfg`, by name, then for each of fastsrv's: name = value  # origin.

    given: gunicorn's settings that were given elsewhere than in the config file, by the name of where; the first wins.
    Raises ConfigError."""
    file_names = config_file_names(cfg)
    file = str(file_names.get("__file__"))
    own = read_own(file_names, environ, cfg.settings)
    rows = [(name, shown(cfg.settings[name].get()), origin(name, cfg, {**given, file: file_names}))
            for name in sorted(cfg.settings)]
    rows += [(row.name, written(own[row.name], row), own_origin(row.name, environ, file_names, file))
             for row in OWN_SETTINGS]
    width = max(len(name) for name, _, _ in rows)
    return [f"{name:{width}} = {value:{VALUE}}  # {where}" for name, value, where in rows]


def origin(name: str, cfg: Any, given: Mapping[str, Mapping[str, Any]]) -> str:
    for where, names in given.items():
        if name in names:
            return where
    if is_changed(cfg, name):
        return APPLICATION  # gunicorn has the name of a process from there, and paste's logging
    variable = VARIABLES.get(name)
    return ENVIRONMENT.format(variable) if variable in cfg.env_orig else DEFAULT


def own_origin(name: str, environ: Mapping[str, str], file_names: Mapping[str, object], file: str) -> str:
    if name.upper() in environ:
        return ENVIRONMENT.format(name.upper())
    return file if name in file_names else DEFAULT


def shown(value: object) -> str:
    """A value of gunicorn's, in one line."""
    name = getattr(value, "__qualname__", None)  # of a hook, or of a class
    return repr(value) if name is None else f"<{name}>"


def written(value: object, setting: Setting) -> str:
    """A value of fastsrv's, as it could be written in the config file."""
    if setting.unit == SWITCH:
        return repr("on" if value else OFF)
    return repr(OFF if value == setting.off else value)
