"""Settings that code gives by their names, gunicorn's and fastsrv's alike: what run() and testing.serve() take.

They take the place of gunicorn's config file. Over run()'s the environment wins, as over the file; serve() reads
nothing of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from gunicorn.config import Config

from fastsrv.config.setting import ConfigError
from fastsrv.config.sources import PREFIX, begins_as_ours, by_option, hint
from fastsrv.config.table import OWN_SETTINGS
from fastsrv.other_servers import hint_of

# Settings of gunicorn's that mean something on a command line alone, and what is to be done instead.
OF_COMMAND_LINES = {
    "config": "no config file is read: each setting is an argument",
    "wsgi_app": "the app is the first argument",
    "default_proc_name": "proc_name names the processes",
    "paste": "load the app of the file, and give that",
    "raw_paste_global_conf": "load the app of the file, and give that",
}
NONE_IS_A_VALUE = ("errorlog",)  # of gunicorn's settings whose default is a text: no log
QUOTED = re.compile(r"'|\d+$")  # what Python needs no quotes for


class Given(Config):
    """gunicorn's configuration, of `settings` that `caller`, "run()", was given.

    without: the settings that it does not obey, each with the reason; beside OF_COMMAND_LINES. Raises TypeError for one
    of these, and for a name that is no setting; ConfigError for a value that its setting cannot have.
    """

    def __init__(self, caller: str, settings: Mapping[str, Any], without: Mapping[str, str]) -> None:
        super().__init__()
        self.fastsrv_settings: dict[str, Any] = {}  # for config/sources.py
        ours = {setting.name: setting for setting in OWN_SETTINGS}
        refused = {**without, **OF_COMMAND_LINES}
        for name, value in settings.items():
            if name in refused:
                raise TypeError(f"{caller} takes no {name}: {refused[name]}")
            if name in ours:
                ours[name].parse(value, f"{name} of {caller}")
                self.fastsrv_settings[name] = value
            elif name in self.settings:
                self.give(name, value, f"of {caller}")
            else:
                raise TypeError(f"{caller} knows no {name!r}: {self.instead_of(name)}")

    def give(self, name: str, value: Any, where: str) -> None:
        try:
            self.set(name, value)
        except (AttributeError, TypeError, ValueError) as error:  # gunicorn's checks raise these
            raise ConfigError(f"{name} = {value!r} {where}: {error}") from error
        if value is None and name not in NONE_IS_A_VALUE:  # gunicorn's checks let it pass
            default = type(self.settings[name])().get()
            if isinstance(default, str):
                raise ConfigError(f"{name} = None {where}: leave it out for {default!r}")

    def instead_of(self, name: str) -> str:
        """What to write, for who has known another server, or has misspelt a setting."""
        if begins_as_ours(name):
            short = name.lower().removeprefix(PREFIX)
            return f"{short} is gunicorn's" if short in self.settings else hint(name, str.lower, {})
        names = by_option(self.settings)
        option = "--" + name.replace("_", "-")
        one = option.removesuffix("s")  # uvicorn's arguments of several are `headers`, its options `--header`
        told = next(filter(None, (hint_of(theirs, "{}") for theirs in (option, name, one))), "")
        if not told and option in names:
            told = f"is {option}"
        if not told:
            return "the settings are gunicorn's and fastsrv's, see docs/SETTINGS.md"
        if written := re.match(r"is (--[\w-]+) ([^ ,]+)", told):  # an option with a value
            option, value = written.groups()
            return f"write {names[option]}={value if QUOTED.match(value) else repr(value)}{told[written.end():]}"
        return f"{name} " + re.sub(r"--[\w-]+", lambda option: names.get(option[0], option[0]), told)

    def heed_environment(self) -> None:
        """GUNICORN_CMD_ARGS wins, as it does over a config file."""
        where = "in GUNICORN_CMD_ARGS"
        try:
            words = self.get_cmd_args_from_env()
        except ValueError as error:
            raise ConfigError(
                f"GUNICORN_CMD_ARGS = {os.environ['GUNICORN_CMD_ARGS']!r} cannot be read: {error}") from error
        for name, value in vars(self.parser().parse_args(words)).items():
            if name in OF_COMMAND_LINES and value is not None:
                raise ConfigError(f"{name} = {value!r} {where}: {OF_COMMAND_LINES[name]}")
            if value is not None and name != "args":
                self.give(name, value, where)
