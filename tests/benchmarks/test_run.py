"""The suite as it is called, against fastsrv alone: smoke, interruption and resumption."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import wrk
from benchmarks.measure import Suite
from benchmarks.processes import is_alive, process_tree
from benchmarks.results import Server
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import NO_APP

ROOT = Path(__file__).parents[2]
PATIENCE = 200  # seconds


def suite(*options, **more):
    """The command `python -m benchmarks`, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **more)


def run(path, *options, **more):
    """The result, stored at `path`, of a run on fastsrv alone that ends well."""
    with suite("--servers", "fastsrv", "--output", str(path), *options, **more) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return json.loads(path.read_text())


def expect_figures(result, scenarios):
    """Every scenario was measured without errors, or wrk is missing and the hint is there."""
    absent = {each["scenario"]: each["reason"] for each in result["absent"]}
    without_wrk = [] if wrk.is_there() else [name for name in scenarios if SCENARIOS[name].load == "wrk"]
    assert absent == dict.fromkeys(without_wrk, wrk.MISSING)
    measured = {sample["scenario"]: sample["figures"] for sample in result["samples"]}
    assert measured.keys() == set(scenarios) - absent.keys()
    for name, figures in measured.items():
        assert SCENARIOS[name].metric in figures, name
        assert not figures.get("errors"), name
    assert result["finished"]


def kind(scenario):
    return "websocket" if scenario.websocket else "http" if scenario.metric == "cpu" else "other figures"


@pytest.mark.parametrize("wanted", ["http", "other figures", "websocket"])
def test_every_scenario_is_measured_without_errors(tmp_path, wanted):
    names = [name for name, scenario in SCENARIOS.items() if kind(scenario) == wanted]
    result = run(tmp_path / "result.json", "--rounds", "1", "--seconds", "1", "--requests", "100",
                 "--scenarios", ",".join(names))
    expect_figures(result, names)
    for sample in result["samples"]:
        if SCENARIOS[sample["scenario"]].load == "race":
            assert sample["figures"]["sent"] >= 100
        else:
            assert sample["figures"][SCENARIOS[sample["scenario"]].metric] > 0
    assert result["servers"]["fastsrv"]["versions"].keys() >= {"python", "fastsrv", "gunicorn", "uvloop", "httptools"}
    assert result["servers"]["fastsrv"]["loop"] == "uvloop.Loop"


def test_scenarios_of_wrk_are_left_out_with_a_hint_where_it_is_missing(tmp_path):
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "result.json", "--rounds", "1", "--scenarios", "plain-64,start",
                 env=os.environ | {"PATH": str(tmp_path / "empty")})
    assert result["absent"] == [{"scenario": "plain-64", "server": "fastsrv", "reason": wrk.MISSING}]
    assert [sample["scenario"] for sample in result["samples"]] == ["start"]


