"""A fixture of the tests of restarts, `keep`, and the table at the end of the long form."""

import pytest

from tests.restarts.table import table

rows = {}


@pytest.fixture
def keep():
    """keep(kind, way, server): a dict for the figures of that row and column (table.py)."""
    return lambda *names: rows.setdefault(names, {})


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--long") and rows:
        terminalreporter.section("restarts: lost of all that was asked, slowest wait")
        for line in table(rows):
            terminalreporter.write_line(line)
