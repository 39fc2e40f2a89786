"""What the watchdog makes of what it sees: the moments of the loop's ticks and of its own looks, told by hand."""

import re

import pytest

from tests.support.watched import Watched


@pytest.fixture
def watched(caplog):
    return lambda **more: Watched(caplog, **more)


def test_loop_that_ticks_is_not_blocked(watched):
    it = watched()
    for number in range(100):
        it.ticks(number * 0.26)
        it.looks(number * 0.26 + 0.1)
    assert it.told == [] and it.counted == (0, 0)


def test_stall_is_told_of_once_and_at_its_end(watched):
    it = watched()
    it.looks_until(2.1)
    assert it.told == ["The event loop has been blocked for 0.65 s; it runs:"]
    message = it.records[0].getMessage()
    assert re.search(r'File ".*watched.py", line \d+, in looks\n', message)
    assert message.endswith("\nIn flight: GET /") and it.records[0].levelname == "WARNING"
    assert it.counted == (1, 1.85)
    it.ticks(2.25)
    it.looks(2.3)
    assert it.told[1:] == ["The event loop was blocked for 2.00 s"] and it.counted == (1, 2.0)
    it.looks(2.5)
    assert len(it.told) == 2 and it.counted == (1, 2.0)


def test_stall_between_two_looks(watched):
    it = watched()
    it.looks_until(0.7)
    it.ticks(0.8)
    it.looks(0.9)
    assert it.told == ["The event loop was blocked for 0.55 s"] and it.counted == (1, 0.55)


def test_native_code_that_keeps_the_gil(watched):
    it = watched()
    it.looks(3.3, kept=3.0)
    it.ticks(3.35)
    it.looks(3.5)
    assert it.told == [
        "The event loop has been blocked for 3.05 s, 3.00 s of it by native code that kept the GIL; it runs:",
        "The event loop was blocked for 3.10 s"]


def test_native_code_behind_which_the_loop_has_ticked(watched):
    it = watched()
    it.ticks(3.25)
    it.looks(3.3, kept=3.0)
    assert it.told == ["The event loop was blocked for 3.00 s, 3.00 s of it by native code that kept the GIL"]


@pytest.mark.parametrize("ticks_first", [False, True], ids=["the watchdog first", "the loop first"])
def test_process_that_did_not_run_was_not_blocked(watched, ticks_first):
    """Stopped between two looks, until 10."""
    it = watched(slow_callback=0.01)
    if ticks_first:
        it.ticks(10.0)
    it.looks(10.01, late=9.71)
    if not ticks_first:
        it.ticks(10.02)
    it.looks(10.21)
    it.ticks(10.26)
    it.looks(10.41)
    it.looks(10.5)
    assert it.told == ["The process did not run for 9.71 s: it was stopped, or the machine slept or was busy"]
    assert it.counted == (0, 0)


def test_process_that_did_not_run_right_behind_a_tick(watched):
    """The loop has ticked in time, and is to be looked at anew behind that."""
    it = watched()
    it.ticks(0.25)
    it.looks(10.0, late=9.7)
    it.looks(10.2)
    assert len(it.told) == 1
    it.looks(11.0)
    assert it.told[1] == "The event loop has been blocked for 0.75 s; it runs:"


def test_stall_in_which_the_process_did_not_run_for_a_while(watched):
    it = watched()
    it.looks_until(2.1)
    it.looks(12.3, late=10.0)
    it.ticks(13.25)
    it.looks(13.3)
    assert it.told[-1] == "The event loop was blocked for 2.80 s" and it.counted == (1, 2.8)


def test_loop_that_does_not_tick_yet_or_any_more_is_not_watched(watched):
    it = watched()
    it.slot.ticked = 0
    it.looks(0.3)
    it.looks(20.0, late=10.0)
    assert it.told == []
    it.ticks(20.1)
    it.looks(20.2)
    it.looks(21.0)
    assert len(it.told) == 1
    it.slot.ticked = 0
    it.looks(21.2)
    it.looks(50.0)
    assert it.told[1:] == ["The event loop was blocked for 0.65 s"]


def test_stall_that_ends_while_it_is_looked_at(watched):
    def requests():
        it.ticks(1.2)
        return iter(())

    it = watched(requests=requests)
    it.looks(1.1)
    assert it.told == [] and it.counted == (1, 0.85)
    it.looks(1.3)
    assert it.told == ["The event loop was blocked for 0.95 s"] and it.counted == (1, 0.95)


def test_native_code_whose_stall_ends_while_it_is_looked_at(watched):
    def requests():
        it.ticks(3.3)
        return iter(())

    it = watched(requests=requests)
    it.looks(3.2, kept=2.9)
    it.looks(3.4)
    assert it.told == ["The event loop was blocked for 3.05 s, 2.90 s of it by native code that kept the GIL"]


def test_sums_go_on_and_many_stalls_make_few_lines(watched):
    it = watched()
    for number in range(1, 11):
        it.ticks(number)
        it.looks(number + 0.1)
    assert it.counted == (10, 7.5) and len(it.told) == 5


def test_switched_off(watched):
    it = watched(slow_callback=2**63 - 1)
    it.looks(1e6)
    assert it.told == [] and it.counted == (0, 0)


def test_worker_ends_within_a_stall(watched):
    it = watched()
    it.looks_until(2.1)
    it.slot.ticked = 0
    it.dog.end()
    assert len(it.told) == 2 and it.told[1].startswith("The event loop was blocked for ")
    it.dog.end()
    it.looks(10.0)
    assert len(it.told) == 2


def test_child_that_the_app_has_forked_ends(watched):
    it = watched()
    it.looks_until(2.1)
    it.slot.pid += 1  # the worker is another process
    it.dog.end()
    assert len(it.told) == 1
