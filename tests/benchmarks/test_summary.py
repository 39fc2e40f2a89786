"""What a stored result is summed up to, and how two are compared."""

import pytest

from benchmarks import summary
from benchmarks.results import Absent
from benchmarks.summary import Spread
from tests.benchmarks import stored


@pytest.fixture
def summaries():
    return {each.scenario: each for each in summary.summarize(stored.load())}


def test_figures_are_the_median_and_the_extent_of_the_rounds(summaries):
    assert summaries["plain-64"].row("fastsrv").figures["cpu"] == Spread(9e-6, 8e-6, 10e-6, rounds=3)


def test_ratios_are_made_pair_by_pair(summaries):
    """20/8, 22/10, 27/9: their median is not the ratio of the medians, 22/9."""
    ratio = summaries["plain-64"].row("uvicorn").ratios["fastsrv"]
    assert (ratio.median, ratio.least, ratio.greatest) == pytest.approx((2.5, 2.2, 3.0))


def test_a_round_without_its_pair_makes_no_ratio(summaries):
    """The floor has two of the three rounds."""
    assert summaries["plain-64"].row("fastsrv").ratios["bare"].rounds == 2


def test_a_server_has_no_ratio_to_itself(summaries):
    assert "fastsrv" not in summaries["plain-64"].row("fastsrv").ratios
    assert "bare" not in summaries["plain-64"].row("bare").ratios


def test_there_is_no_ratio_to_nothing(summaries):
    """fastsrv lost no request."""
    assert summaries["race"].row("uvicorn").ratios == {}


def test_lost_requests_are_of_ten_thousand_sent(summaries):
    assert summaries["race"].row("uvicorn").figures["lost"].median == 21


def test_a_busy_client_before_an_idle_server_is_saturated(summaries):
    rows = summaries["plain-64"].rows
    assert [row.server for row in rows if row.saturated] == ["bare"]


def test_the_best_has_the_least_median_and_is_no_floor(summaries):
    assert summaries["plain-64"].best == "fastsrv"
    assert summaries["tls"].best == "uvicorn"
    assert summaries["start"].best is None


def test_rows_stand_in_the_order_of_the_servers(summaries):
    assert [row.server for row in summaries["plain-64"].rows] == ["fastsrv", "uvicorn", "hypercorn", "bare"]


def test_absent_servers_have_their_reason(summaries):
    assert summaries["tls"].absent == {"hypercorn": "did not start: <no certificate>"}
    assert summaries["start"].absent == {"uvicorn": "not installed"}


def test_those_absent_for_the_same_reason_are_told_together():
    result = stored.load()
    result.absent = [Absent("tls", server, reason) for server, reason in (
        ("bare", "has no TLS"), ("nginx", "has no TLS"), ("uvicorn", "gave up in round 1"))]
    gaps = next(each.gaps for each in summary.summarize(result) if each.scenario == "tls")
    assert gaps == ["bare, nginx: absent, has no TLS", "uvicorn: not in every round, gave up in round 1"]


def test_errors_of_a_single_round_are_shown(summaries):
    assert summaries["plain-64"].row("uvicorn").shown("errors") == 3


def test_picows_is_a_floor_that_others_are_divided_by():
    each = summary.summarize(stored.with_websockets())[-1]
    assert each.best == "fastsrv"
    assert each.row("uvicorn").ratios["picows"].median == pytest.approx(2.8)
    assert each.row("picows").floor and each.row("picows").saturated


def test_websockets_and_http_stand_apart():
    groups = summary.by_protocol(summary.summarize(stored.with_websockets()))
    assert [[each.scenario for each in group] for group in groups] == [
        ["plain-64", "tls", "idle", "race", "start"], ["ws-64"]]
    assert summary.servers_of(groups[1]) == ["fastsrv", "uvicorn", "picows"]
    assert len(summary.by_protocol(summary.summarize(stored.load()))) == 1


def test_a_scenario_without_samples_is_left_out():
    result = stored.load()
    result.samples, result.absent = [], []
    assert summary.summarize(result) == []


@pytest.mark.parametrize(("before", "after", "verdict"), [
    ((8, 9, 10), (5, 6, 7), "better"),
    ((8, 9, 10), (11, 12, 13), "worse"),
    ((8, 9, 10), (7, 8, 8), "within spread"),
    ((8, 9, 10), (8, 9, 10), "within spread"),
    ((8, 9), (5, 6), "too few rounds"),
])
def test_a_difference_counts_where_the_ranges_are_apart(before, after, verdict):
    change, = summary.compare(stored.with_cpu(fastsrv=before), stored.with_cpu(fastsrv=after))
    assert change.verdict == verdict


