"""docs/GUNICORN.md: each of gunicorn's settings stands there once, with its default and a test that there is."""

import ast
import re
from pathlib import Path

import gunicorn
import pytest
from gunicorn.config import KNOWN_SETTINGS

from tools.gunicorn_document import DOCUMENT, option_of, with_tables

TESTS = Path(__file__).parents[1]
GUNICORN = {setting.name: setting for setting in KNOWN_SETTINGS}
TEXT = DOCUMENT.read_text()
NAME = re.compile(r"`(\w+)`(?: \(from ([\d.]+)\))?")
SHOWN = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROWS = [[cell.strip() for cell in line[1:-1].split("|")] for line in TEXT.splitlines() if line.startswith("| `")]
NAMED = [named for row in ROWS for named in NAME.findall(row[0])]  # (name, the first version that has it)
WITH_DEFAULT = [(NAME.match(row[0])[1], row[1]) for row in ROWS if len(row) == 5]


def is_there(version):
    """Is the installed gunicorn at least this one?"""
    return list(map(int, version.split("."))) <= list(gunicorn.version_info)


def test_what_is_refused_or_has_no_effect_is_as_the_code_has_it():
    """`python -m tools.gunicorn_document` makes it true again."""
    assert with_tables(TEXT) == TEXT


def test_every_setting_of_gunicorn_stands_there_once():
    """One that is new in gunicorn needs a decision: obey it, refuse it, or say why it does nothing."""
    assert sorted(name for name, since in NAMED if not since or is_there(since)) == sorted(GUNICORN)


@pytest.mark.parametrize(("name", "default"), WITH_DEFAULT)
def test_default_is_gunicorns(name, default):
    if name not in GUNICORN:
        pytest.skip("this gunicorn does not have it")
    actual = GUNICORN[name].default
    if default == "hook":
        assert callable(actual)
    elif default == "the current one":
        assert isinstance(actual, int)
    else:
        assert ast.literal_eval(default.strip("`")) == actual


@pytest.mark.parametrize("name", sorted(GUNICORN))
def test_option_that_is_called_otherwise_stands_behind_the_name(name):
    option = option_of(name)
    assert (f"`{name}` (`" in TEXT) == bool(option)
    assert not option or f"`{name}` (`{option}`)" in TEXT


def test_each_row_names_a_test_that_there_is():
    """Above a table of two columns stands the test of all its rows."""
    assert all(SHOWN.fullmatch(row[-1]) for row in ROWS if len(row) > 2)
    for file, test in SHOWN.findall(TEXT):
        assert re.search(rf"^def {test}\(", (TESTS / file).read_text(), re.MULTILINE), f"{file}::{test}"
