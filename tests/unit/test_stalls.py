"""Tests of moments on a machine that stands still: tests/support/stalls.py."""

import ctypes

import pytest

from tests.support.stalls import GOES, Cores, timed, without_stalls

MILLISECOND = 1000


def stand_still(milliseconds=600):
    ctypes.PyDLL(None).usleep(milliseconds * MILLISECOND)  # keeps the GIL: no thread runs


def test_stall_is_seen():
    with Cores() as cores:
        stand_still()
    assert cores.latest > 0.3 and cores.stood_still()


def test_test_that_fails_in_a_stall_is_run_again():
    goes = []

    @timed
    def test(name):
        goes.append(name)
        stand_still()
        assert len(goes) == 2

    test(name="fixture")
    assert goes == ["fixture"] * 2


def test_test_that_fails_in_each_stall_fails():
    goes = []

    @timed
    def test():
        goes.append(1)
        stand_still()
        assert not goes

    with pytest.raises(AssertionError):
        test()
    assert len(goes) == GOES


def test_records_of_stalls_are_left_out_with_their_stacks():
    before = "[2026-01-01 00:00:00 +0000] [7] "
    kept = f"{before}[INFO] Ready\nsaid by the app\n"
    left_out = (f"{before}[WARNING] The event loop has been blocked for 0.71 s; it runs:\n"
                "  File \"a.py\", line 1, in f\n    f()\nIn flight (RESPOND): GET / of 127.0.0.1:1\n")
    assert without_stalls(kept + left_out + "said by the app\n" + left_out + kept) == (
        kept + "said by the app\n" + kept)
