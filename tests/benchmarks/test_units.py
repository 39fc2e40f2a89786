"""Figures as people read them: stored in SI, written in handy units."""

import pytest

from benchmarks import units
from benchmarks.summary import Spread


@pytest.mark.parametrize(("figure", "value", "text"), [
    ("cpu", 4.449e-6, "4.45"),
    ("cpu", 9.999e-6, "10.0"),
    ("cpu", 17.32e-6, "17.3"),
    ("cpu", 99.96e-6, "100"),
    ("cpu", 3978.4e-6, "3,978"),
    ("rate", 154065.2, "154,065"),
    ("p999", 0.0025, "2.50"),
    ("memory", 1740, "1.74"),
    ("lost", 0, "0"),
    ("lost", 0.5, "0.5"),
    ("lost", 2437, "2,437"),
    ("errors", 3, "3"),
])
def test_a_figure_has_about_three_digits_in_its_unit(figure, value, text):
    assert units.written(figure, value) == text


def test_an_extent_has_both_ends():
    assert units.extent("cpu", Spread(9e-6, 8e-6, 10e-6, rounds=3)) == "8.00-10.0"


def test_a_single_round_has_no_extent():
    assert units.extent("cpu", Spread(9e-6, 9e-6, 9e-6, rounds=1)) == ""
