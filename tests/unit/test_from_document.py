"""docs/FROM_UVICORN.md and fastsrv/other_servers.py: each option of the other servers as they are installed, once, and
nothing that is not there."""

import inspect
import re

import hypercorn.__main__
import hypercorn.config
import pytest
import uvicorn
import uvicorn_worker
from granian.cli import cli as granian
from gunicorn.config import KNOWN_SETTINGS
from gunicorn.workers import SUPPORTED_WORKERS
from uvicorn.main import main as uvicorn_main

from fastsrv.cli import CommandLine, hints
from fastsrv.config.table import OWN_SETTINGS
from fastsrv.other_servers import FACTORY, GRANIAN, HYPERCORN, PEERS, UVICORN
from tools.from_document import DOCUMENT, with_sections

TEXT = DOCUMENT.read_text()
OPTIONS = set(re.findall(r"--[\w-]+", CommandLine().parser().format_help())) | {"--websocket-max-message-size"}  # of 27
GUNICORNS = {setting.name for setting in KNOWN_SETTINGS} | {"websocket_max_message_size"}
NAMES = GUNICORNS | {setting.name for setting in OWN_SETTINGS}
each_peer = pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)


def told(peer):
    return [*peer.same, *peer.like, *peer.without]


def of_click(command):
    """The options of a command of click's."""
    return {"--help"} | {
        option for each in command.params for option in (*each.opts, *each.secondary_opts) if option.startswith("--")}


def no_option(names, options):
    """The names that no option has, in the singular or the plural."""
    return {name for name in names if not {as_option(name), as_option(name.removesuffix("s"))} & options}


def as_option(name):
    return "--" + name.replace("_", "-")


def test_sections_are_as_the_code_has_them():
    """`python -m tools.from_document` makes it true again."""
    assert with_sections(TEXT) == TEXT


def test_each_option_of_uvicorns_is_told_of_once():
    """And each name that a worker's CONFIG_KWARGS may have."""
    options = of_click(uvicorn_main)
    names = set(inspect.signature(uvicorn.Config).parameters) - {"app"}
    assert sorted(told(UVICORN)) == sorted(options | no_option(names, options))


def test_each_option_of_granians_is_told_of_once():
    assert sorted(told(GRANIAN)) == sorted(of_click(granian))


def test_each_option_of_hypercorns_is_told_of_once(capsys):
    """And each name that its config file may have, and no option."""
    with pytest.raises(SystemExit):
        hypercorn.__main__.main(["--help"])
    options = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", capsys.readouterr().out))
    names = {
        name for name in vars(hypercorn.config.Config)
        if not name.startswith("_") and not callable(getattr(hypercorn.config.Config, name))} - {"log", "ssl_enabled"}
    assert sorted(told(HYPERCORN)) == sorted(options | no_option(names, options) - GUNICORNS)


@each_peer
def test_options_of_the_same_name_are_gunicorns_and_the_others_are_not(peer):
    assert set(peer.same) <= OPTIONS
    assert not (set(peer.like) | set(peer.without)) & OPTIONS


@each_peer
def test_what_is_named_is_there(peer):
    for meant in set(peer.like.values()) - {FACTORY}:
        for name in [meant.replace(",", "").split()[0], *re.findall(r"--[\w-]+|fastsrv_\w+", meant)]:
            assert name in OPTIONS | NAMES, meant


@pytest.mark.parametrize(("option", "hint"), [
    ("--http1-keep-alive", "is --keep-alive"),
    ("--metrics", "is fastsrv_admin_bind, set in gunicorn.conf.py or, in capitals, in the environment"),
    ("--quic-bind", "has no counterpart here: HTTP/1.1 is served; a proxy in front may speak others"),
])
def test_option_of_another_server_is_answered_on_the_command_line(option, hint):
    assert hints(f"unrecognized arguments: {option}") == [f"{option} {hint}"]


def test_worker_classes_are_those_of_uvicorn_and_of_gunicorn():
    workers = TEXT[TEXT.index("## uvicorn's workers"):]
    assert set(re.findall(r"`uvicorn_worker\.(\w+)`", workers)) == set(uvicorn_worker.__all__)
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) ?\| ", workers[workers.index("## gunicorn's"):], re.MULTILINE)
    assert set(SUPPORTED_WORKERS) <= {name for classes, _ in rows for name in re.findall(r"\w+", classes)}
    assert {name for _, settings in rows for name in re.findall(r"\w+", settings)} <= GUNICORNS
