"""The page made of a result: whole, self-contained, and the same each time."""

import re
from html.parser import HTMLParser

import pytest

from benchmarks import report
from benchmarks.servers import SERVERS
from tests.benchmarks import stored

VOID = {"meta", "br", "img", "link", "hr", "input"}
RESOURCES = {"script", "img", "iframe", "object", "embed", "audio", "video", "source", "link"}


class Page(HTMLParser):
    """Elements that are open, met, and never closed; ids; references; the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.met, self.ids, self.references, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.met.append(tag)
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.references += [value for name, value in attributes.items() if name in ("href", "xlink:href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def source():
    return report.html(stored.load())


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_every_element_is_closed(page):
    assert page.open == []


def test_the_page_needs_nothing_from_elsewhere(source, page):
    assert RESOURCES.isdisjoint(page.met)
    assert all(reference.startswith("#") for reference in page.references)
    assert "@import" not in source
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", source))


def test_every_reference_within_the_page_has_its_target(page):
    assert {reference[1:] for reference in page.references} <= set(page.ids)


def test_machine_date_commit_versions_and_interpreter_are_told(page):
    for fact in ("22 November 2026", "Some <CPU>", "Linux 6.18.5", "Debian GNU/Linux 12", "0123456789", "8.0 GiB",
                 "took 31 minutes", "uvicorn 0.54.0", "CPython 3.13.0, GCC 12.2.0", "nginx 1.22.1",
                 "gunicorn -k fastsrv.Worker benchmarks.apps:plain", "warm-up of 0.5 s", "core 1"):
        assert fact in page.text


def test_each_scenario_has_its_section_and_those_who_are_absent(page):
    assert {"plain-64", "tls", "idle", "race", "start"} <= set(page.ids)
    assert "hypercorn: absent, did not start: <no certificate>" in page.text


def test_where_another_is_better_is_told_first(page):
    assert "takes the least in 3 of 4 scenarios" in page.text
    assert "uvicorn takes 11.0 µs, fastsrv 12.0 µs" in page.text


def test_every_figure_has_its_spread_where_rounds_differ(page):
    """uvicorn's CPU, its ratios, its rate, the three latencies and its errors; its cores were as busy each round."""
    assert ("uvicorn 22.0 20.0-27.0 2.50 2.20-3.00 4.70 4.40-5.00 44,000 36,000-48,000 1.40 1.30-1.70 2.20 2.00-2.50 "
            "5.00 4.00-6.00 3 0-3 99.0 30.0 ") in page.text


def test_a_bar_that_is_cut_says_so(page):
    assert "130 (cut)" in page.text
    assert page.text.count("(cut)") == 1


def test_a_plot_for_each_scenario_measured_one_of_latency_and_the_overview(page):
    assert page.met.count("svg") == 4 + 1 + 1


def test_websockets_stand_in_a_table_and_a_section_of_their_own():
    page = Page(report.html(stored.with_websockets()))
    assert page.open == [] and "ws-64" in page.ids
    assert "WebSocket echo ws-64" in page.text and "CPU a request or CPU a message over that of fastsrv" in page.text
    assert "picows 5.00 0.71 0.71-0.71 200,000*" in page.text
    assert page.met.count("svg") == 4 + 1 + 1 + 2


def test_the_same_result_gives_the_same_page(source):
    assert report.html(stored.load()) == source


def test_page_and_picture_are_written_beside_the_result(tmp_path):
    page, picture = report.write(stored.load(), tmp_path / "some.json")
    assert (page.name, picture.name) == ("some.html", "some.png")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_result_without_cpu_time_has_a_page_and_no_picture(tmp_path):
    result = stored.load()
    result.samples = [sample for sample in result.samples if "cpu" not in sample.figures]
    page, = report.write(result, tmp_path / "some.json")
    assert Page(page.read_text(encoding="utf-8")).open == []


def test_a_result_that_is_not_finished_has_a_page():
    result = stored.load()
    result.finished = result.commit = None
    assert "not finished" in Page(report.html(result)).text


@pytest.mark.parametrize("same", [True, False], ids=["same-command", "other-command"])
def test_a_note_stands_by_the_server_that_it_is_true_of(same):
    """A result that was made by another command may be older than the note."""
    result, row = stored.load(), SERVERS["hypercorn"]
    if same:
        result.servers["hypercorn"].command = row.as_told()
    assert (row.note in Page(report.html(result)).text) is same


def test_a_server_that_is_no_row_any_more_has_no_note():
    result = stored.load()
    result.servers["gone"] = result.servers["uvicorn"]
    assert Page(report.html(result)).open == []
