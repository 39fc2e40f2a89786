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
from gunicorn.config import Config
from gunicorn.errors import AppImportError

from fastsrv.application import load
from fastsrv.config.origins import settings_in_force
from fastsrv.config.setting import OFF, ConfigError
from fastsrv.config.sources import PREFIX
from fastsrv.config.system import check_system
from fastsrv.config.tls import tls_context
from fastsrv.versions import versions
from fastsrv.worker import Worker

PROG = "python -m fastsrv"
# Options of uvicorn's, and what they are here.
UVICORN = {
    "--host": "--bind HOST:PORT", "--port": "--bind HOST:PORT", "--uds": "--bind unix:PATH", "--fd": "--bind fd://FD",
    "--factory": "the app's name with parentheses, 'module:create_app()'", "--app-dir": "--chdir",
    "--loop": "--asgi-loop", "--lifespan": "--asgi-lifespan", "--reload-dir": "--reload-extra-file",
    "--env-file": "--env NAME=VALUE", "--proxy-headers": "--forwarded-allow-ips, the proxies that are believed",
    "--limit-concurrency": "fastsrv_limit_concurrency", "--limit-max-requests": "--max-requests",
    "--timeout-keep-alive": "--keep-alive", "--timeout-graceful-shutdown": "--graceful-timeout",
    "--ssl-keyfile": "--keyfile", "--ssl-certfile": "--certfile", "--ssl-ca-certs": "--ca-certs",
    "--ssl-cert-reqs": "--cert-reqs", "--ssl-ciphers": "--ciphers", "--ws": "fastsrv_websocket",
    "--ws-ping-interval": "fastsrv_websocket_ping_interval", "--ws-ping-timeout": "fastsrv_websocket_ping_timeout",
    "--ws-per-message-deflate": "fastsrv_websocket_deflate",
}
OWN = "{}, set in gunicorn.conf.py or, in capitals, in the environment"


def run() -> None:
    """gunicorn's own run(), for `python -m fastsrv`."""
    sys.argv[1:1] = ["--worker-class", "fastsrv.Worker"]
    Application("%(prog)s [OPTIONS] [APP_MODULE]", prog=PROG).run()


class Application(WSGIApplication):
    """gunicorn's application of the command line, which knows fastsrv."""

    def load_default_config(self) -> None:
        self.cfg = CommandLine(self.usage, prog=self.prog)

    def run(self) -> None:
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

    def start(self) -> None:
        try:
            super().run()
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
        self.cfg.logger_class(self.cfg)
        check_system(self.cfg, config.admin["bind"])

    def check_app(self) -> None:
        """What the worker does then."""
        sys.path[:0] = [os.path.abspath(path) for path in (self.cfg.pythonpath or "").split(",") if path]
        try:
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
    def error(self, message: str) -> NoReturn:
        super().error("\n".join([message, *hints(message)]))


def hints(message: str) -> list[str]:
    """What to write instead of each option that `message` says is unknown."""
    told = {}
    for option in re.findall(r"--[\w-]+", message):
        name = option[2:].replace("-", "_")
        if name.startswith(PREFIX):
            told[option] = OWN.format(name)
        elif option in UVICORN:
            meant = UVICORN[option]
            told[option] = OWN.format(meant) if meant.startswith(PREFIX) else meant
    return [f"{option} is {meant}" for option, meant in told.items()]
