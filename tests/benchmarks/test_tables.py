"""What the terminal shows of a result."""

import io
import re

import pytest
from rich.console import Console

from benchmarks import tables
from benchmarks.results import Absent
from tests.benchmarks import stored


@pytest.fixture
def shown():
    """shown(show, *results) -> str: what is printed on a terminal of 100 columns, as plain text."""
    def show(print_results, *stored_results):
        file = io.StringIO()
        print_results(*stored_results, Console(file=file, width=100))
        return file.getvalue()

    return show


def lines(text, scenario):
    """The lines of one scenario's table, spaces made one."""
    table = text[text.index(f"({scenario})"):].split("\n\n")[0]
    return [re.sub(" +", " ", line).strip() for line in table.splitlines()]


def test_machine_and_interpreter_stand_at_the_head(shown):
    machine, interpreter, *_ = shown(tables.show, stored.load()).splitlines()
    assert machine == "2 cores (Some <CPU>), Linux 6.18.5, Debian GNU/Linux 12"
    assert interpreter == "CPython 3.13.0, GCC 12.2.0"


def test_a_row_has_the_median_its_spread_and_the_ratio_with_its_spread(shown):
    text = shown(tables.show, stored.load())
    assert "uvicorn 22.0 20.0-27.0 2.50 2.20-3.00 4.70 44,000 1.40 2.20 5.00 3" in lines(text, "plain-64")


def test_a_saturated_client_is_noted(shown):
    text = shown(tables.show, stored.load())
    assert "199,000*" in next(line for line in lines(text, "plain-64") if line.startswith("bare"))
    assert any(line.startswith("* client saturated") for line in lines(text, "plain-64"))
    assert "saturated" not in "".join(lines(text, "tls"))


def test_absent_servers_stand_beneath_with_their_reason(shown):
    text = shown(tables.show, stored.load())
    assert "hypercorn: absent, did not start: <no certificate>" in lines(text, "tls")
    assert "uvicorn: absent, not installed" in lines(text, "start")


def test_columns_without_figures_are_left_out(shown):
    """Memory was measured, and nothing beside it; one round has no spread."""
    heads = " ".join(lines(shown(tables.show, stored.load()), "idle")[1:3])
    assert "KB" in heads
    assert "p50" not in heads and "spread" not in heads and "errors" not in heads


def test_the_last_table_has_all_scenarios(shown):
    text = shown(tables.show, stored.load())
    overview = text[text.index("all scenarios"):]
    assert re.search(r"plain-64, µs +9.00 +22.0 +130 +4.50", overview)
    assert re.search(r"race, lost +0 +21 +- +-", overview)


def test_nothing_is_cut_at_100_columns(shown):
    text = shown(tables.show, stored.load()) + shown(tables.show_comparison, stored.load(), stored.load())
    assert "…" not in text


def test_every_server_has_room_in_the_last_tables():
    file = io.StringIO()
    tables.show(stored.of_all(), Console(file=file, width=tables.WIDTH))
    assert "…" not in file.getvalue()


def test_websockets_are_told_by_message_and_beside_picows(shown):
    table = lines(shown(tables.show, stored.with_websockets()), "ws-64")
    assert table[0] == "(ws-64): CPU a message"
    assert "uvicorn 14.0 14.0-14.0 2.00 2.00-2.00 2.80 71,429 0.50 1.00 2.00 0" in table
    assert "messages" in table[1] and "picows" in table[2]
    assert "200,000*" in next(line for line in table if line.startswith("picows"))


def test_websockets_have_a_last_table_of_their_own(shown):
    text = shown(tables.show, stored.with_websockets())
    http, _, websocket = text[text.index("all scenarios"):].partition("picows")
    assert "plain-64, µs" in http and "ws-64, µs" not in http
    assert re.search(r"ws-64, µs +7.00 +14.0 +5.00", websocket)


def test_a_comparison_shows_both_medians_the_ratio_and_the_verdict(shown):
    before, after = stored.with_cpu(fastsrv=(8e-6, 9e-6, 10e-6)), stored.with_cpu(fastsrv=(5e-6, 6e-6, 7e-6))
    text = re.sub(" +", " ", shown(tables.show_comparison, before, after))
    assert "plain-64 fastsrv µs 9.00 8.00-10.0 6.00 5.00-7.00 0.67 better" in text


def test_results_with_nothing_in_common_say_so(shown):
    before, after = stored.with_cpu(fastsrv=[1]), stored.with_cpu(uvicorn=[1])
    before.servers, after.servers = ({name: each.servers[name]} for each, name in (
        (before, "fastsrv"), (after, "uvicorn")))
    text = shown(tables.show_comparison, before, after)
    assert text.splitlines() == [
        "fastsrv: only before", "uvicorn: only after", "The two results have no server and scenario in common."]


def test_who_fell_out_stands_in_a_comparison_with_the_reason_beneath(shown):
    before, after = stored.with_cpu(fastsrv=(8e-6, 9e-6, 10e-6)), stored.with_cpu(uvicorn=(5e-6, 6e-6, 7e-6))
    after.absent = [Absent("plain-64", "fastsrv", "gave up")]
    text = re.sub(" +", " ", shown(tables.show_comparison, before, after))
    assert "plain-64 fastsrv µs 9.00 8.00-10.0 - only before" in text
    assert "uvicorn µs - 6.00 5.00-7.00 only after" in text
    assert "plain-64 fastsrv: absent, gave up (after)" in [line.strip() for line in text.splitlines()]


def test_errors_that_appeared_stand_beneath_a_comparison(shown):
    before, after = stored.load(), stored.load()
    for sample in before.samples:
        sample.figures.pop("errors", None)
    assert "plain-64 uvicorn: errors 0 before, 3 after" in shown(tables.show_comparison, before, after).splitlines()


def test_what_differs_stands_above_a_comparison(shown):
    before, after = stored.load(), stored.load()
    after.machine["kernel"] = "[6.19]"
    text = shown(tables.show_comparison, before, after)
    assert [line.strip() for line in text.splitlines()[:2]] == [
        "machine: kernel 6.18.5 before, [6.19] after", "what changed"]


def test_where_nothing_differs_nothing_stands_around_a_comparison(shown):
    shown_lines = shown(tables.show_comparison, stored.load(), stored.load()).splitlines()
    assert shown_lines[0].strip() == "what changed"
    last, = (index for index, line in enumerate(shown_lines) if line.startswith("Before: "))
    assert re.match(r" *uvicorn +lost ", shown_lines[last - 1])
