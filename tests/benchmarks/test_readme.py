"""README's block of figures, from a result."""

import re

import pytest

from benchmarks import readme, results
from tests.benchmarks import stored

PATH = readme.ROOT / "benchmarks/results/2026-11-23.json"


@pytest.fixture
def block():
    return readme.block(PATH, stored.load())


def test_a_row_has_the_figures_and_how_many_times_fastsrvs_they_are(block):
    assert "| | fastsrv | uvicorn | hypercorn | bare |" in block
    assert "| plain text, 64 connections | **9.00** | 22.0<br>2.50 × | 130<br>16.2 × | 4.50<br>0.50 × |" in block  # noqa: RUF001


def test_other_units_than_microseconds_are_said(block):
    assert "| memory of an idle connection, KB | **1.74** |" in block


def test_websockets_have_a_table_of_their_own():
    block = readme.block(PATH, stored.with_websockets())
    assert "a request (of a WebSocket, a message), where" in block
    http, _, websocket = block.partition("\n\n| | fastsrv | uvicorn | picows |\n")
    assert "plain text, 64 connections" in http and "picows |" not in http
    assert websocket.splitlines()[1] == "| WebSocket echo | **7.00** | 14.0<br>2.00 × | 5.00<br>0.71 × |"  # noqa: RUF001


def test_websockets_alone_are_told_of_in_messages():
    """And of the floors those are named that took part."""
    result = stored.with_websockets()
    result.scenarios = {"ws-64": result.scenarios["ws-64"]}
    result.samples = [each for each in result.samples if each.scenario == "ws-64"]
    block = readme.block(PATH, result)
    assert "microseconds a message, where" in block
    assert "Floors, which are no servers for apps: picows (picows' own API on uvloop)." in block


def test_who_is_not_there_has_a_dash(block):
    assert "| keep-alive race | **0** | 21 | - | - |" in block


def test_picture_report_and_method_are_linked(block):
    assert "](benchmarks/results/2026-11-23.png)](benchmarks/results/2026-11-23.html)" in block
    assert "[Report](benchmarks/results/2026-11-23.html)" in block
    assert "(benchmarks/README.md)" in block


def test_where_the_figures_come_from_is_told(block):
    source = next(line for line in block.splitlines() if line.startswith("Medians of "))
    for fact in ("3 rounds", "2 cores (Some <CPU>)", "Linux 6.18.5", "22 November 2026", "`0123456789`",
                 "CPython 3.13.0, GCC 12.2.0", "uvicorn 0.54.0", "uvloop 0.22.1/0.23.0"):
        assert fact in source


def test_only_what_is_between_the_marks_is_replaced():
    text = f"before\n{readme.BEGIN}old\n{readme.END}after\n"
    assert readme.with_figures(text, "new\n") == f"before\n{readme.BEGIN}new\n{readme.END}after\n"


def test_a_missing_mark_is_an_error():
    with pytest.raises(ValueError, match="lost a mark"):
        readme.with_figures(f"before\n{readme.BEGIN}old\n", "new\n")


def test_readme_has_the_marks():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.with_figures(text, "new\n") != text


def test_readme_says_what_the_results_that_it_names_do_and_the_newest_is_among_them():
    """`python -m benchmarks readme RESULT...` makes it true again."""
    text = readme.README.read_text(encoding="utf-8")
    named = [readme.ROOT / path.replace(".html", ".json") for path in re.findall(r"\[Report\]\((.+?)\)", text)]
    stored = [(path, results.load(path)) for path in named]
    assert readme.with_figures(text, readme.figures(stored)) == text
    assert all(path.with_suffix(".png").exists() for path in named)
    committed = (readme.ROOT / "benchmarks/results").glob("*.json")
    assert max(committed, key=lambda path: results.load(path).started) in named


def test_each_result_has_a_block():
    text = readme.figures([(PATH, stored.load()), (PATH, stored.with_websockets())])
    assert text.count("Medians of ") == 2
    assert text.startswith(readme.block(PATH, stored.load()) + "\n[![")
