"""Settings that code gives by their names, gunicorn's and fastsrv's alike: what run() and testing.serve() take.

They stand where those of gunicorn's config file do, and the environment's win over them as there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gunicorn.config import Config

from fastsrv.cli import hint_of
from fastsrv.config.setting import ConfigError
from fastsrv.config.sources import begins_as_ours, hint
from fastsrv.config.table import OWN_SETTINGS


class Given(Config):
    """gunicorn's configuration, of `settings` that `caller`, "run()", was given. Raises TypeError for a name that is no
    setting, and ConfigError for a value that its setting cannot have."""

    def __init__(self, caller: str, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.caller = caller
        self.own: dict[str, Any] = {}  # fastsrv's, for config/sources.py
        ours = {setting.name: setting for setting in OWN_SETTINGS}
        for name, value in settings.items():
            if name in ours:
                ours[name].parse(value, f"{name} of {caller}")
                self.own[name] = value
            elif name in self.settings:
                self.give(name, value)
            else:
                raise TypeError(f"{caller} knows no {name!r}: {self.instead_of(name)}")

    def give(self, name: str, value: Any) -> None:
        try:
            self.set(name, value)
        except (TypeError, ValueError) as error:  # gunicorn's checks raise these
            raise ConfigError(f"{name} = {value!r} of {self.caller}: {error}") from error

    def instead_of(self, name: str) -> str:
        """What to write, for who has known another server, or has misspelt a setting."""
        if begins_as_ours(name):
            return hint(name, str.lower, self.settings)
        option = "--" + name.replace("_", "-")
        told = hint_of(option)
        return f"{option} {told}" if told else "the settings are gunicorn's and fastsrv's, see docs/SETTINGS.md"

    def heed_environment(self) -> None:
        """GUNICORN_CMD_ARGS wins, as it does over a config file."""
        for name, value in vars(self.parser().parse_args(self.get_cmd_args_from_env())).items():
            if value is not None and name != "args":
                self.give(name, value)
