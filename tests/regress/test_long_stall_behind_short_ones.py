"""A stall of eight seconds left no trace in the log, as shorter ones had had the lines of that minute, and nobody told
at the worker's end how many were left out. Found by a trial."""

from tests.support.watched import Watched


def test_far_longer_stall_is_told_of_all_the_same(caplog):
    it = Watched(caplog)
    for number in range(1, 8):
        it.looks(number - 0.2)
        it.ticks(number)
        it.looks(number + 0.1)
    assert len(it.told) == 10
    for number in range(1, 40):
        it.looks(7.1 + number * 0.2)
    it.ticks(15.0)
    it.looks(15.1)
    assert it.told[10:] == [
        "The event loop has been blocked for 1.45 s; it runs:", "The event loop was blocked for 7.75 s"]
    it.slot.ticked = 0
    it.looks(15.3)
    it.dog.end()
    assert it.told[12:] == [
        "3 more of the kind stall were left out", "2 more of the kind stall_end were left out"]
