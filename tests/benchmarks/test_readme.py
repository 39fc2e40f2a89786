"""The figures of README, and of WebSocket in benchmarks/README.md, from results."""

import re

import pytest

from benchmarks import readme, results
from tests.benchmarks import stored

PATH = readme.ROOT / "benchmarks/results/2026-11-23.json"


@pytest.fixture
def block():
    return readme.block(readme.README, PATH, stored.load())


def test_a_row_has_the_figures_and_how_many_times_fastsrvs_they_are(block):
    assert "| | fastsrv | uvicorn | hypercorn | bare |" in block
    assert "| plain text, 64 connections | **9.00** | 22.0<br>2.50 × | 130<br>16.2 × | 4.50<br>0.50 × |" in block  # noqa: RUF001


def test_other_units_than_microseconds_are_said(block):
    assert "| memory of an idle connection, KB | **1.74** |" in block


def test_websockets_stand_in_a_document_of_their_own_in_messages():
    """Of the same result; links lead there from where it is."""
    result = stored.with_websockets()
    http, websocket = (readme.block(document, PATH, result) for document in (readme.README, readme.METHOD))
    assert "microseconds a request, where" in http and "WebSocket" not in http
    assert "plain text" not in websocket
    first, *_ = websocket.splitlines()
    assert first == "[![CPU a message, beside other servers](results/2026-11-23.png)](results/2026-11-23.html)"
    assert "microseconds a message, where" in websocket
    assert "\n| | fastsrv | uvicorn | picows |\n" in websocket
    assert "\n| WebSocket echo | **7.00** | 14.0<br>2.00 × | 5.00<br>0.71 × |\n" in websocket  # noqa: RUF001
    assert websocket.endswith(" [Report](results/2026-11-23.html).\n")


def test_those_floors_are_named_that_took_part():
    result = stored.with_websockets()
    result.samples = [each for each in result.samples if each.scenario == "ws-64"]
    block = readme.block(readme.METHOD, PATH, result)
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


@pytest.mark.parametrize("document", readme.TELLING, ids=str)
def test_documents_say_what_the_results_that_they_name_do(document):
    """`python -m benchmarks readme RESULT...` makes it true again."""
    text = document.read_text(encoding="utf-8")
    stored = [(path, results.load(path)) for path in named(document)]
    assert stored and readme.with_figures(text, readme.figures(document, stored)) == text
    assert all(path.with_suffix(".png").exists() for path, _ in stored)


def test_newest_committed_result_is_named():
    committed = (readme.ROOT / "benchmarks/results").glob("*.json")
    newest = max(committed, key=lambda path: results.load(path).started)
    assert newest in [path for document in readme.TELLING for path in named(document)]


def named(document):
    """The results that a document names."""
    links = re.findall(r"\[Report\]\((.+?)\.html\)", document.read_text(encoding="utf-8"))
    return [document.parent / f"{link}.json" for link in links]


def test_each_result_has_a_block_where_it_has_figures():
    results = [(PATH, stored.load()), (PATH, stored.with_websockets())]
    text = readme.figures(readme.README, results)
    assert text.count("Medians of ") == 2
    assert text.startswith(readme.block(readme.README, *results[0]) + "\n[![")
    assert readme.figures(readme.METHOD, results) == readme.block(readme.METHOD, *results[1])
    assert readme.figures(readme.METHOD, results[:1]) == ""
