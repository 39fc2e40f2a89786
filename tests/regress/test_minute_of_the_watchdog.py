"""The watchdog summed up what was left out of the log after 48 seconds instead of a minute. Found by reading."""

from tests.support.watched import Watched


def test_what_is_left_out_is_summed_up_each_minute(caplog):
    it = Watched(caplog)
    for number in range(1, 7):
        it.ticks(number)
        it.looks(number + 0.1)
    for number in range(300 - 1 - 6 - 1):
        it.ticks(6.1 + number * 0.2)
        it.looks(6.2 + number * 0.2)
    assert len(it.told) == 5
    it.ticks(64.5)
    it.looks(64.6)
    assert it.told[5:] == ["1 more of the kind stall_end were left out"]
