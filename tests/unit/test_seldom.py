"""fastsrv/log/seldom.py: a flood of one kind is some lines, and no line is left out without a word."""

import pytest

from fastsrv.log.seldom import LINES, PERIOD, Seldom
from fastsrv_ext.clock import TICK

TICKS = int(PERIOD / TICK)


class Log:
    """Keeps lines as (level, text)."""

    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *args: self.lines.append((level, message % args))

    def take(self, *levels):
        lines, self.lines = self.lines, []
        return [line for line in lines if line[0] in levels]


@pytest.fixture
def log():
    return Log()


def test_flood_is_some_lines_and_their_sum(log):
    seldom = Seldom(log)
    for number in range(1000):
        seldom.warn("field_size", "Refused %d", number)
    assert log.take("warning") == [("warning", f"Refused {number}") for number in range(LINES)]
    for _ in range(TICKS - 1):
        seldom.tick()
    assert log.lines == []
    seldom.tick()
    assert log.take("warning") == [("warning", f"{1000 - LINES} more of the kind field_size were left out")]
    seldom.warn("field_size", "Refused again")
    assert log.take("warning") == [("warning", "Refused again")]


def test_nothing_is_left_out_at_level_debug(log):
    seldom = Seldom(log)
    for number in range(LINES + 2):
        seldom.warn("host", "Refused %d", number)
    assert log.take("debug") == [("debug", f"Refused {LINES}"), ("debug", f"Refused {LINES + 1}")]


def test_each_kind_and_level_has_its_own_lines(log):
    seldom = Seldom(log)
    for _ in range(LINES + 1):
        seldom.warn("one", "One")
        seldom.info("one", "Told")
        seldom.warn("two", "Two")
    assert sorted(set(log.take("warning", "info"))) == [("info", "Told"), ("warning", "One"), ("warning", "Two")]
    seldom.sum_up()
    assert log.take("warning", "info") == [
        (level, f"1 more of the kind {kind} were left out")
        for level, kind in [("warning", "one"), ("info", "one"), ("warning", "two")]]


def test_quiet_is_quiet(log):
    seldom = Seldom(log)
    for _ in range(LINES):
        seldom.warn("host", "Refused")
    log.take()
    for _ in range(2 * TICKS):
        seldom.tick()
    seldom.sum_up()
    assert log.lines == []
