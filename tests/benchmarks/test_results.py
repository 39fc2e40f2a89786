"""The stored result: what is written can be read, and a file is whole at any moment."""

import dataclasses
import json

import pytest

from benchmarks import results
from benchmarks.results import Absent, Result, Sample, Scenario, Server


def result():
    return Result(
        started="2026-11-22T17:00:00+00:00", commit="0" * 40, dirty=False,
        machine={"cpu": "AMD EPYC", "cores": 2, "memory": 2**34, "kernel": "6.1", "system": "Debian"},
        method={"rounds": 2, "seconds": 2.0, "warm_up": 0.5, "server_cores": [0], "load_cores": [1]},
        servers={"fastsrv": Server("fastsrv", {"python": "3.13.0"}, "CPython 3.13.0", "gunicorn")},
        scenarios={"plain-64": Scenario("plain text", "cpu"), "race": Scenario("race", "lost")},
        samples=[Sample("plain-64", "fastsrv", 0, {"cpu": 1e-5, "requests": 200_000})],
        absent=[Absent("race", "fastsrv", "no time")],
    )


def test_what_is_written_can_be_read(tmp_path):
    path = tmp_path / "folder" / "result.json"
    result().write(path)
    assert results.load(path) == result()


def test_written_names_are_those_of_the_format(tmp_path):
    path = tmp_path / "result.json"
    result().write(path)
    stored = json.loads(path.read_text())
    assert stored["format"] == 1 and stored["finished"] is None
    assert stored["samples"] == [
        {"scenario": "plain-64", "server": "fastsrv", "round": 0, "figures": {"cpu": 1e-5, "requests": 200_000}}]


def test_writing_leaves_nothing_but_the_result(tmp_path):
    path = tmp_path / "result.json"
    result().write(path)
    result().write(path)
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "result.json"
    result().write(path)
    with pytest.raises(TypeError):
        dataclasses.replace(result(), commit=object()).write(path)
    assert results.load(path) == result()


def test_measured_and_absent_need_no_measuring():
    assert result().has("plain-64", "fastsrv", 0)
    assert result().has("race", "fastsrv", 1)
    assert not result().has("plain-64", "fastsrv", 1)


@pytest.mark.parametrize(("lacking", "left"), [
    (("uvicorn", 1), [0, 0]),
    (("uvicorn", 0), [1, 1]),
    (None, [0, 0, 1, 1]),
], ids=["last", "earlier", "none"])
def test_a_round_that_lacks_a_server_is_forgotten(lacking, left):
    """granian is absent: a round is whole without it."""
    cut = result()
    cut.servers = dict.fromkeys(("fastsrv", "uvicorn", "granian"), cut.servers["fastsrv"])
    cut.absent = [Absent("plain-64", "granian", "no time")]
    turns = [("fastsrv", 0), ("uvicorn", 0), ("fastsrv", 1), ("uvicorn", 1)]
    cut.samples = [Sample("plain-64", *turn, {"cpu": 1e-5}) for turn in turns if turn != lacking]
    cut.forget_cut_rounds()
    assert [sample.round for sample in cut.samples] == left


@pytest.mark.parametrize(("text", "reason"), [
    ("", "Expecting value"),
    ("[]", "has no attribute"),
    ('{"format": 2}', "format 2"),
    ('{"format": 1}', "'servers'|'machine'"),
])
def test_what_is_no_result_is_told(tmp_path, text, reason):
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        results.load(path)
