"""Servers and scenarios, the data: every pair has either a whole command line or a reason against it."""

import importlib
import importlib.util
import itertools

import pytest

from benchmarks import apps, environments, floors
from benchmarks.scenarios import QUICK as QUICK_SCENARIOS
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import NO_HTTP, PEERS, SERVERS, SYSTEM
from benchmarks.servers import QUICK as QUICK_SERVERS
from benchmarks.units import UNITS

VALUES = {"python": "/env/bin/python", "bin": "/env/bin", "port": 8000, "certificate": "/cert.pem",
          "configuration": "/nginx.conf"}
PAIRS = list(itertools.product(SERVERS.values(), SCENARIOS.values()))


@pytest.mark.parametrize(("server", "scenario"), PAIRS, ids=lambda row: row.name)
def test_row_is_complete(server, scenario):
    if server.reason_against(scenario) is None:
        words = server.words(scenario, **VALUES)
        assert not any("{" in word or "}" in word for word in words)
        assert words[0].startswith("/env/bin")
        assert any(str(VALUES[place]) in word for place in ("port", "configuration") for word in words)
        assert ("/cert.pem" in words) == (scenario.tls and server.name != "nginx")


def test_fastsrv_takes_part_in_every_scenario():
    assert [each.name for each in SCENARIOS.values() if SERVERS["fastsrv"].reason_against(each)] == []


def test_reasons_name_scenarios_that_there_are():
    for server in SERVERS.values():
        assert server.lacks.keys() <= SCENARIOS.keys()


def test_peers_say_what_they_are_installed_from():
    assert [each.name for each in SERVERS.values() if each.environment == PEERS and not each.requirements] == []


def test_versions_are_told_of_what_servers_are_made_of():
    made_of = {name for server in SERVERS.values() if server.environment != SYSTEM
               for name in environments.distributions(server)}
    assert made_of <= set(apps.DISTRIBUTIONS)


def test_command_line_for_readers_has_no_folders():
    for server in SERVERS.values():
        assert "/" not in server.as_told()


def test_quick_run_has_rows_that_there_are():
    assert set(QUICK_SERVERS) <= SERVERS.keys() and set(QUICK_SCENARIOS) <= SCENARIOS.keys()


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda row: row.name)
def test_scenario_asks_for_what_is_there(scenario):
    module, function = scenario.app.split(":")
    assert callable(getattr(importlib.import_module(module), function))
    assert scenario.floor in (floors.WEBSOCKET_KINDS if scenario.websocket else floors.KINDS)
    assert scenario.load in ("wrk", "start") or importlib.util.find_spec(f"benchmarks.load.{scenario.load}")
    assert scenario.metric in ("cpu", "message", "memory", "start", "lost", "share", "p99", "stall")
    assert scenario.metric in UNITS


def test_websockets_are_asked_of_servers_that_have_them_alone():
    for server, scenario in PAIRS:
        if scenario.websocket and server.reason_against(scenario) is None:
            assert server.websocket is not None, server.name
        if not scenario.websocket and server.only_websocket:
            assert server.reason_against(scenario) == NO_HTTP
    assert SERVERS["freastal"].reason_against(SCENARIOS["ws-64"]) == "has no WebSocket"
    assert SERVERS["granian"].reason_against(SCENARIOS["ws-deflate-4k"]) == "has no permessage-deflate"


def test_websocket_is_switched_on_where_it_is_asked_for():
    assert "--ws" in SERVERS["granian"].words(SCENARIOS["ws-64"], **VALUES)
    assert "--no-ws" in SERVERS["granian"].words(SCENARIOS["plain-64"], **VALUES)