@pytest.fixture(autouse=True)
def heard_interrupts():
    """A shell's background job ignores SIGINT, and so do the processes that it starts. What is handled here is the
    default there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(number, told, *options):
    """A run on fastsrv that gets signal `number` when it has `told` of a sample: its exit status, and the numbers of
    all its processes."""
    with suite("--servers", "fastsrv", *options) as process:
        for line in process.stderr:
            if told in line:
                break
        process.send_signal(signal.SIGSTOP)  # it might be at its end before all its processes are found
        tree = process_tree(process.pid)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=PATIENCE)
    return process.returncode, tree


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_interrupted_run_stops_its_servers_and_can_be_resumed(tmp_path, number):
    path = tmp_path / "result.json"
    status, tree = interrupted(
        number, "until the first answer", "--scenarios", "start", "--rounds", "6", "--output", str(path))
    assert status != 0
    assert not any(map(is_alive, tree))
    begun = json.loads(path.read_text())
    assert begun["finished"] is None and 0 < len(begun["samples"]) < 6

    resumed = resume(path)
    assert resumed["finished"]
    assert [sample["round"] for sample in resumed["samples"]] == list(range(6))
    assert resumed["samples"][:len(begun["samples"])] == begun["samples"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"])
def test_servers_that_stand_are_stopped(tmp_path, number):
    """HUP is a terminal that goes away: a server is in a session of its own, and would stay."""
    _, tree = interrupted(
        number, "CPU a request", "--scenarios", "events", "--rounds", "9", "--seconds", "0.2",
        "--output", str(tmp_path / "result.json"))
    left = [pid for pid in tree if is_alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(tree) > 2 and not left


@pytest.mark.parametrize(("change", "message"), [
    (lambda result: result.update(commit="0" * 40), "was begun at commit 000"),
    (lambda result: result.update(dirty=not result["dirty"]), "with changes not committed"),
    (lambda result: result["machine"].update(kernel="1.0"), "was begun on"),
    (lambda result: result["servers"]["fastsrv"]["versions"].update(uvloop="0.1"),
     "fastsrv was begun with uvloop 0.1, and now has uvloop"),
], ids=["commit", "changes", "machine", "versions"])
def test_what_was_measured_elsewhere_is_not_resumed(tmp_path, change, message):
    path = tmp_path / "result.json"
    result = run(path, "--rounds", "1", "--scenarios", "start")
    change(result)
    path.write_text(json.dumps(result))
    with suite("--resume", str(path)) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0 and message in errors


def resume(path):
    """The result, stored at `path`, of a run that is resumed and ends well."""
    with suite("--resume", str(path)) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return json.loads(path.read_text())


def test_who_was_absent_for_a_reason_that_has_gone_is_measured_when_resumed(tmp_path):
    """bare serves no apps, which is known beforehand and stays."""
    path = tmp_path / "result.json"
    result = run(path, "--rounds", "2", "--scenarios", "start", "--servers", "fastsrv,bare")
    known = [{"scenario": "start", "server": "bare", "reason": NO_APP}]
    assert result["absent"] == known
    finished = "2026-11-22T17:31:00+00:00"
    gone = {"scenario": "start", "server": "fastsrv", "reason": "did not start"}
    path.write_text(json.dumps(result | {"samples": result["samples"][:1], "absent": [gone, *known],
                                         "finished": finished}))
    resumed = resume(path)
    assert resumed["absent"] == known
    assert [sample["round"] for sample in resumed["samples"]] == [0, 1]
    assert resumed["samples"][0] == result["samples"][0]
    assert resumed["finished"] > finished


def test_a_finished_run_that_is_resumed_stays_as_it_was(tmp_path):
    path = tmp_path / "result.json"
    result = run(path, "--rounds", "1", "--scenarios", "start", "--servers", "fastsrv,bare")
    result["finished"] = "2026-11-22T17:31:00+00:00"
    path.write_text(json.dumps(result))
    assert resume(path) == result


def test_versions_that_could_not_be_asked_are_asked_again_when_resumed(tmp_path):
    path = tmp_path / "result.json"
    result = run(path, "--rounds", "1", "--scenarios", "start")
    facts = dict(result["servers"]["fastsrv"])
    result["servers"]["fastsrv"].update(versions={}, interpreter=None)
    path.write_text(json.dumps(result))
    assert resume(path)["servers"]["fastsrv"] == facts


@pytest.mark.parametrize(("now", "said"), [
    (Server("uvicorn", {"python": "3.13.0", "uvloop": "0.23.0"}, "CPython", "uvicorn"),
     "the run cannot be resumed: uvicorn was begun with uvloop 0.22.1, and now has uvloop 0.23.0"),
    (Server("uvicorn", {}, None, "uvicorn"), "the run cannot be resumed: uvicorn was begun with python 3.13.0, "
     "uvloop 0.22.1, interpreter CPython, and now has none of it"),
], ids=["version", "nothing"])
def test_a_server_that_has_changed_is_told_in_a_sentence(now, said):
    begun = Server("uvicorn", {"python": "3.13.0", "uvloop": "0.22.1"}, "CPython", "uvicorn")
    Suite.expect_same("uvicorn", begun, begun)
    with pytest.raises(SystemExit) as ended:
        Suite.expect_same("uvicorn", begun, now)
    assert ended.value.code == said


@pytest.mark.parametrize("options", [("--servers", "apache"), ("--scenarios", "plain-64,http3")])
def test_unknown_names_are_told(options):
    with suite(*options) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and f"no {options[1].rpartition(',')[2]}; there are" in errors


@pytest.mark.parametrize("option", ["--rounds", "--seconds", "--requests"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "many"])
def test_rounds_seconds_and_requests_are_above_zero(tmp_path, option, value):
    with suite("--output", str(tmp_path / "result.json"), "--servers", "fastsrv", "--scenarios", "start",
               f"{option}={value}") as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and f"argument {option}: " in errors and value in errors


@pytest.mark.parametrize("options", [
    ("--quick",), ("--servers", "fastsrv"), ("--scenarios", "start"), ("--rounds", "2"), ("--seconds", "1"),
    ("--requests", "100")])
def test_a_run_is_resumed_as_it_was_begun(tmp_path, options):
    with suite("--resume", str(tmp_path / "result.json"), *options) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2 and options[0] in errors and "--resume" in errors
