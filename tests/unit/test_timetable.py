"""When the steps of a worker's end begin."""

import pytest

from fastsrv.timetable import NEVER, NOTICE, QUICKER, RESERVE, Timetable


def test_default_graceful_timeout_keeps_the_reserve():
    it = Timetable.graceful(100, 30)
    assert it.cancel == 130 - RESERVE
    assert it.disconnect == it.cancel - NOTICE


@pytest.mark.parametrize("timeout", [1, 2, 4, 10, 30, 3600])
def test_all_steps_come_in_order_and_before_the_arbiter_kills(timeout):
    it = Timetable.graceful(100, timeout)
    assert list(it) == sorted(set(it))
    assert it[0] > 100 and it[-1] < 100 + timeout
    assert it.cancel >= 100 + timeout * 3 / 4


def test_without_a_graceful_timeout_there_is_still_time_to_clean_up():
    it = Timetable.graceful(100, 0)
    assert it.disconnect == it.cancel == 100
    assert it.cancel < it.shutdown < it.cleanup < it.leave < it.exit < 101


def test_quick_end_waits_for_nothing_in_hand():
    it = Timetable.quick(100, QUICKER)
    assert it.disconnect == it.cancel == 100
    assert list(it) == sorted(it)
    assert it.exit < 100 + QUICKER


def test_earliest_end_counts():
    graceful, quick = Timetable.graceful(100, 30), Timetable.quick(105, 5)
    assert graceful.earlier(quick) == quick.earlier(graceful) == quick
    assert graceful.earlier(Timetable.graceful(101, 30)) == graceful
    assert NEVER.earlier(graceful) == graceful
