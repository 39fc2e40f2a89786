"""`python -m fastsrv`: gunicorn's command line with the worker class preset, and with what gunicorn cannot tell, as it
loads no worker class for it: whether the start would succeed, and which settings are in force.

The start itself is gunicorn's and fastsrv/worker.py's; it is asked here, not repeated.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from typing import Any, NoReturn

from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.config import Config, make_settings
from gunicorn.errors import AppImportError, HaltServer

from fastsrv.application import load
from fastsrv.config.origins import settings_in_force, shown
from fastsrv.config.setting import OFF, ConfigError
from fastsrv.config.sources import PREFIX, config_file_names
from fastsrv.config.system import become_worker, check_system, nothing_left
from fastsrv.config.tls import tls_context
from fastsrv.other_servers import OWN, hint_of
from fastsrv.versions import versions
from fastsrv.worker import Worker

PROG = "python -m fastsrv"
PRESET = "fastsrv.Worker"
SPELLINGS = (PRESET, "fastsrv.worker.Worker", "egg:fastsrv#worker", Worker)


def run() -> None:
    """gunicorn's own run(), for `python -m fastsrv`."""
    sys.argv[1:1] = ["--worker-class", PRESET]
    Application("%(prog)s [OPTIONS] [APP_MODULE]", prog=PROG).run()


class Application(WSGIApplication):
    """gunicorn's application of the command line, which knows fastsrv."""

    def load_default_config(self) -> None:
        self.cfg = CommandLine(self.usage, prog=self.prog)

    def init(self, parser: Any, opts: Any, args: Any) -> Any:
        found = super().init(parser, opts, args)
        if opts.print_config and not opts.check_config and self.app_uri is None:
            self.app_uri = ""  # none is loaded, so none has to be named
        return found

    def run(self) -> None:
        self.warn_of_other_workers()
        if not (self.cfg.print_config or self.cfg.check_config):
            self.start()
            return
        try:
            os.environ.update(self.cfg.env)  # as the arbiter does
            if self.cfg.print_config:
                print("\n".join(settings_in_force(self.cfg, os.environ, self.given())))
            if self.cfg.check_config:
                self.check_settings()
        except (ConfigError, RuntimeError) as error:  # gunicorn's are RuntimeErrors
            sys.exit(f"Error: {error}")
        if self.cfg.check_config:
            self.check_app()
            print(f"OK: {self.app_uri!r} can be served with these settings")
        sys.exit(0)

    def warn_of_other_workers(self) -> None:
        """The preset, on the command line, wins."""
        file_names = config_file_names(self.cfg)
        given = {"GUNICORN_CMD_ARGS": self.given()["GUNICORN_CMD_ARGS"], str(file_names.get("__file__")): file_names}
        for where, names in given.items():
            named = names.get("worker_class", PRESET)
            if named not in SPELLINGS:
                terminal().warning(
                    "worker_class = %s in %s has no effect: `%s` serves by %s", shown(named), where, PROG, PRESET)

    def start(self) -> None:
        try:
            super().run()
        except HaltServer as end:  # of another worker that has not started, while gunicorn ends for the first
            sys.exit(end.exit_status)
        except Exception:  # gunicorn catches those that it has words for
            try:
                check_system(self.cfg, OFF)
                tls_context(self.cfg)
            except ConfigError as error:
                sys.exit(f"Error: {error}")
            raise

    def given(self) -> dict[str, dict[str, Any]]:
        """The settings that are given by options, by where these stand."""
        parser = self.cfg.parser()
        return {
            where: {name: value for name, value in vars(parser.parse_args(words)).items() if value is not None}
            for where, words in (
                ("the command line", sys.argv[1:]), ("GUNICORN_CMD_ARGS", self.cfg.get_cmd_args_from_env()))
        }

    def check_settings(self) -> None:
        """What the arbiter looks at before it listens, and the worker before it loads the app."""
        worker_class: Any = self.cfg.worker_class
        if not (isinstance(worker_class, type) and issubclass(worker_class, Worker)):
            raise ConfigError(f"worker_class = {self.cfg.worker_class_str!r} is not fastsrv.Worker")
        config = worker_class.check_settings(self.cfg, terminal())
        self.cfg.set("capture_output", False)  # what is said here is for the terminal
        with nothing_left():
            self.cfg.logger_class(self.cfg)
        check_system(self.cfg, config.admin["bind"])

    def check_app(self) -> None:
        """What the worker does then, and as whom; what is preloaded the arbiter loads."""
        sys.path[:0] = [os.path.abspath(path) for path in (self.cfg.pythonpath or "").split(",") if path]
        try:
            if self.cfg.preload_app:
                load(self)
            become_worker(self.cfg)
            tls_context(self.cfg)
            load(self)
        except (ConfigError, AppImportError) as error:
            sys.exit(f"Error: {error}")


def terminal() -> logging.Logger:
    """A log for who waits at the terminal: gunicorn's may be a file."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    log = logging.Logger(PROG)
    log.addHandler(handler)
    return log


class CommandLine(Config):
    """gunicorn's configuration, with the options that are fastsrv's."""

    def parser(self) -> argparse.ArgumentParser:
        parser = Parser(
            prog=self.prog, usage=self.usage, parents=[super().parser()], add_help=False, conflict_handler="resolve",
            epilog="fastsrv's own settings are no options: " + OWN.format(f"{PREFIX}*"))
        parser.add_argument(
            "-v", "--version", action="version", version=versions("uvloop"), help="show all versions and exit")
        parser.add_argument(
            "--settings", "--print-config", action="store_true", dest="print_config", default=None,
            help="print every setting in force, with its value and where that comes from, and exit")
        return parser


class Parser(argparse.ArgumentParser):
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, which would take some options of other servers' for the beginning of one of gunicorn's."""
        words = sys.argv[1:] if args is None else args
        own = self._option_string_actions
        theirs = [word for word in words if option_of(word) not in own and hint_of(option_of(word))]
        known, unknown = super().parse_known_args([word for word in words if word not in theirs], namespace)
        return known, theirs + unknown

    def error(self, message: str) -> NoReturn:
        super().error("\n".join([message, *hints(message)]))


def option_of(word: str) -> str:
    """Of a word of the command line."""
    return word.partition("=")[0]


def hints(message: str) -> list[str]:
    """What to write instead of each option that `message` says is unknown."""
    told = {option: hint_of(option) or hint_of_setting(option) for option in re.findall(r"--[\w-]+", message)}
    return [f"{option} {hint}" for option, hint in told.items() if hint]


def hint_of_setting(option: str) -> str:
    """Of one that has the name of a setting of gunicorn's, whose own option has another, or which has none."""
    name = option[2:].replace("-", "_")
    setting = make_settings().get(name)
    if setting is None:
        return ""
    return f"is {setting.cli[-1]}" if setting.cli else f"is {name}, set in gunicorn.conf.py"
