"""Fixtures of the fault tests: `trial`, `chance`, and the table at the end of the long form."""

import random
import resource

import pytest

from tests.faults.table import keep, table
from tests.faults.trial import Trial

DESCRIPTORS = 10_000  # for the connections of a fault, here and in gunicorn, which inherits the limit
rows = []


@pytest.fixture
def chance():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    return random.Random(seed)


@pytest.fixture
def trial(gunicorn, long):
    """trial(fault, ...) -> Trial: see there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, DESCRIPTORS)), hard))
    trials = []

    def start(fault, *options, **more):
        trials.append(Trial(gunicorn, fault, *options, seconds=5 if long else 0.5, **more))
        return trials[-1]

    yield start
    for each in trials:
        if hasattr(each, "during"):
            rows.append(each.row())
            if long:
                keep(rows[-1])


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--long") and rows:
        terminalreporter.section("faults: well-behaved clients, milliseconds")
        for line in table(rows):
            terminalreporter.write_line(line)