def test_a_comparison_has_both_medians_and_their_ratio():
    change, = summary.compare(stored.with_cpu(fastsrv=(8, 9, 10)), stored.with_cpu(fastsrv=(17, 18, 19)))
    assert (change.before.median, change.after.median, change.ratio) == (9, 18, 2)


def test_who_has_figures_in_one_result_alone_is_not_lost():
    one, two = stored.with_cpu(fastsrv=[8], uvicorn=[20]), stored.with_cpu(fastsrv=[8], hypercorn=[130])
    two.absent = [Absent("plain-64", "uvicorn", "gave up")]
    changes = {change.server: change for change in summary.compare(one, two)}
    assert changes.keys() == {"fastsrv", "uvicorn", "hypercorn"}
    assert changes["uvicorn"].verdict == "only before" and changes["uvicorn"].after is None
    assert changes["uvicorn"].remarks == ["absent, gave up (after)"]
    assert changes["hypercorn"].verdict == "only after" and changes["hypercorn"].before is None
    assert changes["hypercorn"].remarks == [] and changes["hypercorn"].ratio is None


def test_who_gave_up_in_between_is_remarked():
    one, two = stored.with_cpu(fastsrv=[8, 8]), stored.with_cpu(fastsrv=[8])
    two.absent = [Absent("plain-64", "fastsrv", "gave up")]
    change, = summary.compare(one, two)
    assert change.remarks == ["not in every round, gave up (after)"]


def test_errors_that_appeared_are_remarked():
    one, two = stored.load(), stored.load()
    one.samples[4].figures["errors"] = 0
    remarks = {change.server: change.remarks for change in summary.compare(one, two) if change.scenario == "plain-64"}
    assert remarks == {"fastsrv": [], "uvicorn": ["errors 0 before, 3 after"], "hypercorn": [], "bare": []}


def test_a_remark_is_told_once():
    one, two = stored.with_cpu(fastsrv=[8], uvicorn=[20]), stored.with_cpu()
    two.absent = [Absent("plain-64", server, "no load") for server in ("fastsrv", "uvicorn")]
    assert summary.remarks(summary.compare(one, two)) == ["plain-64 fastsrv, plain-64 uvicorn: absent, no load (after)"]


def test_a_result_compared_with_itself_has_no_change():
    changes = summary.compare(stored.load(), stored.load())
    assert {change.verdict for change in changes} == {"within spread", "too few rounds"}
    assert {change.ratio for change in changes} == {1, None}
    assert summary.remarks(changes) == summary.differences(stored.load(), stored.load()) == []


@pytest.mark.parametrize(("change", "lines"), [
    (lambda result: result.machine.update(kernel="6.19"), ["machine: kernel 6.18.5 before, 6.19 after"]),
    (lambda result: result.method.update(rounds=9), ["method: rounds 3 before, 9 after"]),
    (lambda result: [server.versions.update(uvloop="0.24.0") for name, server in result.servers.items()
                     if name in ("fastsrv", "bare")], ["fastsrv, bare: uvloop 0.23.0 before, 0.24.0 after"]),
    (lambda result: result.servers["uvicorn"].versions.pop("uvloop"), ["uvicorn: uvloop 0.22.1 before, none after"]),
    (lambda result: setattr(result.servers["bare"], "interpreter", "PyPy"),
     ["bare: interpreter CPython 3.13.0, GCC 12.2.0 before, PyPy after"]),
    (lambda result: setattr(result.servers["nginx"], "command", "nginx"),
     ["nginx: command nginx -c configuration before, nginx after"]),
    (lambda result: (result.servers.pop("nginx"), result.scenarios.pop("race")), ["nginx, race: only before"]),
    (lambda result: setattr(result.scenarios["start"], "metric", "cpu"), ["start: metric start before, cpu after"]),
], ids=["machine", "method", "version", "package", "interpreter", "command", "one-side", "metric"])
def test_what_differs_beside_the_figures_is_told(change, lines):
    after = stored.load()
    change(after)
    assert summary.differences(stored.load(), after) == lines


def test_versions_of_a_package_that_differ_are_all_told():
    assert summary.versions(stored.load())["uvloop"] == "0.22.1/0.23.0"


def test_an_interpreter_is_told_once():
    assert summary.interpreters(stored.load()) == {
        "CPython 3.13.0, GCC 12.2.0": ["fastsrv", "uvicorn", "hypercorn", "bare"]}


def test_a_checkout_with_changes_is_told():
    result = stored.load()
    assert summary.source(result) == "0123456789"
    result.dirty = True
    assert summary.source(result) == "0123456789 with changes not committed"
